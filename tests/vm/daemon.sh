# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of the daemon on a board without a system, sourced: a bus of its own, the daemon on it, and the command. The test asks for
# them (share: dbus-daemon bulkheadd bulkhead), which are put onto the board with their libraries, and taken away again.

programs=/mnt/share/programs
work=/run/daemon
bus=unix:path=$work/bus

# bulkhead VERB…: the command, which talks with this daemon, and waits for nothing for ever.
bulkhead()
{
	timeout 120 /usr/bin/bulkhead --address=$bus "$@"
}

# daemon_start: what it says is in $work/said. Not to be called by check, whose command is not this shell's child.
daemon_start()
{
	mkdir -p $work/cells
	(cd $programs && find . -type f -o -type l) >$work/files
	cp -r $programs/usr /
	cat >$work/bus.conf <<-END
		<busconfig>
		  <listen>$bus</listen>
		  <auth>EXTERNAL</auth>
		  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
		</busconfig>
	END
	dbus-daemon --config-file=$work/bus.conf --nofork --nopidfile >$work/bus-said 2>&1 &
	bus_daemon=$!
	await 60 test -S $work/bus
	/usr/libexec/bulkheadd --address=$bus --cells-directory=$work/cells --state-directory=$work/state \
		--runtime-directory=$work/runtime >$work/said 2>&1 &
	daemon=$!
	check "the daemon comes" await 120 bulkhead list
}

# daemon_stop: and looks whether it ends well.
daemon_stop()
{
	local code=0
	kill $daemon
	wait $daemon || code=$?
	kill $bus_daemon
	wait $bus_daemon || :
	while read -r file; do
		rm -f "/$file"
	done <$work/files
	[ $code = 0 ] || note "$(cat $work/said)"
	is "the daemon ends well" $code 0
	rm -r $work
}

# machine_has PART TYPE ADDRESS NOTE: a line of "bulkhead machine", kept in /tmp/machine, has these, as extended patterns.
machine_has()
{
	like "the machine has: $1 $2" "$(cat /tmp/machine)" "^$1 +$2 +$3 *$4"
}
