// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bulkhead_net: an Ethernet interface for each link of two peers with protocol 1, in the root and in Linux cells. What is
 * read from the peer is judged by bulkhead/net.h; see docs/network.md.
 *
 * The state of this end is changed under the mutex alone: by the work that the interrupt of a changed state starts, and
 * when the interface goes up or down. Only in the state RUN the rings are used: the sender under the lock of the
 * transmit queue, the receiver by NAPI.
 */

#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/workqueue.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif
#include <bulkhead/link.h>
#include <bulkhead/net.h>

#define CAP_LENGTH 0x02
#define CAP_LENGTH_WITH_BASE 0x20 /* a shorter one: the memory is BAR 2 */

#define COPY_MAX 256 /* longer frames are received into pages, all but the Ethernet header */
#define POOL_SIZE 256 /* pages that are kept for that */

static unsigned int interrupts_max = 500;
module_param(interrupts_max, uint, 0644);
MODULE_PARM_DESC(
	interrupts_max,
	"a peer that rings more often in one jiffy is not listened to until the next (500)");

struct bh_net_irq {
	struct bh_net *net;
	unsigned long jiffy;
	unsigned int count;
	u64 total;
};

struct bh_net {
	struct net_device *dev;
	struct pci_dev *pdev;
	void __iomem *registers;
	const volatile u32 *peer_state;
	volatile void *own; /* sections */
	const volatile void *peer;
	u32 peer_id;
	u32 data_vector;
	struct bh_net_layout layout;
	struct bh_net_irq irqs[2];

	struct mutex lock; /* of the state and what follows here */
	u32 state;
	bool up;
	bool gone;
	struct work_struct work;
	struct timer_list quiet;
	unsigned long broken; /* bit 0: a ring was found to be nonsense */

	struct bh_net_slot *slots;
	struct bh_net_tx tx ____cacheline_aligned_in_smp;
	u64 tx_rings;
	u64 tx_stops;

	struct bh_net_rx rx ____cacheline_aligned_in_smp;
	struct napi_struct napi;
	struct page_pool *pool;
	u64 rx_bad;
	u64 rx_rings;

	u64 resets;
	u64 brokens;
	u64 throttles;
};

static void net_ring(const struct bh_net *net)
{
	writel(net->peer_id << 16 | net->data_vector, net->registers + BH_LINK_REG_DOORBELL);
}

static struct netdev_queue *net_queue(const struct bh_net *net)
{
	return netdev_get_tx_queue(net->dev, 0);
}

/* ---- states ---- */

static void net_run(struct bh_net *net)
{
	napi_enable(&net->napi);
	netif_carrier_on(net->dev);
	netif_tx_wake_all_queues(net->dev);
	/* The peer may have sent already. */
	local_bh_disable();
	napi_schedule(&net->napi);
	local_bh_enable();
}

static void net_halt(struct bh_net *net)
{
	/*
	 * NAPI first: it would wake the queue again, and a frame sent behind the reset of its limits is one that nobody
	 * ever completes, for which the queue would wait.
	 */
	napi_disable(&net->napi);
	netif_tx_disable(net->dev);
	netif_carrier_off(net->dev);
	/* Frames on their way are lost: both ends begin with empty rings. */
	netdev_reset_queue(net->dev);
	net->resets++;
}

static void net_state_set(struct bh_net *net, u32 state)
{
	if (net->state == BH_NET_RUN)
		net_halt(net);
	if (state == BH_NET_READY) {
		bh_net_tx_init(&net->tx, &net->layout, net->own, net->peer, net->slots);
		bh_net_rx_init(&net->rx, &net->layout, net->own, net->peer);
		clear_bit(0, &net->broken);
	}
	WRITE_ONCE(net->state, state);
	writel(state, net->registers + BH_LINK_REG_STATE);
	if (state == BH_NET_RUN)
		net_run(net);
}

static void net_advance(struct bh_net *net)
{
	/* Once: a peer that changes it without pause is to cost a bounded time for each interrupt. */
	u32 peer = READ_ONCE(*net->peer_state), next;

	lockdep_assert_held(&net->lock);
	while (!net->gone && (next = bh_net_next(net->state, peer, net->up)) != net->state)
		net_state_set(net, next);
}

