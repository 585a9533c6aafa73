// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include "bhd-directory.h"

#define SUFFIX_LENGTH 7 /* ".XXXXXX" */

int bhd_directory_lock(const char *path, BhdDirectoryUse *use)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*use = BHD_DIRECTORY_UNKNOWN;
	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		*use = BHD_DIRECTORY_ALONE;
	else if (fd >= 0 && errno == EWOULDBLOCK)
		*use = BHD_DIRECTORY_OTHERS;
	return fd;
}

void bhd_directory_share(int fd)
{
	flock(fd, LOCK_SH | LOCK_NB);
}

static char *written_file(const char *name)
{
	gsize length = strlen(name);

	if (length <= SUFFIX_LENGTH || name[length - SUFFIX_LENGTH] != '.')
		return NULL;
	for (const char *c = name + length - SUFFIX_LENGTH + 1; *c; c++)
		if (!g_ascii_isalnum(*c))
			return NULL;
	return g_strndup(name, length - SUFFIX_LENGTH);
}

void bhd_directory_clean(const char *path, BhdDirectoryIsLeftover is_leftover)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *written = written_file(name);
		g_autofree char *victim = NULL;

		if (!is_leftover(name, written))
			continue;
		victim = g_build_filename(path, name, NULL);
		if (unlink(victim))
			g_warning("%s is of no use, and could not be removed: %s", victim,
				  g_strerror(errno));
		else
			g_message("%s was left by a daemon that was killed: it is removed", victim);
	}
}
