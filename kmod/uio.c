// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bulkhead_uio: links for programs, in the root and in cells that run Linux. Maps: registers, state table, read-write
 * section, all outputs, the own output; a section that is empty is left out. Interrupts come one by one: a program
 * enables them again, by the register or by writing 1 to the file, when it has read the last one.
 *
 * When the device goes, programs that use it keep their mappings, but each sees zeros that are its own from then on:
 * the memory is another's. read(2) says EIO.
 */

#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uio_driver.h>
#include <linux/version.h>
#include <bulkhead/cell.h>
#include <bulkhead/link.h>

enum uio_link_map {
	MAP_REGISTERS,
	MAP_STATE,
	MAP_RW,
	MAP_OUTPUTS,
	MAP_OUTPUT,
	MAPS,
};

static const char *const map_names[MAPS] = {"registers", "state", "rw", "outputs", "output"};

struct uio_link {
	struct kref users; /* the device, and each mapping */
	struct pci_dev *dev;
	struct uio_info info;
	enum uio_link_map map[MAX_UIO_MAPS]; /* which one is info.mem[i] */
	void __iomem *registers;
	void *memory; /* keeps its pages cached, see view_fault() */
	unsigned int vectors;
	atomic_t opened;

	struct rw_semaphore gone_lock;
	bool gone;
	struct mutex views_lock;
	struct list_head views;
};

/* What a program has mapped: once for each mmap(2), however it is split and inherited. */
struct view {
	struct kref users;
	struct list_head link;
	struct uio_link *owner;
	struct address_space *mapping;
	unsigned long pfn;
	unsigned long start; /* of the mapping, for offsets */
	struct page *blank; /* what it sees when the device is gone */
};

static void uio_link_free(struct kref *users)
{
	kfree(container_of(users, struct uio_link, users));
}

/* --- mappings -------------------------------------------------------------------------------- */

static void view_free(struct kref *users)
{
	struct view *view = container_of(users, struct view, users);

	mutex_lock(&view->owner->views_lock);
	list_del(&view->link);
	mutex_unlock(&view->owner->views_lock);
	kref_put(&view->owner->users, uio_link_free);
	if (view->blank)
		__free_page(view->blank);
	kfree(view);
}

static void view_open(struct vm_area_struct *vma)
{
	kref_get(&((struct view *)vma->vm_private_data)->users);
}

static void view_close(struct vm_area_struct *vma)
{
	kref_put(&((struct view *)vma->vm_private_data)->users, view_free);
}

/* The kernel takes the cache mode from what has been mapped at the place before: see uio_link_map_memory(). */
static vm_fault_t view_fault(struct vm_fault *vmf)
{
	struct view *view = vmf->vma->vm_private_data;
	struct uio_link *link = view->owner;
	vm_fault_t ret = VM_FAULT_OOM;
	unsigned long pfn = view->pfn + PHYS_PFN(vmf->address - view->start);
	struct page *page;

	down_read(&link->gone_lock);
	if (!link->gone) {
		ret = vmf_insert_pfn(vmf->vma, vmf->address, pfn);
		goto out;
	}
	if (!READ_ONCE(view->blank)) {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (page && cmpxchg(&view->blank, NULL, page))
			__free_page(page);
	}
	if (view->blank)
		ret = vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(view->blank));
out:
	up_read(&link->gone_lock);
	return ret;
}

/* Pages are counted from where the mapping began: it stays there. */
static int view_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct view_operations = {
	.open = view_open,
	.close = view_close,
	.fault = view_fault,
	.mremap = view_mremap,
};

static void view_flags(struct vm_area_struct *vma, bool writable)
{
	vm_flags_t set = VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	vm_flags_t clear = VM_MAYEXEC | (writable ? 0 : VM_MAYWRITE);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* The caller has found the map and seen that it is large enough. */
static int uio_link_mmap(struct uio_info *info, struct vm_area_struct *vma)
{
	struct uio_link *link = info->priv;
	enum uio_link_map map = link->map[vma->vm_pgoff];
	bool writable = map != MAP_STATE && map != MAP_OUTPUTS;
	struct view *view;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC || (vma->vm_flags & VM_WRITE && !writable))
		return -EACCES;
	view = kzalloc(sizeof(*view), GFP_KERNEL_ACCOUNT);
	if (!view)
		return -ENOMEM;
	kref_init(&view->users);
	kref_get(&link->users);
	view->owner = link;
	view->mapping = vma->vm_file->f_mapping;
	view->pfn = PHYS_PFN(info->mem[vma->vm_pgoff].addr);
	view->start = vma->vm_start;
	mutex_lock(&link->views_lock);
	list_add(&view->link, &link->views);
	mutex_unlock(&link->views_lock);
	view_flags(vma, writable);
	if (map == MAP_REGISTERS)
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = view;
	vma->vm_ops = &view_operations;
	return 0;
}