static void net_work(struct work_struct *work)
{
	struct bh_net *net = container_of(work, struct bh_net, work);

	mutex_lock(&net->lock);
	if (test_and_clear_bit(0, &net->broken) && net->state == BH_NET_RUN) {
		net->brokens++;
		net_state_set(net, BH_NET_RESET);
	}
	net_advance(net);
	mutex_unlock(&net->lock);
}

/* From where the rings are used, which is no place to stop using them. */
static void net_broken(struct bh_net *net)
{
	set_bit(0, &net->broken);
	schedule_work(&net->work);
}

/* ---- interrupts ---- */

static void net_count(struct bh_net_irq *irq)
{
	struct bh_net *net = irq->net;

	irq->total++;
	if (irq->jiffy != jiffies) {
		irq->jiffy = jiffies;
		irq->count = 0;
	}
	/* Those that were on their way already do not count again. */
	if (++irq->count != READ_ONCE(interrupts_max))
		return;
	WRITE_ONCE(net->throttles, net->throttles + 1);
	writel(0, net->registers + BH_LINK_REG_ENABLE);
	mod_timer(&net->quiet, jiffies + 1);
}

static void net_quiet(struct timer_list *timer)
{
	struct bh_net *net = container_of(timer, struct bh_net, quiet);

	writel(1, net->registers + BH_LINK_REG_ENABLE);
	/* A hypervisor may have dropped what came meanwhile. */
	napi_schedule(&net->napi);
	schedule_work(&net->work);
}

static irqreturn_t net_state_interrupt(int number, void *data)
{
	struct bh_net_irq *irq = data;

	net_count(irq);
	schedule_work(&irq->net->work);
	return IRQ_HANDLED;
}

static irqreturn_t net_data_interrupt(int number, void *data)
{
	struct bh_net_irq *irq = data;

	net_count(irq);
	/* Does nothing while NAPI is disabled, as it is but in RUN. */
	napi_schedule(&irq->net->napi);
	return IRQ_HANDLED;
}

static irqreturn_t net_only_interrupt(int number, void *data)
{
	net_data_interrupt(number, data);
	schedule_work(&((struct bh_net_irq *)data)->net->work);
	return IRQ_HANDLED;
}

/* ---- sending ---- */

static bool net_room(const struct bh_net *net)
{
	return bh_net_tx_place(&net->tx, net->dev->mtu + BH_NET_HEADER) != BH_NET_NOWHERE;
}

/* With the queue's lock. False: nonsense. */
static bool net_reclaim(struct bh_net *net)
{
	u32 bytes;
	int frames = bh_net_tx_reclaim(&net->tx, &bytes);

	if (frames < 0) {
		net_broken(net);
		return false;
	}
	if (frames)
		netdev_completed_queue(net->dev, frames, bytes);
	return true;
}

/* Whoever says that no more comes, or that it cannot be taken now, tells the peer of what came before. */
static void net_tell(struct bh_net *net)
{
	if (!bh_net_tx_ring(&net->tx))
		return;
	net->tx_rings++;
	net_ring(net);
}

static netdev_tx_t net_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct bh_net *net = netdev_priv(dev);
	unsigned int length = skb->len, start;
	__sum16 sum;
	bool last;
	void *to;

	if (length > net->layout.mtu_max + BH_NET_HEADER) {
		dev->stats.tx_dropped++;
		dev_kfree_skb_any(skb);
		net_tell(net);
		return NETDEV_TX_OK;
	}
	to = (void __force *)bh_net_tx_begin(&net->tx, length);
	if (!to && net_reclaim(net))
		to = (void __force *)bh_net_tx_begin(&net->tx, length);
	if (!to) {
		netif_stop_queue(dev);
		net->tx_stops++;
		net_tell(net);
		if (bh_net_tx_event(&net->tx))
			napi_schedule(&net->napi);
		return NETDEV_TX_BUSY;
	}
	skb_copy_bits(skb, 0, to, length);
	/* The peer only reads here. One sum over the copy is less work than summing while pieces are copied. */
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		start = skb_checksum_start_offset(skb);
		sum = csum_fold(csum_partial(to + start, length - start, 0)) ?: CSUM_MANGLED_0;
		memcpy(to + start + skb->csum_offset, &sum, sizeof(sum));
	}
	bh_net_tx_commit(&net->tx, length);
	dev_sw_netstats_tx_add(dev, 1, length);
	dev_consume_skb_any(skb);

	last = __netdev_sent_queue(dev, length, netdev_xmit_more());
	if ((netif_xmit_stopped(net_queue(net)) || !net_room(net)) && net_reclaim(net) &&
	    !net_room(net)) {
		netif_stop_queue(dev);
		net->tx_stops++;
		last = true;
	}
	/* Only a queue that waits wants to know what comes back. */
	if (netif_xmit_stopped(net_queue(net)) && bh_net_tx_event(&net->tx))
		napi_schedule(&net->napi);
	if (last)
		net_tell(net);
	return NETDEV_TX_OK;
}

