#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The demonstration as it runs in a board of arm64, which has busybox and no daemon: what the core and its module do, by the
# small command of the tests.

. "$(dirname "$0")/demo-lib.sh"
payloads=/usr/lib/bulkhead/payloads

# state_is CELL STATE
state_is()
{
	bulkhead-ctl --plain list | grep -q "name=$1 state=$2 "
}

beat()
{
	bulkhead-ctl console heart | sed -n 's/^heartbeat \([0-9]*\).*/\1/p' | tail -n 1
}

beats_beyond()
{
	[ "$(beat)" -gt "$1" ]
}

cd /root || exit 1
title "A stock Debian kernel is running at EL1, with nothing reserved for Bulkhead"
do_it uname -srm
do_it cat /proc/cmdline
before="CPUs $(cpus)"
seen "Linux has $before"

title "The hypervisor slides under the running Linux, at EL2"
do_it modprobe bulkhead
do_it bulkhead-ctl enable
do_it bulkhead-ctl info
seen "Linux still has CPUs $(cpus)"

title "A cell gets one CPU and a megabyte, where a payload runs alone"
do_it bulkhead-ctl create --name heart --cpus 2 --memory 1M@0 --comm 0x80000000 --console
do_it bulkhead-ctl load heart $payloads/heartbeat.bin --text period-ms=200@0x1000
do_it bulkhead-ctl start heart
within 20 beats_beyond 2 || fail "no heartbeat arrives on the console"
do_it bulkhead-ctl console heart
do_it bulkhead-ctl list
seen "Linux keeps CPUs $(cpus)"

title "A hostile cell reads memory that is not its own"
do_it bulkhead-ctl create --name intruder --cpus 3 --memory 1M@0 --comm 0x80000000 --console
do_it bulkhead-ctl load intruder $payloads/intruder.bin --text "kind=memory-read address=0x40000000@0x1000"
do_it bulkhead-ctl start intruder
within 20 state_is intruder failed || fail "the intruder was not stopped"
do_it bulkhead-ctl console intruder
do_it bulkhead-ctl events
do_it bulkhead-ctl list
beat=$(beat)
within 20 beats_beyond $((beat + 2)) || fail "the heartbeat stopped with the intruder"
seen "only the intruder was stopped; the other cell's heart beats on ($beat, now $(beat))"

title "Both cells are destroyed, and their CPUs come back"
do_it bulkhead-ctl destroy intruder
do_it bulkhead-ctl destroy heart
do_it bulkhead-ctl list
seen "Linux has CPUs $(cpus) again"

title "The hypervisor goes as it came"
do_it bulkhead-ctl disable
do_it rmmod bulkhead
after="CPUs $(cpus)"
[ "$after" = "$before" ] || fail "Linux had $before, and now has $after"
seen "Linux has $after: as before"
