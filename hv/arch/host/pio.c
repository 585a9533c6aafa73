/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ports.h"
#include "../x86/pio.c"
