#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The demonstration, as it runs in the board: one running Linux is divided, and made whole again. Each step says what is
# done, shows the command and what it prints, and is checked; the first that does not do what it says ends the script.

payloads=/usr/lib/bulkhead/payloads
step=0

title()
{
	step=$((step + 1))
	printf '\n--- %d. %s\n' "$step" "$1"
}

# do_it COMMAND…: shows a command and runs it.
do_it()
{
	printf '# %s\n' "$*"
	"$@" || fail "'$*' ended with status $?"
}

seen()
{
	printf '  => %s\n' "$1"
}

fail()
{
	printf '\nThe demonstration failed in step %d: %s\n' "$step" "$1"
	exit 1
}

# within SECONDS COMMAND…: waits until the command succeeds.
within()
{
	local end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -le "$end" ] || return 1
		sleep 0.1
	done
}

cpus()
{
	cat /sys/devices/system/cpu/online
}

blocks()
{
	cat /sys/devices/system/memory/memory*/state | grep -c online
}

memory()
{
	awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo
}

state_is()
{
	bulkhead-ctl list | grep -E "^[0-9]+ +$1 +$2\b"
}

event_about()
{
	bulkhead-ctl events | grep -w "$1"
}

# Lines like "heartbeat 42" on the serial port that belongs to the cell; the file is on the far side of its cable.
beats()
{
	grep -c '^heartbeat [0-9]' /mnt/share/serial2
}

beats_beyond()
{
	[ "$(beats)" -gt "$1" ]
}

title "A stock Debian is running, with nothing reserved for Bulkhead"
do_it uname -sr
do_it cat /proc/cmdline
before="CPUs $(cpus), $(blocks) memory blocks"
before_memory=$(memory)
seen "Linux has $before, $before_memory MiB"

title "The core slides under the running Linux"
do_it modprobe bulkhead
do_it bulkhead-ctl enable
do_it bulkhead-ctl info
seen "Linux now has CPUs $(cpus), $(blocks) memory blocks, $(memory) MiB; the rest of its memory is for the core and for cells"

title "CPU 3, a megabyte of memory and the second serial port become a cell, and a payload runs there alone"
do_it bulkhead-ctl create --name heart --cpus 3 --memory 1M@0 --comm 0x100000 --uart 0x2f8 --pio 0x2f8,8
do_it bulkhead-ctl load heart "$payloads/heartbeat.bin" --text "period-ms=200@0x1000"
do_it bulkhead-ctl start heart
within 20 beats_beyond 3 || fail "no heartbeat arrives on the serial port"
do_it head -n 3 /mnt/share/serial2
do_it bulkhead-ctl list
seen "Linux keeps CPUs $(cpus); what the cell says comes from its own serial port"

title "A hostile cell on CPU 2 reads memory that is not its own"
do_it bulkhead-ctl create --name intruder --cpus 2 --memory 1M@0 --comm 0x100000 --console
do_it bulkhead-ctl load intruder "$payloads/intruder.bin" --text "kind=memory-read address=0x20000000@0x1000"
do_it bulkhead-ctl start intruder
within 20 state_is intruder failed || fail "the intruder was not stopped"
within 5 event_about intruder || fail "no event tells what the intruder did"
do_it bulkhead-ctl events
do_it bulkhead-ctl list
count=$(beats)
within 20 beats_beyond $((count + 2)) || fail "the heartbeat stopped with the intruder"
seen "only the intruder was stopped; the other cell's heart beats on ($count, now $(beats))"

title "Both cells are destroyed, and their CPUs come back"
do_it bulkhead-ctl destroy intruder
do_it bulkhead-ctl destroy heart
do_it bulkhead-ctl list
seen "Linux has CPUs $(cpus) again"

title "The core goes as it came"
do_it bulkhead-ctl disable
do_it rmmod bulkhead
after="CPUs $(cpus), $(blocks) memory blocks"
[ "$after" = "$before" ] || fail "Linux had $before, and now has $after"
# Linux counts the page structures of a block that came back as used memory, those of boot as no memory
# at all: so the total can be a little more than before.
[ "$(memory)" -ge "$before_memory" ] || fail "Linux had $before_memory MiB, and now has $(memory) MiB"
seen "Linux has $after, $(memory) MiB: as before"