/* By NAPI. False: nonsense. @again: there is more to take back, which may be a lie, so it is not waited for here. */
static bool net_tx_poll(struct bh_net *net, bool *again)
{
	struct netdev_queue *queue = net_queue(net);
	bool good;

	/* One that stops just now looks once more itself, behind its event index. Others need not wait for its lock. */
	*again = false;
	if (!netif_xmit_stopped(queue))
		return true;
	__netif_tx_lock(queue, smp_processor_id());
	good = net_reclaim(net);
	if (good && netif_tx_queue_stopped(queue) && net_room(net))
		netif_tx_wake_queue(queue);
	*again = good && netif_xmit_stopped(queue) && bh_net_tx_event(&net->tx);
	__netif_tx_unlock(queue);
	return good;
}

/* ---- receiving ---- */

static struct sk_buff *net_copy(struct bh_net *net, const struct bh_net_frame *frame)
{
	u32 left = frame->length, at = 0, size;
	struct sk_buff *skb;
	struct page *page;

	/* GRO takes the headers from the pages, and merges pages best where nothing else is in front of them. */
	skb = napi_alloc_skb(&net->napi, left <= COPY_MAX ? left : COPY_MAX);
	if (!skb)
		return NULL;
	skb_put(skb, left <= COPY_MAX ? left : ETH_HLEN);
	for (left -= skb->len; left; left -= size) {
		page = page_pool_dev_alloc_pages(net->pool);
		if (!page) {
			dev_kfree_skb_any(skb);
			return NULL;
		}
		size = min_t(u32, left, PAGE_SIZE);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, size, PAGE_SIZE);
		skb_mark_for_recycle(skb);
	}
	for (u32 i = 0; i < frame->count; i++) {
		skb_store_bits(skb, at, (const void __force *)frame->segments[i].at,
			       frame->segments[i].length);
		at += frame->segments[i].length;
	}
	return skb;
}

static void net_receive(struct bh_net *net, const struct bh_net_frame *frame)
{
	struct net_device *dev = net->dev;
	struct sk_buff *skb;

	if (frame->length < ETH_HLEN) {
		dev->stats.rx_length_errors++;
		dev->stats.rx_errors++;
		return;
	}
	skb = net_copy(net, frame);
	if (!skb) {
		dev->stats.rx_dropped++;
		return;
	}
	dev_sw_netstats_rx_add(dev, frame->length);
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&net->napi, skb);
}

static int net_poll(struct napi_struct *napi, int budget)
{
	struct bh_net *net = container_of(napi, struct bh_net, napi);
	enum bh_net_result result = BH_NET_NONE;
	struct bh_net_frame frame;
	int work = 0;
	bool again;

	if (!net_tx_poll(net, &again))
		result = BH_NET_BROKEN;
	while (work < budget && result != BH_NET_BROKEN) {
		result = bh_net_rx_next(&net->rx, &frame);
		if (result == BH_NET_NONE)
			break;
		if (result == BH_NET_BROKEN) {
			net_broken(net);
			break;
		}
		if (result == BH_NET_FRAME) {
			net_receive(net, &frame);
		} else {
			net->rx_bad++;
			net->dev->stats.rx_errors++;
		}
		bh_net_rx_done(&net->rx, &frame);
		work++;
	}
	if (work && bh_net_rx_ring(&net->rx)) {
		net->rx_rings++;
		net_ring(net);
	}
	/*
	 * What is broken is not looked at again: the peer would have it so without end. The rest while NAPI is still ours:
	 * behind its end another CPU may be here.
	 */
	if (work < budget && result != BH_NET_BROKEN && (bh_net_rx_event(&net->rx) || again))
		return budget;
	if (work < budget)
		napi_complete_done(napi, work);
	return work;
}

