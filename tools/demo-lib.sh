# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the demonstrations share; sourced by them, in the board.

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

# heart MILLISECONDS: the file of a cell that says each so often that it lives.
heart()
{
	cat <<-END
		[Cell]
		Description=A program whose heart beats
		Cpus=count:1
		CommandLine=period-ms=$1
		HeartbeatSec=10

		[Memory ram]
		Size=1M
		GuestAddress=0

		[Memory comm]
		Type=comm

		[Image program]
		File=/usr/lib/bulkhead/payloads/heartbeat.bin

		[Service]
		Restart=on-failure
	END
}

# intruder: that of one that does what it must not do.
intruder()
{
	cat <<-'END'
		[Cell]
		Description=A program that reaches for what others own
		Cpus=count:1
		CommandLine=kind=memory-read address=0x20000000

		[Memory ram]
		Size=1M
		GuestAddress=0

		[Memory comm]
		Type=comm

		[Image program]
		File=/usr/lib/bulkhead/payloads/intruder.bin

		[Service]
		Restart=no
	END
}

cpus()
{
	cat /sys/devices/system/cpu/online
}
