/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A description of the machine: what there is to divide, and what Linux needs of it.
 *
 * It is found out by reading /proc, /sys and the firmware's tables, never by touching hardware. It can be
 * saved on one machine and used for planning on another. A description does not change once it was
 * made; all fields are read only. Arrays hold pointers to the structures named beside them, sorted by
 * number or address, and are never NULL; strings may be NULL where it says so.
 */
#ifndef BH_MACHINE_H
#define BH_MACHINE_H

#include <glib-object.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The version that is saved, and the only one that is loaded. */
#define BH_MACHINE_VERSION 1

/* A logical CPU as Linux numbers it. Online ones have a place in the topology, others may have zeros. */
typedef struct {
	guint id;
	gboolean online;
	gboolean can_offline; /* FALSE: the boot CPU, or one Linux does not let go */
	guint apic_id; /* x86: local APIC id. arm64: lower half of MPIDR, where there is a device tree */
	guint package; /* socket */
	guint core; /* within the package; equal for SMT siblings */
	guint node; /* NUMA */
} BhMachineCpu;

/* One physical cache and who shares it. */
typedef struct {
	guint level;
	char *type; /* "data", "instruction", "unified" */
	guint64 size; /* bytes; 0: not known */
	GArray *cpus; /* guint */
} BhMachineCache;

/* Memory as Linux takes it offline: all blocks have the same size. */
typedef struct {
	guint64 start, size;
	gboolean online;
	gboolean removable; /* Linux is likely, not certain, to let it go */
	char *zone; /* "Normal", "Movable", … of an online block, or NULL */
	guint node;
} BhMachineBlock;

/* A line of /proc/iomem. Deeper ones lie within the one of the level above before them. */
typedef struct {
	guint64 start, size;
	guint level; /* 0: outermost */
	char *name; /* "System RAM", "PCI MMCONFIG 0000 [bus 00-ff]", "0000:00:03.0" … */
} BhMachineRegion;

/* What a BAR decodes. Index 6 is the expansion ROM; bridge windows are not listed. */
typedef struct {
	guint index;
	guint64 start, size;
	gboolean io; /* ports, not memory */
	gboolean is_64bit;
	gboolean prefetchable;
} BhMachineBar;

/* A PCI function. */
typedef struct {
	char *address; /* "0000:00:03.0" */
	guint vendor, device, subvendor, subdevice;
	guint class; /* 24 bits: class, subclass, interface */
	gboolean bridge; /* leads to other functions: never a cell's */
	char *name; /* out of pci.ids, or NULL */
	char *driver; /* bound now, or NULL */
	GPtrArray *bars; /* BhMachineBar */
	guint irq; /* Linux's number of its INTx, 0: none */
	guint msi, msix; /* vectors in use now */
	char *iommu_group; /* NULL without IOMMU */
	char *reset_domain; /* those with the same one are only reset together; NULL: alone */
	char **reset_methods; /* as Linux names them: "flr", "pm", "bus" …; empty: none */
	/* What this Linux needs it for: "disk /", "network eth0 (default route)" …; may be empty. */
	char **used_for;
	guint node;
} BhMachineDevice;

/* A device found by the device tree. */
typedef struct {
	char *path; /* "/pl011@9000000" */
	char **compatible;
	guint64 start, size; /* its first register range; size 0: none */
	GArray *interrupts; /* guint, as the GIC counts them: SPIs from 32 */
} BhMachineNode;

/* A serial port of 16550 or PL011 type. */
typedef struct {
	char *name; /* "ttyS0" */
	char *type; /* "16550A", "PL011" … */
	guint64 start; /* port or address */
	gboolean io;
	guint irq; /* Linux's number, 0: unknown */
	gboolean console; /* the kernel's console is there */
	char *device; /* PCI address it is part of, or NULL */
} BhMachineUart;

typedef struct {
	char *type; /* "vt-d", "amd-vi", "smmuv2", "smmuv3" */
	guint64 address; /* of its registers */
	guint segment; /* PCI */
	gboolean active; /* Linux uses it now */
} BhMachineIommu;

typedef struct {
	char *type; /* "ioapic", "gicv2", "gicv3" */
	guint id;
	guint64 address; /* IOAPIC, or the GIC's distributor */
	guint64 cpu_address; /* GIC only: CPU interfaces (v2) or redistributors (v3) */
	guint gsi_base; /* the number of pin 0; those of a GIC are its shared interrupts */
	guint pins; /* 0: not to be learnt from tables (the last IOAPIC) */
} BhMachineIntc;

/* An interrupt that Linux uses. */
typedef struct {
	guint irq; /* Linux's number */
	gint gsi; /* global number of the controllers above, -1: none (MSI) or not known */
	char *chip; /* "IO-APIC", "PCI-MSI", "GICv3" … */
	gboolean level;
	char **actions; /* drivers that handle it */
} BhMachineInterrupt;

