// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupt controller and PCI configuration space as ACPI describes them (6.4, 5.2.12.14 to 5.2.12.18). */

#include <linux/acpi.h>
#include "../arch.h"
#include "../core.h"
#include "platform.h"

/* Tables do not say how large these are; IHI 0048, IHI 0069 and GICv2m do. */
#define MSI_FRAME_SIZE SZ_4K
#define TRANSLATOR_SIZE SZ_128K
#define REDISTRIBUTOR_SIZE SZ_128K

union madt_entry {
	struct acpi_subtable_header header;
	struct acpi_madt_generic_interrupt cpu;
	struct acpi_madt_generic_distributor distributor;
	struct acpi_madt_generic_msi_frame frame;
	struct acpi_madt_generic_redistributor redistributor;
	struct acpi_madt_generic_translator translator;
};

/* What the entries say together. */
struct madt {
	const struct acpi_madt_generic_distributor *distributor;
	const struct acpi_madt_generic_interrupt
		*cpu; /* the first: all CPUs have alike what is read of it */
};

typedef int entry_reader(struct bh_call *call, struct bh_boot_info *info, struct madt *madt,
			 const union madt_entry *entry);

unsigned int acpi_line(u32 id)
{
	int irq = acpi_register_gsi(NULL, id, ACPI_EDGE_SENSITIVE, ACPI_ACTIVE_HIGH);

	return irq > 0 ? irq : 0;
}

/* An entry's length as of the first version of its kind: later ones have grown. */
static size_t entry_length(u8 type)
{
	switch (type) {
	case ACPI_MADT_TYPE_GENERIC_INTERRUPT:
		return offsetofend(struct acpi_madt_generic_interrupt, arm_mpidr);
	case ACPI_MADT_TYPE_GENERIC_DISTRIBUTOR:
		return sizeof(struct acpi_madt_generic_distributor);
	case ACPI_MADT_TYPE_GENERIC_MSI_FRAME:
		return sizeof(struct acpi_madt_generic_msi_frame);
	case ACPI_MADT_TYPE_GENERIC_REDISTRIBUTOR:
		return sizeof(struct acpi_madt_generic_redistributor);
	case ACPI_MADT_TYPE_GENERIC_TRANSLATOR:
		return sizeof(struct acpi_madt_generic_translator);
	default:
		return sizeof(struct acpi_subtable_header);
	}
}

/* Nobody but Linux may speak to what makes interrupts of messages. */
static int entry_read(struct bh_call *call, struct bh_boot_info *info, struct madt *madt,
		      const union madt_entry *entry)
{
	switch (entry->header.type) {
	case ACPI_MADT_TYPE_GENERIC_INTERRUPT:
		if (!madt->cpu && entry->cpu.flags & ACPI_MADT_ENABLED)
			madt->cpu = &entry->cpu;
		return 0;
	case ACPI_MADT_TYPE_GENERIC_DISTRIBUTOR:
		madt->distributor = &entry->distributor;
		return 0;
	case ACPI_MADT_TYPE_GENERIC_REDISTRIBUTOR:
		return platform_redistributors(call, info, entry->redistributor.base_address,
					       entry->redistributor.length);
	case ACPI_MADT_TYPE_GENERIC_MSI_FRAME:
		return platform_keep(call, info, entry->frame.base_address, MSI_FRAME_SIZE);
	case ACPI_MADT_TYPE_GENERIC_TRANSLATOR:
		return platform_keep(call, info, entry->translator.base_address, TRANSLATOR_SIZE);
	default:
		return 0;
	}
}

/* Where redistributors have no entries of their own, those of the CPUs say it. */
static int cpu_redistributor_read(struct bh_call *call, struct bh_boot_info *info,
				  struct madt *madt, const union madt_entry *entry)
{
	if (entry->header.type != ACPI_MADT_TYPE_GENERIC_INTERRUPT ||
	    !(entry->cpu.flags & ACPI_MADT_ENABLED) || !entry->cpu.gicr_base_address)
		return 0;
	info->gic.gicr_full = 1;
	return platform_redistributors(call, info, entry->cpu.gicr_base_address,
				       REDISTRIBUTOR_SIZE);
}

static int madt_read(struct bh_call *call, struct bh_boot_info *info, struct madt *madt,
		     const struct acpi_table_header *table, entry_reader *reader)
{
	const void *at = (const void *)table + sizeof(struct acpi_table_madt);
	const void *end = (const void *)table + table->length;

	while (end - at >= (ssize_t)sizeof(struct acpi_subtable_header)) {
		const union madt_entry *entry = at;
		int ret;

		if (entry->header.length < entry_length(entry->header.type) ||
		    entry->header.length > end - at)
			return error_set(call, ENODEV, BH_R_MACHINE,
					 "the ACPI table APIC has an entry of type %u with %u "
					 "bytes, which cannot be",
					 entry->header.type, entry->header.length);
		ret = reader(call, info, madt, entry);
		if (ret)
			return ret;
		at += entry->header.length;
	}
	return 0;
}