static void uio_link_revoke(struct uio_link *link)
{
	struct view *view;

	down_write(&link->gone_lock);
	link->gone = true;
	up_write(&link->gone_lock);
	mutex_lock(&link->views_lock);
	list_for_each_entry (view, &link->views, link)
		unmap_mapping_range(view->mapping, 0, 0, 1);
	mutex_unlock(&link->views_lock);
}

/* --- the device ------------------------------------------------------------------------------ */

static void uio_link_write(struct uio_link *link, u32 reg, u32 value)
{
	writel(value, link->registers + reg);
}

static irqreturn_t uio_link_interrupt(int irq, void *data)
{
	struct uio_link *link = data;

	uio_event_notify(&link->info);
	return IRQ_HANDLED;
}

static int uio_link_control(struct uio_info *info, s32 on)
{
	uio_link_write(info->priv, BH_LINK_REG_ENABLE, on != 0);
	return 0;
}

static int uio_link_open(struct uio_info *info, struct inode *inode)
{
	struct uio_link *link = info->priv;

	atomic_inc(&link->opened);
	return 0;
}

/* A program that ends, in whatever way, is gone for the peers. */
static int uio_link_release(struct uio_info *info, struct inode *inode)
{
	struct uio_link *link = info->priv;

	if (!atomic_dec_and_test(&link->opened))
		return 0;
	uio_link_write(link, BH_LINK_REG_STATE, 0);
	uio_link_write(link, BH_LINK_REG_ENABLE, 0);
	return 0;
}

static u64 config_read64(struct pci_dev *dev, int at)
{
	u32 low = 0, high = 0;

	pci_read_config_dword(dev, at, &low);
	pci_read_config_dword(dev, at + 4, &high);
	return low | (u64)high << 32;
}

static void uio_link_add(struct uio_link *link, enum uio_link_map map, u64 start, u64 size)
{
	struct uio_mem *mem = link->info.mem;
	int i = 0;

	if (!size)
		return;
	while (mem[i].size)
		i++;
	mem[i] = (struct uio_mem){
		.name = map_names[map],
		.addr = start,
		.size = size,
		.memtype = map == MAP_REGISTERS ? UIO_MEM_PHYS : UIO_MEM_IOVA,
	};
	link->map[i] = map;
}

static int uio_link_maps(struct uio_link *link, int cap)
{
	struct pci_dev *dev = link->dev;
	u64 base = config_read64(dev, cap + BH_LINK_CAP_BASE);
	u64 rw = config_read64(dev, cap + BH_LINK_CAP_RW_SIZE);
	u64 output = config_read64(dev, cap + BH_LINK_CAP_OUTPUT_SIZE);
	u32 id = readl(link->registers + BH_LINK_REG_ID);
	u32 peers = readl(link->registers + BH_LINK_REG_PEERS);
	u32 state = 0;
	u64 outputs, size;

	pci_read_config_dword(dev, cap + BH_LINK_CAP_STATE_SIZE, &state);
	/* Whoever offers the device, no sum may wrap. */
	if (id >= peers || peers > U16_MAX || !state || !PAGE_ALIGNED(base | state | rw | output) ||
	    base >= 1ULL << 52 || rw >= 1ULL << 52 || output >= 1ULL << 36)
		return pci_err(dev, "the link's sections are not sound\n"), -EINVAL;
	outputs = base + state + rw;
	size = outputs + peers * output - base;
	uio_link_add(link, MAP_REGISTERS, pci_resource_start(dev, 0), pci_resource_len(dev, 0));
	uio_link_add(link, MAP_STATE, base, state);
	uio_link_add(link, MAP_RW, base + state, rw);
	uio_link_add(link, MAP_OUTPUTS, outputs, peers * output);
	uio_link_add(link, MAP_OUTPUT, outputs + id * output, output);
	/* Without it programs would see memory that is not Linux' own uncached. */
	link->memory = memremap(base, size, MEMREMAP_WB);
	return link->memory ? 0 : -ENOMEM;
}