/* ---- the interface ---- */

static int net_open(struct net_device *dev)
{
	struct bh_net *net = netdev_priv(dev);

	mutex_lock(&net->lock);
	net->up = true;
	net_advance(net);
	mutex_unlock(&net->lock);
	return 0;
}

static int net_stop(struct net_device *dev)
{
	struct bh_net *net = netdev_priv(dev);

	mutex_lock(&net->lock);
	net->up = false;
	if (net->state == BH_NET_RUN)
		net_state_set(net, BH_NET_RESET);
	net_advance(net);
	mutex_unlock(&net->lock);
	return 0;
}

static const struct net_device_ops net_ops = {
	.ndo_open = net_open,
	.ndo_stop = net_stop,
	.ndo_start_xmit = net_xmit,
	.ndo_get_stats64 = dev_get_tstats64,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static const char net_counter_names[][ETH_GSTRING_LEN] = {
	"state",	 "peer_state",	 "state_interrupts", "data_interrupts",
	"tx_doorbells",	 "tx_stops",	 "tx_pending",	     "rx_doorbells",
	"rx_bad_frames", "broken_rings", "resets",	     "throttles",
};

static int net_counter_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? ARRAY_SIZE(net_counter_names) : -EOPNOTSUPP;
}

static void net_counter_strings(struct net_device *dev, u32 set, u8 *names)
{
	if (set == ETH_SS_STATS)
		memcpy(names, net_counter_names, sizeof(net_counter_names));
}

static void net_counters(struct net_device *dev, struct ethtool_stats *stats, u64 *values)
{
	struct bh_net *net = netdev_priv(dev);

	*values++ = READ_ONCE(net->state);
	*values++ = READ_ONCE(*net->peer_state);
	*values++ = net->irqs[BH_LINK_VECTOR_STATE].total;
	*values++ = net->irqs[BH_NET_VECTOR_DATA].total;
	*values++ = net->tx_rings;
	*values++ = net->tx_stops;
	*values++ = bh_net_tx_pending(&net->tx);
	*values++ = net->rx_rings;
	*values++ = net->rx_bad;
	*values++ = net->brokens;
	*values++ = net->resets;
	*values++ = net->throttles;
}

static void net_driver_info(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct bh_net *net = netdev_priv(dev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(net->pdev), sizeof(info->bus_info));
}

static void net_ring_sizes(struct net_device *dev, struct ethtool_ringparam *sizes,
			   struct kernel_ethtool_ringparam *kernel, struct netlink_ext_ack *ack)
{
	struct bh_net *net = netdev_priv(dev);

	sizes->rx_max_pending = sizes->rx_pending = net->layout.entries;
	sizes->tx_max_pending = sizes->tx_pending = net->layout.entries;
}

static const struct ethtool_ops net_ethtool_ops = {
	.get_drvinfo = net_driver_info,
	.get_link = ethtool_op_get_link,
	.get_ringparam = net_ring_sizes,
	.get_sset_count = net_counter_count,
	.get_strings = net_counter_strings,
	.get_ethtool_stats = net_counters,
};

/* ---- the device ---- */

static u64 net_read64(struct pci_dev *pdev, int where)
{
	u32 low, high;

	pci_read_config_dword(pdev, where, &low);
	pci_read_config_dword(pdev, where + 4, &high);
	return low | (u64)high << 32;
}

