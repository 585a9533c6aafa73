/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filling in why a request is refused. */
#ifndef HV_ERROR_H
#define HV_ERROR_H

#include <bulkhead/error.h>
#include <hv/core/types.h>

static inline bool error_fill(struct bh_error *error, struct bh_error value)
{
	*error = value;
	return false;
}

/* error_set(e, BH_E_CODE, .value = …): always false, so that checks can return it. */
#define error_set(error, code_, ...) \
	error_fill((error), (struct bh_error){.code = (code_), ##__VA_ARGS__})

/* The negative result that goes with a code. */
long error_result(const struct bh_error *error);

#endif
