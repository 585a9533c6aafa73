// SPDX-License-Identifier: GPL-2.0-or-later
/* PCI devices: unbound from their Linux drivers for a cell, and bound back to the same ones. */

#include <linux/delay.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include "core.h"

/*
 * While a cell has a device, a driver of ours that does nothing holds it, so that no other binds. It gets the
 * identifiers of devices as they are wanted, and refuses others of the same model.
 */
struct stub_id {
	struct list_head link;
	u16 vendor;
	u16 device;
};
static LIST_HEAD(stub_ids);
static struct pci_dev *stub_wanted;

static int stub_probe(struct pci_dev *dev, const struct pci_device_id *id)
{
	return dev == READ_ONCE(stub_wanted) ? 0 : -ENODEV;
}

static struct pci_driver stub = {
	.name = "bulkhead",
	.probe = stub_probe,
	.driver_managed_dma = true, /* see iommu.c */
	.driver = {.suppress_bind_attrs = true},
};

static int stub_learn(struct pci_dev *dev)
{
	struct stub_id *id;
	int ret;

	list_for_each_entry (id, &stub_ids, link)
		if (id->vendor == dev->vendor && id->device == dev->device)
			return 0;
	id = kzalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	id->vendor = dev->vendor;
	id->device = dev->device;
	ret = pci_add_dynid(&stub, dev->vendor, dev->device, PCI_ANY_ID, PCI_ANY_ID, 0, 0, 0);
	if (ret)
		kfree(id);
	else
		list_add(&id->link, &stub_ids);
	return ret;
}

static int stub_hold(struct pci_dev *dev)
{
	int ret;

	device_release_driver(&dev->dev);
	WRITE_ONCE(stub_wanted, dev);
	ret = stub_learn(dev); /* may bind it already */
	if (!ret && dev->dev.driver != &stub.driver)
		ret = device_driver_attach(&stub.driver, &dev->dev);
	WRITE_ONCE(stub_wanted, NULL);
	return ret;
}

/* A cell may have reset its device, or put it to sleep: what Linux set up at boot is set up again. */
static void pci_restore_config(struct pci_dev *dev)
{
	u16 control;

	if (dev->pm_cap && !pci_read_config_word(dev, dev->pm_cap + PCI_PM_CTRL, &control) &&
	    control & PCI_PM_CTRL_STATE_MASK) {
		pci_write_config_word(dev, dev->pm_cap + PCI_PM_CTRL,
				      control & ~PCI_PM_CTRL_STATE_MASK);
		msleep(max_t(unsigned int, dev->d3hot_delay, 10)); /* PCI PM 1.2, 5.6.1 */
	}
	pci_restore_state(dev);
}

static void pci_restore(struct bh_cell_pci *pci)
{
	struct device *dev = &pci->dev->dev;
	struct device_driver *driver;
	int ret;

	if (pci->saved)
		pci_restore_config(pci->dev);
	if (dev->driver == &stub.driver)
		device_release_driver(dev);
	if (pci->driver[0] && !dev->driver) {
		driver = driver_find(pci->driver, &pci_bus_type);
		ret = driver ? device_driver_attach(driver, dev) : -ENOENT;
		if (ret)
			pci_warn(pci->dev, "driver %s did not take the device back: %d\n",
				 pci->driver, ret);
	}
	pci_dev_put(pci->dev);
}

/*
 * Bridges forward what they are enabled for, which Linux does when a driver enables a device behind them; they stay enabled, as they
 * do with Linux, and stay the root's.
 */
static int bridges_enable(struct pci_dev *dev)
{
	struct pci_dev *bridge;
	int ret = 0;

	for (bridge = pci_upstream_bridge(dev); bridge && !ret;
	     bridge = pci_upstream_bridge(bridge)) {
		if (!pci_is_enabled(bridge))
			ret = pci_enable_device(bridge);
		pci_set_master(bridge);
	}
	return ret;
}

/* What a BAR holds is the physical address to the core. */
static bool bars_are_physical(struct pci_dev *dev)
{
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		if (pci_resource_flags(dev, i) & IORESOURCE_MEM && pci_resource_len(dev, i) &&
		    pci_bus_address(dev, i) != pci_resource_start(dev, i))
			return false;
	return true;
}

int cell_pci_take(struct bh_call *call, struct bh_cell *cell)
{
	const struct bh_pci *wanted = (const void *)cell->desc + cell->desc->pci.offset;
	u32 i, count = cell->desc->pci.count;

	if (!count)
		return 0;
	cell->pci = kcalloc(count, sizeof(*cell->pci), GFP_KERNEL);
	if (!cell->pci)
		return error_set(call, ENOMEM, BH_R_OTHER, "Linux has no memory for the call");
	for (i = 0; i < count; i++) {
		struct bh_cell_pci *pci = &cell->pci[cell->pci_count];
		int ret;

		pci->dev = pci_get_domain_bus_and_slot(wanted[i].segment, wanted[i].bdf >> 8,
						       wanted[i].bdf & 0xff);
		/* One Linux does not know, a bridge, or one a cell has: for the core to refuse. */
		if (!pci->dev || pci->dev->hdr_type != PCI_HEADER_TYPE_NORMAL ||
		    pci->dev->dev.driver == &stub.driver) {
			pci_dev_put(pci->dev);
			continue;
		}
		if (pci->dev->dev.driver)
			strscpy(pci->driver, pci->dev->dev.driver->name, sizeof(pci->driver));
		cell->pci_count++;
		ret = stub_hold(pci->dev);
		if (ret)
			return error_set(
				call, -ret, BH_R_DEVICE,
				"PCI device %s could not be taken from Linux (error %d): another "
				"driver holds it",
				pci_name(pci->dev), -ret);
		if (!bars_are_physical(pci->dev))
			return error_set(call, EOPNOTSUPP, BH_R_DEVICE,
					 "PCI device %s is behind a host bridge that translates "
					 "addresses, which Bulkhead does not",
					 pci_name(pci->dev));
		ret = bridges_enable(pci->dev);
		if (ret)
			return error_set(call, -ret, BH_R_DEVICE,
					 "PCI device %s is behind a bridge that could not be "
					 "enabled (error %d)",
					 pci_name(pci->dev), -ret);
		pci->saved = !pci_save_state(pci->dev);
	}
	return cell_dma_take(call, cell);
}

void cell_pci_give_back(struct bh_cell *cell)
{
	cell_dma_give_back(cell);
	while (cell->pci_count)
		pci_restore(&cell->pci[--cell->pci_count]);
	kfree(cell->pci);
	cell->pci = NULL;
}

int bh_pci_init(void)
{
	return pci_register_driver(&stub);
}

void bh_pci_exit(void)
{
	struct stub_id *id, *next;

	pci_unregister_driver(&stub);
	list_for_each_entry_safe(id, next, &stub_ids, link) kfree(id);
}
