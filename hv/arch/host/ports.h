/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For x86 files that are built for the hosted core: their port instructions come to device.c. */
#ifndef HV_HOST_PORTS_H
#define HV_HOST_PORTS_H

#include <hv/arch/host/host.h>
#include <hv/arch/x86/x86.h>

#define inb(port) ((u8)host_port_read((port), 1))
#define inw(port) ((u16)host_port_read((port), 2))
#define inl(port) host_port_read((port), 4)
#define outb(port, value) host_port_write((port), 1, (value))
#define outw(port, value) host_port_write((port), 2, (value))
#define outl(port, value) host_port_write((port), 4, (value))

#endif
