/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event record as a sentence for people, or as key=value pairs for programs. */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include <bulkhead/device.h>

/* info may be NULL: then cells go by their numbers. */
void event_print_sentence(const struct bh_event *event, const struct bh_info *info);
void event_print_plain(const struct bh_event *event);

#endif