static u32 gic_version(const struct bh_boot_info *info, const struct madt *madt)
{
	switch (madt->distributor->version) {
	case ACPI_MADT_GIC_VERSION_NONE:
		return info->gic.gicr[0].size || madt->cpu->gicr_base_address ? 3 : 2;
	case ACPI_MADT_GIC_VERSION_V2:
		return 2;
	case ACPI_MADT_GIC_VERSION_V3:
	case ACPI_MADT_GIC_VERSION_V4:
		return 3;
	default:
		return 0;
	}
}

static int gicv2_fill(struct bh_call *call, struct bh_boot_info *info,
		      const struct acpi_madt_generic_interrupt *cpu)
{
	if (!cpu->base_address || !cpu->gich_base_address || !cpu->gicv_base_address ||
	    !PAGE_ALIGNED(cpu->base_address) || !PAGE_ALIGNED(cpu->gich_base_address) ||
	    !PAGE_ALIGNED(cpu->gicv_base_address))
		return platform_no_gicv2_guests(call);
	info->gic.gicc = cpu->base_address;
	info->gic.gich = cpu->gich_base_address;
	info->gic.gicv = cpu->gicv_base_address;
	return 0;
}

static int gic_fill(struct bh_call *call, struct bh_boot_info *info, struct madt *madt,
		    const struct acpi_table_header *table)
{
	u32 version;
	int ret;

	if (!madt->distributor || !madt->cpu || madt->cpu->vgic_interrupt < 16 ||
	    madt->cpu->vgic_interrupt > 31)
		return error_set(call, ENODEV, BH_R_MACHINE,
				 "the ACPI table APIC does not say where the GIC is, or which is "
				 "its maintenance interrupt");
	version = gic_version(info, madt);
	if (!version)
		return error_set(call, ENODEV, BH_R_MACHINE,
				 "the machine's GIC is of version %u, as the ACPI table APIC says: "
				 "neither 2 nor 3",
				 madt->distributor->version);
	info->gic.version = version;
	info->gic.gicd = madt->distributor->base_address;
	info->gic.maintenance = madt->cpu->vgic_interrupt;
	if (version == 2)
		return gicv2_fill(call, info, madt->cpu);
	if (!info->gic.gicr[0].size) {
		ret = madt_read(call, info, madt, table, cpu_redistributor_read);
		if (ret)
			return ret;
	}
	if (!info->gic.gicr[0].size)
		return error_set(call, ENODEV, BH_R_MACHINE,
				 "the ACPI table APIC does not say where the GIC's redistributors "
				 "are");
	return 0;
}

#define SMMU_V3_SIZE SZ_128K /* IHI 0070, 6.1 */

/*
 * Nobody but Linux may speak to what DMA of devices goes through: Arm's IO Remapping Table (DEN 0049), nodes of types 3 and 4.
 */
static int smmus_keep(struct bh_call *call, struct bh_boot_info *info)
{
	struct acpi_table_header *table;
	const struct acpi_table_iort *iort;
	const struct acpi_iort_node *node;
	int ret = 0;
	u32 at;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_IORT, 0, &table)))
		return 0;
	iort = (const void *)table;
	for (at = iort->node_offset; !ret && at + sizeof(*node) <= table->length;
	     at += node->length) {
		const struct acpi_iort_smmu *smmu;

		node = (const void *)table + at;
		smmu = (const void *)node->node_data; /* version 3 begins alike */
		if (node->length < sizeof(*node) || node->length > table->length - at)
			ret = error_set(call, ENODEV, BH_R_MACHINE,
					"the ACPI table IORT has an entry of type %u with %u "
					"bytes, which cannot be",
					node->type, node->length);
		else if (node->length < sizeof(*node) + offsetofend(typeof(*smmu), span))
			continue;
		else if (node->type == ACPI_IORT_NODE_SMMU_V3)
			ret = platform_keep(call, info, smmu->base_address, SMMU_V3_SIZE);
		else if (node->type == ACPI_IORT_NODE_SMMU)
			ret = platform_keep(call, info, smmu->base_address, smmu->span);
	}
	acpi_put_table(table);
	return ret;
}

int acpi_fill(struct bh_call *call, struct bh_boot_info *info)
{
	struct acpi_table_header *table;
	struct madt madt = {};
	int ret;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_MADT, 0, &table)))
		return error_set(call, ENODEV, BH_R_MACHINE,
				 "the machine has no ACPI table APIC, which says where the GIC is");
	info->gic = (struct bh_boot_gic){};
	ret = madt_read(call, info, &madt, table, entry_read);
	if (!ret)
		ret = gic_fill(call, info, &madt, table);
	acpi_put_table(table);
	platform_mcfg(info);
	return ret ?: smmus_keep(call, info);
}
