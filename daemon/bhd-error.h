/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The errors of the D-Bus API, org.bulkhead1.Error.*: what each means stands with the interface Manager. */
#ifndef BHD_ERROR_H
#define BHD_ERROR_H

#include <gio/gio.h>
#include "bh-device.h"

G_BEGIN_DECLS

#define BHD_ERROR (bhd_error_quark())
typedef enum {
	BHD_ERROR_FAILED,
	BHD_ERROR_INVALID_ARGUMENT,
	BHD_ERROR_UNKNOWN_OPTION,
	BHD_ERROR_INVALID_CONFIG,
	BHD_ERROR_NOT_FOUND,
	BHD_ERROR_EXISTS,
	BHD_ERROR_WRONG_STATE,
	BHD_ERROR_BUSY,
	BHD_ERROR_CONFLICT,
	BHD_ERROR_DENIED,
	BHD_ERROR_MACHINE,
	BHD_ERROR_CANCELLED,
	BHD_ERROR_NOT_AUTHORIZED,
	BHD_ERROR_NOT_AUTHORIZED_CAN_OBTAIN,
	BHD_ERROR_NOT_SUPPORTED,
	BHD_ERROR_COUNT
} BhdError;
GQuark bhd_error_quark(void);

/* What the machine refused, as one of these. */
void bhd_error_set_device(GError **error, const struct bh_device_error *device);

/* Any error as one of these, so that clients see no foreign domain. Takes @error. */
GError *bhd_error_translate(GError *error);

/* Answers a call with it. Takes @error and @invocation; TRUE, as a handler returns. */
gboolean bhd_error_return(GDBusMethodInvocation *invocation, GError *error);

G_END_DECLS

#endif
