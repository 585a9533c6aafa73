/* SPDX-License-Identifier: MIT */
/*
 * The device of a link, as its driver sees it: ivshmem, version 2. What Bulkhead does where that interface leaves
 * something open is said in docs/links.md.
 */
#ifndef BULKHEAD_LINK_H
#define BULKHEAD_LINK_H

#define BH_LINK_PCI_VENDOR 0x110a
#define BH_LINK_PCI_DEVICE 0x4106
/* The class code is BH_LINK_PCI_CLASS << 16 | protocol. */
#define BH_LINK_PCI_CLASS 0xff
#define BH_LINK_PROTOCOL_NONE 0x0000
#define BH_LINK_PROTOCOL_NETWORK 0x0001
#define BH_LINK_PROTOCOL_CUSTOM 0x4000 /* to 0x7fff: whatever the peers agree upon */
#define BH_LINK_PROTOCOL_VIRTIO_FRONT 0x8000 /* to 0xbfff */
#define BH_LINK_PROTOCOL_VIRTIO_BACK 0xc000 /* to 0xffff */

/* The vendor capability: offsets from its start. The sections lie one behind the other from the base on. */
#define BH_LINK_CAP_PRIVILEGED 0x03 /* 1 byte */
#define BH_LINK_CAP_ONE_SHOT 0x01 /* in it: an interrupt clears BH_LINK_REG_ENABLE */
#define BH_LINK_CAP_STATE_SIZE 0x04 /* 4 bytes */
#define BH_LINK_CAP_RW_SIZE 0x08 /* 8 bytes, as those below */
#define BH_LINK_CAP_OUTPUT_SIZE 0x10 /* of each peer */
#define BH_LINK_CAP_BASE 0x18

/* Registers: words in BAR 0. The MSI-X table is in BAR 1. */
#define BH_LINK_REG_ID 0x00 /* this peer's number */
#define BH_LINK_REG_PEERS 0x04
#define BH_LINK_REG_ENABLE 0x08 /* bit 0: interrupts */
#define BH_LINK_REG_DOORBELL 0x0c /* written: target << 16 | vector */
#define BH_LINK_REG_STATE \
	0x10 /* written: this peer's word of the state table; all others get vector 0 */

#define BH_LINK_VECTOR_STATE 0

#endif
