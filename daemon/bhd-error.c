// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhd-error.h"

#define PREFIX "org.bulkhead1.Error."

static const GDBusErrorEntry entries[] = {
	{BHD_ERROR_FAILED, PREFIX "Failed"},
	{BHD_ERROR_INVALID_ARGUMENT, PREFIX "InvalidArgument"},
	{BHD_ERROR_UNKNOWN_OPTION, PREFIX "UnknownOption"},
	{BHD_ERROR_INVALID_CONFIG, PREFIX "InvalidConfig"},
	{BHD_ERROR_NOT_FOUND, PREFIX "NotFound"},
	{BHD_ERROR_EXISTS, PREFIX "Exists"},
	{BHD_ERROR_WRONG_STATE, PREFIX "WrongState"},
	{BHD_ERROR_BUSY, PREFIX "Busy"},
	{BHD_ERROR_CONFLICT, PREFIX "Conflict"},
	{BHD_ERROR_DENIED, PREFIX "Denied"},
	{BHD_ERROR_MACHINE, PREFIX "Machine"},
	{BHD_ERROR_CANCELLED, PREFIX "Cancelled"},
	{BHD_ERROR_NOT_AUTHORIZED, PREFIX "NotAuthorized"},
	{BHD_ERROR_NOT_AUTHORIZED_CAN_OBTAIN, PREFIX "NotAuthorizedCanObtain"},
	{BHD_ERROR_NOT_SUPPORTED, PREFIX "NotSupported"},
};
G_STATIC_ASSERT(G_N_ELEMENTS(entries) == BHD_ERROR_COUNT);

GQuark bhd_error_quark(void)
{
	static gsize quark;

	g_dbus_error_register_error_domain("bhd-error-quark", &quark, entries,
					   G_N_ELEMENTS(entries));
	return (GQuark)quark;
}

static BhdError core_code(const struct bh_error *core)
{
	switch (core->code) {
	case BH_E_NO_SUCH_CELL:
		return BHD_ERROR_NOT_FOUND;
	case BH_E_CELL_DENIED:
	case BH_E_CELL_LOCKED:
		return BHD_ERROR_DENIED;
	case BH_E_CELL_STATE:
		return BHD_ERROR_WRONG_STATE;
	case BH_E_ID_EXISTS:
	case BH_E_NAME_EXISTS:
		return BHD_ERROR_EXISTS;
	case BH_E_BUSY:
	case BH_E_CELLS_EXIST:
		return BHD_ERROR_BUSY;
	default:
		return BHD_ERROR_MACHINE;
	}
}

static BhdError device_code(const struct bh_device_error *device)
{
	switch (device->reason) {
	case BH_R_CORE:
		return core_code(&device->core);
	case BH_R_ARGUMENT:
		return BHD_ERROR_INVALID_ARGUMENT;
	case BH_R_STATE:
		return BHD_ERROR_WRONG_STATE;
	case BH_R_INTERRUPTED:
		return BHD_ERROR_CANCELLED;
	default:
		return BHD_ERROR_MACHINE;
	}
}

void bhd_error_set_device(GError **error, const struct bh_device_error *device)
{
	g_autofree char *text = g_utf8_make_valid(device->text, -1);

	g_set_error(error, BHD_ERROR, device_code(device), "%s",
		    *text ? text : g_strerror(device->errno_));
}

GError *bhd_error_translate(GError *error)
{
	BhdError code = BHD_ERROR_FAILED;

	if (error->domain == BHD_ERROR)
		return error;
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		code = BHD_ERROR_CANCELLED;
	else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
		 g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		code = BHD_ERROR_NOT_FOUND;
	g_dbus_error_strip_remote_error(error);
	error->domain = BHD_ERROR;
	error->code = code;
	return error;
}

gboolean bhd_error_return(GDBusMethodInvocation *invocation, GError *error)
{
	g_dbus_method_invocation_take_error(invocation, bhd_error_translate(error));
	return TRUE;
}
