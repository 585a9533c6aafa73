/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds a link open and mapped until it goes, and then looks at what it has: zeros of its own, and no crash.
 *
 *	link-hold LINK
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bulkhead-link.h>

#define PATTERN 0x5a

static int count, failed;

static void check(const char *what, int good)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++count, what);
	fflush(stdout);
	failed |= !good;
}

static int all_zero(const volatile unsigned char *at, size_t size)
{
	while (size && !at[size - 1])
		size--;
	return !size;
}

int main(int argc, char **argv)
{
	size_t rw_size, size;
	struct bhl *link;
	void *rw, *own;
	int status = bhl_open(argc > 1 ? argv[1] : NULL, &link);

	if (status) {
		fprintf(stderr, "link-hold: %s\n", strerror(-status));
		return 1;
	}
	rw = bhl_rw(link, &rw_size);
	own = bhl_own_output(link, &size);
	bhl_set_state(link, 1);
	memset(rw, PATTERN, rw_size);
	memset(own, PATTERN, size);
	check("the link is held", bhl_state(link, bhl_id(link)) == 1 && !all_zero(own, size));
	do
		status = bhl_wait(link, -1);
	while (status >= 0 || status == -EINTR);
	check("it is gone", status == -EIO);
	check("its read-write section reads as zeros", all_zero(rw, rw_size));
	check("so does the own output", all_zero(own, size));
	check("so does that of another", all_zero(bhl_output(link, 0, &size), size));
	/* Where nobody sees it. */
	memset(rw, PATTERN, rw_size);
	bhl_ring(link, 0, 0);
	bhl_set_state(link, 1);
	check("so does the state table", !bhl_state(link, bhl_id(link)));
	bhl_close(link);
	return failed;
}
