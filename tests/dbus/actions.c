// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the table of methods and their polkit actions, for a test to compare with the interfaces. */

#include "bh-dbus.h"
#include "bhd-authority.h"

static void print_interface(const GDBusInterfaceInfo *info)
{
	for (guint i = 0; info->methods && info->methods[i]; i++) {
		const char *method = info->methods[i]->name;
		const char *action = bhd_authority_action(info->name, method);

		if (action)
			g_print("%s.%s %s\n", info->name, method, action);
	}
}

int main(void)
{
	print_interface(bh_dbus_manager_interface_info());
	print_interface(bh_dbus_machine_interface_info());
	print_interface(bh_dbus_cell_interface_info());
	print_interface(bh_dbus_link_interface_info());
	print_interface(bh_dbus_health_interface_info());
	print_interface(bh_dbus_job_interface_info());
	return 0;
}