/* The sections, where the capability says they are. */
static int net_map(struct bh_net *net, struct pci_dev *pdev, u32 id)
{
	int cap = pci_find_capability(pdev, PCI_CAP_ID_VNDR);
	u64 base, shared_size, output_size, size;
	u32 state_size;
	u8 length;
	char *memory;

	if (!cap)
		return dev_err_probe(
			&pdev->dev, -ENODEV,
			"the device has no capability that says where its memory is\n");
	pci_read_config_byte(pdev, cap + CAP_LENGTH, &length);
	pci_read_config_dword(pdev, cap + BH_LINK_CAP_STATE_SIZE, &state_size);
	shared_size = net_read64(pdev, cap + BH_LINK_CAP_RW_SIZE);
	output_size = net_read64(pdev, cap + BH_LINK_CAP_OUTPUT_SIZE);
	base = length < CAP_LENGTH_WITH_BASE ? pci_resource_start(pdev, 2)
					     : net_read64(pdev, cap + BH_LINK_CAP_BASE);
	if (!bh_net_layout(&net->layout, output_size))
		return dev_err_probe(
			&pdev->dev, -EINVAL,
			"output sections of 0x%llx bytes hold no network; they need 0x%x to 0x%x\n",
			output_size, BH_NET_SECTION_MIN, BH_NET_SECTION_MAX);
	size = state_size + shared_size + BH_NET_PEERS * output_size;
	if (state_size < BH_NET_PEERS * sizeof(u32) || size < shared_size || !base ||
	    base + size < base)
		return dev_err_probe(
			&pdev->dev, -EINVAL,
			"a state table of 0x%x bytes and memory of 0x%llx at 0x%llx are none\n",
			state_size, size, base);
	memory = devm_memremap(&pdev->dev, base, size, MEMREMAP_WB);
	if (IS_ERR(memory))
		return dev_err_probe(&pdev->dev, PTR_ERR(memory),
				     "memory of 0x%llx bytes at 0x%llx cannot be mapped\n", size,
				     base);
	net->peer_state = (const volatile u32 *)memory + net->peer_id;
	memory += state_size + shared_size;
	net->own = memory + id * output_size;
	net->peer = memory + net->peer_id * output_size;
	net->slots = devm_kcalloc(&pdev->dev, net->layout.entries, sizeof(*net->slots), GFP_KERNEL);
	return net->slots ? 0 : -ENOMEM;
}

static int net_interrupts_get(struct bh_net *net, struct pci_dev *pdev)
{
	int vectors, ret;

	vectors = pci_alloc_irq_vectors(pdev, 1, 2, PCI_IRQ_ALL_TYPES);
	if (vectors < 0)
		return dev_err_probe(&pdev->dev, vectors, "the device gets no interrupt\n");
	net->data_vector = vectors > 1 ? BH_NET_VECTOR_DATA : BH_LINK_VECTOR_STATE;
	ret = pci_request_irq(pdev, BH_LINK_VECTOR_STATE,
			      vectors > 1 ? net_state_interrupt : net_only_interrupt, NULL,
			      &net->irqs[BH_LINK_VECTOR_STATE], "%s-state", pci_name(pdev));
	if (!ret && vectors > 1) {
		ret = pci_request_irq(pdev, BH_NET_VECTOR_DATA, net_data_interrupt, NULL,
				      &net->irqs[BH_NET_VECTOR_DATA], "%s-data", pci_name(pdev));
		if (ret)
			pci_free_irq(pdev, BH_LINK_VECTOR_STATE, &net->irqs[BH_LINK_VECTOR_STATE]);
	}
	if (ret)
		pci_free_irq_vectors(pdev);
	return ret;
}

/* After this nothing of the device calls us any more. */
static void net_interrupts_put(struct bh_net *net, struct pci_dev *pdev)
{
	writel(0, net->registers + BH_LINK_REG_ENABLE);
	for (u32 vector = 0; vector <= net->data_vector; vector++)
		pci_free_irq(pdev, vector, &net->irqs[vector]);
	pci_free_irq_vectors(pdev);
	/* It enables them once more. */
	del_timer_sync(&net->quiet);
	writel(0, net->registers + BH_LINK_REG_ENABLE);
	cancel_work_sync(&net->work);
}

/* Pages that come back from the stack are used again, and so need not be cleared. */
static int net_pool_make(struct bh_net *net)
{
	struct page_pool_params params = {
		.pool_size = POOL_SIZE,
		.nid = NUMA_NO_NODE,
		.dev = &net->pdev->dev,
	};

	net->pool = page_pool_create(&params);
	return PTR_ERR_OR_ZERO(net->pool);
}

