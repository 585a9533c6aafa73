/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of Linux' own headers, and of the module's, as those files of kmod/arm64 need that read what firmware says of a
 * machine, so that a test can build them: types, ACPI's tables as ACPI 6.4 has them (5.2.12), and functions that the test has.
 */
#ifndef TESTS_KERNEL_H
#define TESTS_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <bulkhead/boot.h>
#include <bulkhead/device.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;

#define SZ_4K 0x1000
#define SZ_8K 0x2000
#define SZ_128K 0x20000
#define SZ_256M 0x10000000
#define SZ_1M 0x100000
#define BIT(n) (1ul << (n))
#define PAGE_ALIGN(value) (((value) + 0xfff) & ~0xfffull)
#define PAGE_ALIGNED(value) (!((value)&0xfff))
#define IRQ_TYPE_EDGE_RISING 1
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
#define is_power_of_2(n) ((n) && !((n) & ((n)-1)))

/* ---- device trees ---- */

struct device_node;
struct fwnode_handle;
struct resource {
	u64 start, end;
};
struct of_device_id {
	const char *compatible;
	const void *data;
};
struct irq_fwspec {
	struct fwnode_handle *fwnode;
	int param_count;
	u32 param[16];
};
struct pci_bus {
	struct {
		struct device_node *of_node;
	} dev;
	struct resource busn_res;
};

static inline u64 resource_size(const struct resource *res)
{
	return res->end - res->start + 1;
}

struct device_node *of_find_matching_node(struct device_node *from,
					  const struct of_device_id *matches);
const struct of_device_id *of_match_node(const struct of_device_id *matches,
					 const struct device_node *node);
int of_property_read_u32(const struct device_node *node, const char *name, u32 *value);
int of_property_read_u64(const struct device_node *node, const char *name, u64 *value);
int of_property_read_u32_index(const struct device_node *node, const char *name, u32 index,
			       u32 *value);
int of_address_to_resource(struct device_node *node, int index, struct resource *res);
struct device_node *of_find_node_by_type(struct device_node *from, const char *type);
struct device_node *of_get_next_available_child(const struct device_node *parent,
						struct device_node *child);

#define for_each_matching_node(node, matches)                     \
	for (node = of_find_matching_node(NULL, (matches)); node; \
	     node = of_find_matching_node(node, (matches)))
#define for_each_available_child_of_node(parent, child)                  \
	for (child = of_get_next_available_child((parent), NULL); child; \
	     child = of_get_next_available_child((parent), child))
#define for_each_node_by_type(node, type)                     \
	for (node = of_find_node_by_type(NULL, (type)); node; \
	     node = of_find_node_by_type(node, (type)))

/* A tree stays as it is, and nothing is on PCI. */
static inline void of_node_put(struct device_node *node)
{
	(void)node;
}
static inline struct fwnode_handle *of_fwnode_handle(struct device_node *node)
{
	return (struct fwnode_handle *)node;
}
static inline unsigned int irq_create_fwspec_mapping(struct irq_fwspec *spec)
{
	(void)spec;
	return 0;
}
static inline bool of_device_is_compatible(const struct device_node *node, const char *compatible)
{
	(void)node;
	(void)compatible;
	return false;
}
static inline struct pci_bus *pci_find_next_bus(const struct pci_bus *from)
{
	(void)from;
	return NULL;
}
static inline int pci_domain_nr(const struct pci_bus *bus)
{
	(void)bus;
	return 0;
}
static inline void pci_lock_rescan_remove(void)
{
}
static inline void pci_unlock_rescan_remove(void)
{
}

/* ---- ACPI ---- */

