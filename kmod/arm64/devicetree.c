// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupt controller and PCI configuration space as a device tree describes them. */

#include <linux/irqdomain.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/pci.h>
#include "../arch.h"
#include "../core.h"
#include "platform.h"

static const struct of_device_id gics[] = {
	{.compatible = "arm,gic-v3", .data = (void *)3},
	{.compatible = "arm,gic-400", .data = (void *)2},
	{.compatible = "arm,cortex-a15-gic", .data = (void *)2},
	{.compatible = "arm,cortex-a7-gic", .data = (void *)2},
	{},
};

unsigned int devicetree_line(u32 id)
{
	struct device_node *node = of_find_matching_node(NULL, gics);
	struct irq_fwspec spec = {
		.fwnode = of_fwnode_handle(node),
		.param_count = 3,
		.param = {0 /* an SPI */, id - 32, IRQ_TYPE_EDGE_RISING},
	};
	unsigned int irq = node ? irq_create_fwspec_mapping(&spec) : 0;

	of_node_put(node);
	return irq;
}

static const struct of_device_id smmus[] = {
	{.compatible = "arm,smmu-v3"},
	{.compatible = "arm,smmu-v2"},
	{.compatible = "arm,smmu-v1"},
	{.compatible = "arm,mmu-400"},
	{.compatible = "arm,mmu-401"},
	{.compatible = "arm,mmu-500"},
	{},
};

/* Nor to what DMA of devices goes through. */
static int smmus_keep(struct bh_call *call, struct bh_boot_info *info)
{
	struct device_node *node;
	struct resource res;
	int ret = 0;

	for_each_matching_node(node, smmus) if (!ret && !of_address_to_resource(node, 0, &res))
		ret = platform_keep(call, info, res.start, resource_size(&res));
	return ret;
}

/* Nobody but Linux may speak to what makes interrupts of messages. */
static int messages_keep(struct bh_call *call, struct bh_boot_info *info, struct device_node *gic)
{
	struct device_node *node;
	struct resource res;
	int ret = 0;

	for_each_available_child_of_node(gic,
					 node) if (!ret && !of_address_to_resource(node, 0, &res))
		ret = platform_keep(call, info, res.start, resource_size(&res));
	return ret;
}

static int gicv3_fill(struct bh_call *call, struct bh_boot_info *info, struct device_node *node)
{
	u32 regions = 1;
	u64 stride = 0;
	struct resource gicr;
	int ret = 0;

	of_property_read_u32(node, "#redistributor-regions", &regions);
	if (!regions)
		return -ENODEV;
	of_property_read_u64(node, "redistributor-stride", &stride);
	if (stride && (!is_power_of_2(stride) || stride < SZ_128K || stride > SZ_1M))
		return error_set(call, ENODEV, BH_R_MACHINE,
				 "the GIC's redistributors are %#llx bytes apart, as the device "
				 "tree says; what is known are powers of two from %#x to %#x",
				 stride, SZ_128K, SZ_1M);
	info->gic.gicr_stride = stride;
	/* The distributor's range comes first. */
	for (u32 i = 0; !ret && i < regions; i++)
		ret = of_address_to_resource(node, 1 + i, &gicr)
			      ? -ENODEV
			      : platform_redistributors(call, info, gicr.start,
							resource_size(&gicr));
	return ret;
}

/* The interface of a guest takes the place of the physical one, page by page. */
static int gicv2_fill(struct bh_call *call, struct bh_boot_info *info, struct device_node *node)
{
	struct resource gicc, gich, gicv;

	if (of_address_to_resource(node, 1, &gicc))
		return -ENODEV;
	if (of_address_to_resource(node, 2, &gich) || of_address_to_resource(node, 3, &gicv) ||
	    !PAGE_ALIGNED(gicc.start) || !PAGE_ALIGNED(gich.start) || !PAGE_ALIGNED(gicv.start) ||
	    resource_size(&gicc) < SZ_8K || resource_size(&gicv) < SZ_8K)
		return platform_no_gicv2_guests(call);
	info->gic.gicc = gicc.start;
	info->gic.gich = gich.start;
	info->gic.gicv = gicv.start;
	return 0;
}

static int gic_fill(struct bh_call *call, struct bh_boot_info *info, struct device_node *node)
{
	struct resource gicd;
	u32 type, ppi;

	info->gic = (struct bh_boot_gic){
		.version = (uintptr_t)of_match_node(gics, node)->data,
	};
	if (of_address_to_resource(node, 0, &gicd) ||
	    of_property_read_u32_index(node, "interrupts", 0, &type) ||
	    of_property_read_u32_index(node, "interrupts", 1, &ppi) || type != 1 || ppi > 15)
		return -ENODEV;
	info->gic.gicd = gicd.start;
	info->gic.maintenance = 16 + ppi;
	return info->gic.version == 3 ? gicv3_fill(call, info, node) : gicv2_fill(call, info, node);
}

/* Devicetree Specification 0.4, 3.4: nodes of this type, with any number of ranges. */
bool devicetree_is_ram(u64 start, u64 end)
{
	struct device_node *node;
	struct resource res;
	bool found = false;
	int i;

	for_each_node_by_type(node, "memory") for (i = 0; !of_address_to_resource(node, i, &res);
						   i++) found |=
		start >= res.start && end - 1 <= res.end;
	return found;
}

static void ecam_read(struct bh_boot_info *info, const struct pci_bus *bus)
{
	struct device_node *node = bus->dev.of_node;
	struct resource res;

	if (!node || !of_device_is_compatible(node, "pci-host-ecam-generic") ||
	    bus->busn_res.start || of_address_to_resource(node, 0, &res) ||
	    resource_size(&res) < SZ_1M)
		return;
	info->mmconfig_base = res.start;
	info->mmconfig_end_bus = min_t(u64, bus->busn_res.end, (resource_size(&res) >> 20) - 1);
}

/* Of the host bridge of segment 0, as Linux numbers them, if it is of the kind without registers of its own. */
static void ecam_find(struct bh_boot_info *info)
{
	struct pci_bus *bus = NULL;

	pci_lock_rescan_remove();
	while ((bus = pci_find_next_bus(bus)))
		if (!pci_domain_nr(bus))
			ecam_read(info, bus);
	pci_unlock_rescan_remove();
}

int devicetree_fill(struct bh_call *call, struct bh_boot_info *info)
{
	struct device_node *node = of_find_matching_node(NULL, gics);
	int ret;

	if (!node)
		return error_set(call, ENODEV, BH_R_MACHINE,
				 "the machine has neither a GICv3 nor a GICv2 that is known");
	ret = gic_fill(call, info, node);
	if (!ret)
		ret = messages_keep(call, info, node);
	if (!ret)
		ret = smmus_keep(call, info);
	ecam_find(info);
	of_node_put(node);
	if (ret == -ENODEV)
		error_set(call, ENODEV, BH_R_MACHINE,
			  "the device tree does not say where the GIC is, or which is its "
			  "maintenance interrupt");
	return ret;
}
