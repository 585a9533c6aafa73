/* SPDX-License-Identifier: MIT */
/*
 * The date, where a PC has it: IBM PC/AT Technical Reference, "Real-Time Clock/CMOS RAM Information". The block says what
 * time it was when it was made, and the TSC has gone on since, also where the cell starts again with what was loaded once.
 */
#include <bulkhead/pc.h>
#include <guest/comm.h>
#include <guest/cpu.h>
#include "linux-loader.h"

#define DAY 86400u
/* 1 March of year 0, from which leap days are the last ones of their years, to 1 January 1970. */
#define DAYS_TO_1970 719468u
#define DAYS_OF_400_YEARS 146097u

static void put(uint8_t index, unsigned int value)
{
	port_out8(BH_PC_CMOS_INDEX, index);
	port_out8(BH_PC_CMOS_DATA, (uint8_t)value);
}

static void put_decimal(uint8_t index, unsigned int value)
{
	put(index, value / 10 << 4 | value % 10);
}

static void put_date(unsigned int days)
{
	unsigned int since = days + DAYS_TO_1970, day = since % DAYS_OF_400_YEARS;
	/* A leap day each 4 years, none each 100, and the last day of the 400 years is one, too. */
	unsigned int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned int month; /* 0: March */

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153; /* five of them have 153 days, always in the same order */
	day -= (153 * month + 2) / 5;
	year += since / DAYS_OF_400_YEARS * 400 + (month >= 10);
	put_decimal(6, (days + 4) % 7 + 1); /* Sunday is 1; 1970 began with a Thursday */
	put_decimal(7, day + 1);
	put_decimal(8, month < 10 ? month + 3 : month - 9);
	put_decimal(9, year % 100);
}

void clock_put(const struct bh_linux_params *params)
{
	uint64_t now = params->time;
	unsigned int second;

	if (!params->time_tsc || !comm_region->tsc_khz)
		return;
	now += (tsc_read() - params->time_tsc) / comm_region->tsc_khz / 1000;
	second = now % DAY;
	put_decimal(0, second % 60);
	put_decimal(2, second / 60 % 60);
	put_decimal(4, second / 3600);
	put_date((unsigned int)(now / DAY));
	put(10, 0x26); /* the usual divider and rate; no update is in progress */
	put(11, 0x02); /* 24 hours, decimal digits */
	put(12, 0);
	put(13, 0x80); /* valid */
}