static int uio_link_interrupts(struct uio_link *link, int cap)
{
	struct pci_dev *dev = link->dev;
	int ret = pci_alloc_irq_vectors(dev, 1, BH_LINK_VECTORS_MAX, PCI_IRQ_ALL_TYPES);
	int count = ret;

	if (ret < 0)
		return ret;
	pci_write_config_byte(dev, cap + BH_LINK_CAP_PRIVILEGED, BH_LINK_CAP_ONE_SHOT);
	for (; link->vectors < count; link->vectors++) {
		/* Another link may have the same pin: an event too many, which programs bear. */
		ret = request_irq(pci_irq_vector(dev, link->vectors), uio_link_interrupt,
				  dev->msix_enabled ? 0 : IRQF_SHARED, pci_name(dev), link);
		if (ret)
			return ret;
	}
	return 0;
}

static void uio_link_mute(struct uio_link *link)
{
	while (link->vectors)
		free_irq(pci_irq_vector(link->dev, --link->vectors), link);
	pci_free_irq_vectors(link->dev);
}

static void uio_link_quiet(struct uio_link *link)
{
	uio_link_mute(link);
	if (link->memory)
		memunmap(link->memory);
	if (link->registers)
		iounmap(link->registers);
	pci_clear_master(link->dev);
	pci_release_regions(link->dev);
	pci_disable_device(link->dev);
}

static int uio_link_probe(struct pci_dev *dev, const struct pci_device_id *id)
{
	int cap = pci_find_capability(dev, PCI_CAP_ID_VNDR), ret;
	struct uio_link *link;

	if (!cap)
		return -ENODEV;
	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return -ENOMEM;
	kref_init(&link->users);
	init_rwsem(&link->gone_lock);
	mutex_init(&link->views_lock);
	INIT_LIST_HEAD(&link->views);
	link->dev = dev;
	link->info = (struct uio_info){
		.name = "bulkhead-link",
		.version = "2",
		.irq = UIO_IRQ_CUSTOM,
		.priv = link,
		.mmap = uio_link_mmap,
		.open = uio_link_open,
		.release = uio_link_release,
		.irqcontrol = uio_link_control,
	};
	ret = pci_enable_device(dev);
	if (ret)
		goto fail;
	ret = pci_request_regions(dev, "bulkhead_uio");
	if (ret) {
		pci_disable_device(dev);
		goto fail;
	}
	pci_set_master(dev);
	link->registers = pci_ioremap_bar(dev, 0);
	ret = link->registers ? uio_link_maps(link, cap) : -ENOMEM;
	if (!ret)
		ret = uio_link_interrupts(link, cap);
	if (!ret)
		ret = uio_register_device(&dev->dev, &link->info);
	if (ret) {
		uio_link_quiet(link);
		goto fail;
	}
	pci_set_drvdata(dev, link);
	return 0;

fail:
	kref_put(&link->users, uio_link_free);
	return ret;
}

static void uio_link_remove(struct pci_dev *dev)
{
	struct uio_link *link = pci_get_drvdata(dev);

	/* The handler knows the UIO device, which may end here; programs that are told of it may look at once. */
	uio_link_mute(link);
	uio_link_revoke(link);
	uio_unregister_device(&link->info);
	/* No program speaks for it any more. */
	uio_link_write(link, BH_LINK_REG_STATE, 0);
	uio_link_write(link, BH_LINK_REG_ENABLE, 0);
	uio_link_quiet(link);
	kref_put(&link->users, uio_link_free);
}

#define LINK_PROTOCOLS(first, mask)                                 \
	{                                                           \
		PCI_DEVICE(BH_LINK_PCI_VENDOR, BH_LINK_PCI_DEVICE), \
			.class = BH_LINK_PCI_CLASS << 16 | (first), \
			.class_mask = 0xff0000 | (mask),            \
	}

/* What other drivers are for, network and virtio front ends, they shall find free; new_id adds any. */
static const struct pci_device_id uio_link_ids[] = {
	LINK_PROTOCOLS(BH_LINK_PROTOCOL_NONE, 0xffff),
	LINK_PROTOCOLS(BH_LINK_PROTOCOL_CUSTOM, 0xc000),
	LINK_PROTOCOLS(BH_LINK_PROTOCOL_VIRTIO_BACK, 0xc000),
	{},
};
MODULE_DEVICE_TABLE(pci, uio_link_ids);

static struct pci_driver uio_link_driver = {
	.name = "bulkhead_uio",
	.id_table = uio_link_ids,
	.probe = uio_link_probe,
	.remove = uio_link_remove,
};
module_pci_driver(uio_link_driver);

MODULE_DESCRIPTION("Bulkhead: links between cells, for programs");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
