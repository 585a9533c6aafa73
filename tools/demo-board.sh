#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The demonstration, as it runs in the board: one running Linux is divided, and made whole again. Each step says what is
# done, shows the command and what it prints, and is checked; the first that does not do what it says ends the script.
# The board has Debian, systemd and the packages of this build; everything is done as on any such machine.

. "$(dirname "$0")/demo-lib.sh"

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
	[ "$(bulkhead --json=short show "$1" | grep -o '"state":"[^"]*"')" = "\"state\":\"$2\"" ]
}

beat()
{
	journalctl -q -o cat BULKHEAD_CELL=heart | sed -n 's/^heartbeat \([0-9]*\).*/\1/p' | tail -n 1
}

beats_beyond()
{
	[ "$(beat)" -gt "$1" ]
}

# write NAME: a cell file from standard input, shown.
write()
{
	tee "/root/$1.cell" | sed 's/^/  | /'
}

cd /root || exit 1
title "A stock Debian is running, with nothing reserved for Bulkhead, and its packages installed"
do_it uname -srm
do_it cat /proc/cmdline
do_it dpkg-query -W 'bulkhead*'
before="CPUs $(cpus), $(blocks) memory blocks"
before_memory=$(memory)
seen "Linux has $before, $before_memory MiB"

title "The hypervisor slides under the running Linux"
do_it modprobe bulkhead
do_it bulkhead check
do_it bulkhead enable
do_it bulkhead status
seen "Linux now has CPUs $(cpus), $(blocks) memory blocks, $(memory) MiB; what the core and cells have is out of its reach"

title "A cell is a file, and a service: one CPU and a megabyte, where a payload runs alone"
heart 200 | write heart
do_it bulkhead apply heart.cell
do_it systemctl start bulkhead-cell@heart
within 20 beats_beyond 2 || fail "no heartbeat arrives in the journal"
do_it bulkhead list
do_it systemctl --no-pager --lines=4 status bulkhead-cell@heart
seen "Linux keeps CPUs $(cpus); what the cell says is in the journal"

title "A hostile cell reads memory that is not its own"
intruder | write intruder
do_it bulkhead apply intruder.cell
printf '# bulkhead start --wait intruder\n'
bulkhead start --wait intruder && fail "the intruder was not stopped"
within 20 state_is intruder failed || fail "the intruder did not fail"
do_it bulkhead events intruder
do_it bulkhead list
beat=$(beat)
within 20 beats_beyond $((beat + 2)) || fail "the heartbeat stopped with the intruder"
seen "only the intruder was stopped; the other cell's heart beats on ($beat, now $(beat))"

title "The daemon is killed, and nobody else notices"
do_it systemctl kill --signal=KILL bulkhead.service
within 30 state_is heart running || fail "the daemon did not come back"
beat=$(beat)
within 20 beats_beyond $((beat + 2)) || fail "the heartbeat stopped with the daemon"
[ "$(systemctl show --value -p NRestarts bulkhead-cell@heart)" = 0 ] || fail "the cell's unit was restarted"
do_it bulkhead list
seen "systemd started the daemon again, which found everything as it was ($beat, now $(beat))"

title "Both cells are destroyed, and their CPUs come back"
do_it systemctl stop bulkhead-cell@heart
do_it bulkhead destroy heart intruder
do_it bulkhead list
seen "Linux has CPUs $(cpus) again"

title "The hypervisor goes as it came"
do_it bulkhead disable
do_it rmmod bulkhead
after="CPUs $(cpus), $(blocks) memory blocks"
[ "$after" = "$before" ] || fail "Linux had $before, and now has $after"
# Linux counts the page structures of a block that came back as used memory, those of boot as no memory
# at all: so the total can be a little more than before.
[ "$(memory)" -ge "$before_memory" ] || fail "Linux had $before_memory MiB, and now has $(memory) MiB"
seen "Linux has $after, $(memory) MiB: as before"