/* A memory window of PCI configuration space. */
typedef struct {
	guint64 start;
	guint segment, first_bus, last_bus;
} BhMachineMmconfig;

typedef struct {
	char *name; /* "QEMU Standard PC (Q35 + ICH9, 2009)" */
	char *architecture; /* "x86-64", "arm64" */
	char *kernel; /* release, or NULL */
	char *cpu_model; /* or NULL */
	char *virtualization; /* "svm", "vmx", "el2", or NULL: none is offered */
	gboolean guest; /* Linux itself runs in a virtual machine (or emulated board) */
	gboolean simulated; /* not a machine at all */
	guint64 memory_size; /* bytes Linux counts as RAM */
	guint64 block_size; /* of memory blocks; 0: memory cannot be taken offline */
	GPtrArray *cpus; /* BhMachineCpu */
	GPtrArray *caches; /* BhMachineCache */
	GPtrArray *blocks; /* BhMachineBlock */
	GPtrArray *regions; /* BhMachineRegion */
	GPtrArray *devices; /* BhMachineDevice */
	GPtrArray *nodes; /* BhMachineNode */
	GPtrArray *uarts; /* BhMachineUart */
	GPtrArray *iommus; /* BhMachineIommu */
	GPtrArray *intcs; /* BhMachineIntc */
	GPtrArray *interrupts; /* BhMachineInterrupt */
	GPtrArray *mmconfigs; /* BhMachineMmconfig */
} BhMachine;

#define BH_TYPE_MACHINE (bh_machine_get_type())
GType bh_machine_get_type(void);

BhMachine *bh_machine_ref(BhMachine *machine);
void bh_machine_unref(BhMachine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhMachine, bh_machine_unref)

/*
 * Looks at the machine this runs on (@root ""), or at a copy of its /proc and /sys below @root. What
 * cannot be read (no privileges, no such table) is left out; fails only where there are no CPUs.
 */
BhMachine *bh_machine_discover(const char *root, GError **error);

/* A machine without PCI: CPUs with a core each, memory in blocks of 128 MiB, an IOAPIC, a UART. */
BhMachine *bh_machine_new_simple(guint cpus, guint64 memory);

/*
 * JSON. Addresses and sizes are strings of hexadecimal digits ("0x80000000"): not all readers of JSON
 * know 64 bits.
 */
BhMachine *bh_machine_load(const char *path, GError **error);
BhMachine *bh_machine_from_json(JsonNode *node, GError **error);
gboolean bh_machine_save(const BhMachine *machine, const char *path, GError **error);
JsonNode *bh_machine_to_json(const BhMachine *machine); /* transfer full */

/*
 * a{sv}, floating: the members of BhMachine by the names of their fields with dashes ("memory-size").
 * Arrays of structures are aa{sv}, addresses and sizes t, numbers u (gsi: i), words s (NULL: left
 * out), flags b, lists of words as, of numbers au.
 */
GVariant *bh_machine_to_variant(const BhMachine *machine);

/* NULL when there is none. */
BhMachineCpu *bh_machine_find_cpu(const BhMachine *machine, guint id);
BhMachineDevice *bh_machine_find_device(const BhMachine *machine, const char *address);
BhMachineBlock *bh_machine_find_block(const BhMachine *machine, guint64 address);
BhMachineIntc *bh_machine_find_intc(const BhMachine *machine, guint64 address);
/* The interrupt Linux uses at this global number. */
BhMachineInterrupt *bh_machine_find_gsi(const BhMachine *machine, guint gsi);

/* "0000:00:03.0" for "00:03.0" or "0000:00:03.0"; NULL if it is no PCI address. */
char *bh_machine_normalize_pci(const char *address);
/* Something to call it in a sentence: its name, or its class and driver. Never NULL; transfer full. */
char *bh_machine_device_describe(const BhMachineDevice *device);
/*
 * Other functions that cannot be isolated from this one, or not be reset without it. BhMachineDevice,
 * borrowed; transfer container.
 */
GPtrArray *bh_machine_device_companions(const BhMachine *machine, const BhMachineDevice *device);

/* What this machine can isolate and what it cannot, each fact a sentence. */
typedef struct {
	char *code; /* stable word: "no-iommu", "smt-siblings", "shared-cache" … */
	const char *level; /* "isolated", "limited" (timing, or with care) or "open" */
	char *message; /* one sentence, translated by nobody yet */
} BhMachineFact;

/* BhMachineFact, the weightiest first; transfer full. */
GPtrArray *bh_machine_isolation(const BhMachine *machine);

G_END_DECLS

#endif
