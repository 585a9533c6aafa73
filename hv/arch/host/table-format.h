/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hosted core uses x86's entries. */
#include <hv/arch/x86/table-format.h>
