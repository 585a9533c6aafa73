/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places of redistributors, as the loader module names them, and what is in them: which CPU a redistributor is of it says itself.
 */
#include <hv/arch/arm64/redistributors.h>
#include <hv/core/machine.h>
#include <hv/core/mmio.h>

static struct place {
	u64 start, size;
	u32 shift; /* from one to the next */
	u32 first, count; /* in owners */
} places[BH_BOOT_GICR_MAX];
static struct cpu *owners[BH_CPUS_MAX]; /* NULL: nobody's that is known */

static void owner_set(u32 n, u64 at, u64 typer)
{
	u64 affinity = (typer >> 56) << 32 | (typer >> 32 & 0xffffff);
	struct cpu *cpu;

	cpu_for_each (cpu)
		if (cpu->arch.affinity == affinity) {
			cpu->arch.gic.redistributor = PADDR(at);
			owners[n] = cpu;
		}
}

/*
 * The last one of a place says that it is, and behind it may be nothing, not even something to read. Where the module has put
 * together what was named one by one, each is there, whatever it says. How many there are after this place.
 */
static u32 place_find(struct place *place, u32 n)
{
	u32 stride = machine.gic.gicr_stride;
	u64 typer;

	place->shift = stride ? (u32)__builtin_ctz(stride) : GICR_SHIFT;
	place->first = n;
	do {
		u64 at = place->start + ((u64)place->count << place->shift);

		typer = mmio_read(PADDR(at + GICR_TYPER), 8);
		if (!stride && typer & GICR_TYPER_VLPIS)
			place->shift = GICR_SHIFT + 1;
		owner_set(n++, at, typer);
		place->count++;
	} while ((machine.gic.gicr_full || !(typer & GICR_TYPER_LAST)) && n < BH_CPUS_MAX &&
		 (u64)(place->count + 1) << place->shift <= place->size);
	return n;
}

void redistributors_find(void)
{
	u32 n = 0;

	for (u32 i = 0; i < ARRAY_SIZE(owners); i++)
		owners[i] = NULL;
	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		places[i] = (struct place){machine.gic.gicr[i].start, machine.gic.gicr[i].size, 0,
					   0, 0};
		if (n < BH_CPUS_MAX && places[i].size >= GICR_STRIDE)
			n = place_find(&places[i], n);
	}
}

struct cpu *redistributor_owner(u64 address, u64 *offset)
{
	const struct place *place = places;
	u64 frame;

	while (place < places + ARRAY_SIZE(places) - 1 && address - place->start >= place->size)
		place++;
	address -= place->start;
	frame = address >> place->shift;
	*offset = address & (BIT(place->shift) - 1);
	return frame < place->count ? owners[place->first + frame] : NULL;
}
