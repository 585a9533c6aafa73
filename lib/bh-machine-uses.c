// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this Linux lives on: the devices behind its mounted file systems, swap, default routes, console and
 * display. A cell that takes one of them may take the ground from under the root's feet.
 */
#include <gio/gio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "bh-machine-private.h"

/* Devices stacked on devices on devices: further than this is a loop. */
#define DEPTH_MAX 8

static void add_use(BhMachineDevice *device, const char *use)
{
	g_autoptr(GStrvBuilder) uses = NULL;

	if (g_strv_contains((const char *const *)device->used_for, use))
		return;
	uses = g_strv_builder_new();
	g_strv_builder_addv(uses, (const char **)device->used_for);
	g_strv_builder_add(uses, use);
	g_strfreev(device->used_for);
	device->used_for = g_strv_builder_end(uses);
}

/*
 * Notes the use at the PCI function this directory of sysfs belongs to. Devices made of others (device mapper, bonds,
 * bridges) link to those: disks in "slaves", network interfaces as "lower_…".
 */
static void add_use_of_path(BhMachine *machine, const char *path, const char *use, guint depth)
{
	g_autofree char *real = realpath(path, NULL);
	g_autofree char *address = real ? bh_pci_of_path(real) : NULL;
	g_auto(GStrv) names = NULL;

	if (!real || depth > DEPTH_MAX)
		return;
	if (address) {
		BhMachineDevice *device = bh_machine_find_device(machine, address);

		if (device)
			add_use(device, use);
		return;
	}
	names = bh_root_list(real, "/slaves");
	for (char **name = names; *name; name++) {
		g_autofree char *below = bh_root_path(real, "/slaves/%s", *name);

		add_use_of_path(machine, below, use, depth + 1);
	}
	g_strfreev(names);
	names = bh_root_list(real, "%s", "");
	for (char **name = names; *name; name++) {
		g_autofree char *below = NULL;

		if (!g_str_has_prefix(*name, "lower_"))
			continue;
		below = bh_root_path(real, "/%s", *name);
		add_use_of_path(machine, below, use, depth + 1);
	}
}

static void add_disk_use(BhMachine *machine, const char *root, const char *number,
			 const char *source, const char *use)
{
	g_autofree char *path = bh_root_path(root, "/sys/dev/block/%s", number);

	/* File systems over several disks have numbers of their own, and one of the disks as source. */
	if (!g_file_test(path, G_FILE_TEST_EXISTS) && g_str_has_prefix(source, "/dev/")) {
		g_autofree char *name = g_path_get_basename(source);

		g_free(path);
		path = bh_root_path(root, "/sys/class/block/%s", name);
	}
	add_use_of_path(machine, path, use, 0);
}

/* proc_pid_mountinfo(5): id, parent, major:minor, root, mount point, options, tags … "-", type, source. */
static void read_mounts(BhMachine *machine, const char *root)
{
	/* The first process sees what the machine mounts; a sandboxed service has mounts of its own. */
	g_autofree char *first = bh_root_read(root, "/proc/1/mountinfo");
	g_autofree char *own = first ? NULL : bh_root_read(root, "/proc/self/mountinfo");
	const char *text = first ? first : own;
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, " ", -1);
		guint count = g_strv_length(fields), dash = 5;
		g_autofree char *use = NULL;

		while (dash < count && strcmp(fields[dash], "-"))
			dash++;
		/* A number out of the file becomes part of a path. */
		if (dash + 2 >= count || strspn(fields[2], "0123456789:") != strlen(fields[2]))
			continue;
		use = g_strdup_printf("disk %s", fields[4]);
		add_disk_use(machine, root, fields[2], fields[dash + 2], use);
	}
}

/* A table of /proc: a heading, then the device first. */
static void read_swaps(BhMachine *machine, const char *root)
{
	g_autofree char *text = bh_root_read(root, "/proc/swaps");
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (guint i = 1; lines[0] && lines[i]; i++) {
		lines[i][strcspn(lines[i], " \t")] = '\0';
		if (g_str_has_prefix(lines[i], "/dev/"))
			add_disk_use(machine, root, "none", lines[i], "disk swap");
	}
}

static void add_network_use(BhMachine *machine, const char *root, const char *interface)
{
	g_autofree char *path = NULL, *use = NULL;

	if (!*interface || strchr(interface, '/') || *interface == '.')
		return;
	path = bh_root_path(root, "/sys/class/net/%s", interface);
	use = g_strdup_printf("network %s (default route)", interface);
	add_use_of_path(machine, path, use, 0);
}

/* Fields in lines of both: the interface first in one, last in the other; destination and mask of zeros. */
static void read_routes(BhMachine *machine, const char *root)
{
	g_autofree char *ipv4 = bh_root_read(root, "/proc/net/route");
	g_autofree char *ipv6 = bh_root_read(root, "/proc/net/ipv6_route");
	g_auto(GStrv) lines4 = g_strsplit(ipv4 ? ipv4 : "", "\n", -1);
	g_auto(GStrv) lines6 = g_strsplit(ipv6 ? ipv6 : "", "\n", -1);

	for (char **line = lines4; *line; line++) {
		g_auto(GStrv) fields = g_strsplit_set(g_strstrip(*line), "\t", -1);

		if (g_strv_length(fields) >= 8 && !strcmp(fields[1], "00000000") &&
		    !strcmp(g_strstrip(fields[7]), "00000000"))
			add_network_use(machine, root, fields[0]);
	}
	for (char **line = lines6; *line; line++) {
		const char *interface = strrchr(*line, ' ');

		/* The kernel's own entries for "no route" are at lo, which is on no device. */
		if (interface && g_str_has_prefix(*line, "00000000000000000000000000000000 00 "))
			add_network_use(machine, root, interface + 1);
	}
}

void bh_machine_read_uses(BhMachine *machine, const char *root)
{
	read_mounts(machine, root);
	read_swaps(machine, root);
	read_routes(machine, root);
	for (guint i = 0; i < machine->uarts->len; i++) {
		const BhMachineUart *uart = machine->uarts->pdata[i];
		BhMachineDevice *device =
			uart->device ? bh_machine_find_device(machine, uart->device) : NULL;

		if (device && uart->console)
			add_use(device, "console");
	}
	for (guint i = 0; i < machine->devices->len; i++) {
		BhMachineDevice *device = machine->devices->pdata[i];

		if (bh_root_number(root, 0, "/sys/bus/pci/devices/%s/boot_vga", device->address))
			add_use(device, "display");
	}
}