#define ACPI_SIG_MADT "APIC"
#define ACPI_SIG_IORT "IORT"
#define ACPI_FAILURE(status) (status)
#define ACPI_EDGE_SENSITIVE 1
#define ACPI_ACTIVE_HIGH 0
#define ACPI_MADT_ENABLED 1
#define ACPI_MADT_TYPE_GENERIC_INTERRUPT 11
#define ACPI_MADT_TYPE_GENERIC_DISTRIBUTOR 12
#define ACPI_MADT_TYPE_GENERIC_MSI_FRAME 13
#define ACPI_MADT_TYPE_GENERIC_REDISTRIBUTOR 14
#define ACPI_MADT_TYPE_GENERIC_TRANSLATOR 15
#define ACPI_MADT_GIC_VERSION_NONE 0
#define ACPI_MADT_GIC_VERSION_V2 2
#define ACPI_MADT_GIC_VERSION_V3 3
#define ACPI_MADT_GIC_VERSION_V4 4
#define ACPI_IORT_NODE_SMMU 3
#define ACPI_IORT_NODE_SMMU_V3 4

#pragma pack(push, 1)
struct acpi_table_header {
	char signature[4];
	u32 length;
	u8 rest[28];
};
struct acpi_table_madt {
	struct acpi_table_header header;
	u32 address, flags;
};
struct acpi_subtable_header {
	u8 type, length;
};
struct acpi_madt_generic_interrupt {
	struct acpi_subtable_header header;
	u16 reserved;
	u32 cpu_interface_number, uid, flags, parking_version, performance_interrupt;
	u64 parked_address, base_address, gicv_base_address, gich_base_address;
	u32 vgic_interrupt;
	u64 gicr_base_address, arm_mpidr;
	u8 efficiency_class, reserved2;
	u16 spe_interrupt;
};
struct acpi_madt_generic_distributor {
	struct acpi_subtable_header header;
	u16 reserved;
	u32 gic_id;
	u64 base_address;
	u32 global_irq_base;
	u8 version, reserved2[3];
};
struct acpi_madt_generic_msi_frame {
	struct acpi_subtable_header header;
	u16 reserved;
	u32 msi_frame_id;
	u64 base_address;
	u32 flags;
	u16 spi_count, spi_base;
};
struct acpi_madt_generic_redistributor {
	struct acpi_subtable_header header;
	u16 reserved;
	u64 base_address;
	u32 length;
};
struct acpi_madt_generic_translator {
	struct acpi_subtable_header header;
	u16 reserved;
	u32 translation_id;
	u64 base_address;
	u32 reserved2;
};
struct acpi_table_iort {
	struct acpi_table_header header;
	u32 node_count, node_offset, reserved;
};
struct acpi_iort_node {
	u8 type;
	u16 length;
	u8 revision;
	u32 identifier, mapping_count, mapping_offset;
	char node_data[];
};
struct acpi_iort_smmu {
	u64 base_address, span;
};
#pragma pack(pop)

extern int acpi_disabled;
/* 0: there is one. */
int acpi_get_table(const char *signature, u32 instance, struct acpi_table_header **table);
static inline void acpi_put_table(struct acpi_table_header *table)
{
	(void)table;
}
static inline int acpi_register_gsi(void *device, u32 id, int trigger, int polarity)
{
	(void)device;
	(void)id;
	(void)trigger;
	(void)polarity;
	return 0;
}

/* ---- the machine ---- */

#define cntpct_el0 0
#define cntfrq_el0 62500000
#define mpidr_el1 0x80000000
#define read_sysreg(name) ((u64)(name))
#define isb() ((void)0)

static inline unsigned int smp_processor_id(void)
{
	return 0;
}
static inline void on_each_cpu(void (*function)(void *), void *data, int wait)
{
	(void)wait;
	function(data);
}

/* ---- the module ---- */

struct bh_call;
/* -errno, as in kmod/error.c. */
__attribute__((format(printf, 4, 5))) int error_set(struct bh_call *call, int number, u32 reason,
						    const char *format, ...);
void platform_mcfg(struct bh_boot_info *info);
u64 links_window_take(void);

#endif
