// SPDX-License-Identifier: GPL-2.0-or-later
/* How the library tells what /dev/bulkhead answers. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>
#include "bh-device.h"

/* Any device that knows none of our calls answers like a module whose calls are others. */
static void test_another_release(void)
{
	struct bh_device_error error = {0};
	struct bh_info info;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(bh_device_info(fd, &info, &error), ==, -ENOTTY);
	g_test_message("%s", error.text);
	g_assert_true(
		g_str_has_prefix(error.text, "the module that is loaded is of another release"));
	g_assert_nonnull(g_strstr_len(error.text, -1, "rmmod bulkhead"));
	g_assert_cmpint(error.errno_, ==, ENOTTY);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/device/another-release", test_another_release);
	return g_test_run();
}