static void net_setup(struct bh_net *net)
{
	struct net_device *dev = net->dev;

	SET_NETDEV_DEV(dev, &net->pdev->dev);
	dev->netdev_ops = &net_ops;
	dev->ethtool_ops = &net_ethtool_ops;
	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA;
	dev->vlan_features = dev->features;
	dev->mtu = net->layout.mtu;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = net->layout.mtu_max;
	eth_hw_addr_random(dev);
	netif_napi_add(dev, &net->napi, net_poll);
	netif_carrier_off(dev);
	netif_tx_stop_all_queues(dev);
}

static int net_probe(struct pci_dev *pdev, const struct pci_device_id *match)
{
	struct net_device *dev;
	struct bh_net *net;
	u32 id, peers;
	int ret, cap;

	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "the registers cannot be had\n");
	dev = alloc_etherdev(sizeof(*net));
	if (!dev)
		return -ENOMEM;
	net = netdev_priv(dev);
	net->dev = dev;
	net->pdev = pdev;
	net->registers = pcim_iomap_table(pdev)[0];
	net->irqs[0].net = net->irqs[1].net = net;
	mutex_init(&net->lock);
	INIT_WORK(&net->work, net_work);
	timer_setup(&net->quiet, net_quiet, 0);

	id = readl(net->registers + BH_LINK_REG_ID);
	peers = readl(net->registers + BH_LINK_REG_PEERS);
	if (peers != BH_NET_PEERS || id >= BH_NET_PEERS) {
		ret = dev_err_probe(&pdev->dev, -EINVAL,
				    "this is peer %u of %u; a network has two, 0 and 1\n", id,
				    peers);
		goto free;
	}
	net->peer_id = !id;
	ret = net_map(net, pdev, id);
	if (ret)
		goto free;
	dev->tstats = devm_netdev_alloc_pcpu_stats(&pdev->dev, struct pcpu_sw_netstats);
	if (!dev->tstats) {
		ret = -ENOMEM;
		goto free;
	}
	ret = net_pool_make(net);
	if (ret)
		goto free;
	pci_set_master(pdev);
	cap = pci_find_capability(pdev, PCI_CAP_ID_VNDR);
	pci_write_config_byte(pdev, cap + BH_LINK_CAP_PRIVILEGED, 0);
	ret = net_interrupts_get(net, pdev);
	if (ret)
		goto pool;
	net_setup(net);
	ret = register_netdev(dev);
	if (ret)
		goto interrupts;
	pci_set_drvdata(pdev, net);
	mutex_lock(&net->lock);
	net_state_set(net, BH_NET_RESET);
	writel(1, net->registers + BH_LINK_REG_ENABLE);
	mutex_unlock(&net->lock);
	schedule_work(&net->work);
	return 0;

interrupts:
	net_interrupts_put(net, pdev);
pool:
	page_pool_destroy(net->pool);
free:
	free_netdev(dev);
	return ret;
}

static void net_remove(struct pci_dev *pdev)
{
	struct bh_net *net = pci_get_drvdata(pdev);

	mutex_lock(&net->lock);
	net->gone = true;
	mutex_unlock(&net->lock);
	unregister_netdev(net->dev);
	net_interrupts_put(net, pdev);
	writel(BH_NET_RESET, net->registers + BH_LINK_REG_STATE);
	page_pool_destroy(net->pool);
	free_netdev(net->dev);
}

static const struct pci_device_id net_ids[] = {
	{PCI_DEVICE(BH_LINK_PCI_VENDOR, BH_LINK_PCI_DEVICE),
	 .class = BH_LINK_PCI_CLASS << 16 | BH_LINK_PROTOCOL_NETWORK, .class_mask = 0xffffff},
	{},
};
MODULE_DEVICE_TABLE(pci, net_ids);

static struct pci_driver net_driver = {
	.name = KBUILD_MODNAME,
	.id_table = net_ids,
	.probe = net_probe,
	.remove = net_remove,
};
module_pci_driver(net_driver);

MODULE_DESCRIPTION("Network over a link between Bulkhead cells");
MODULE_LICENSE("GPL");
