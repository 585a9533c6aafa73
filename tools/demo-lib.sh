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

# cell DESCRIPTION IMAGE ARGUMENTS RESTART [LINE]: the file of a cell in which a payload runs alone; LINE ends its first section.
cell()
{
	cat <<-END
		[Cell]
		Description=$1
		Cpus=count:1
		CommandLine=$3${5:+
		$5}

		[Memory ram]
		Size=1M
		GuestAddress=0

		[Memory comm]
		Type=comm

		[Image program]
		File=/usr/lib/bulkhead/payloads/$2.bin

		[Service]
		Restart=$4
	END
}

# heart MILLISECONDS: one that says each so often that it lives.
heart()
{
	cell "A program whose heart beats" heartbeat "period-ms=$1" on-failure HeartbeatSec=10
}

# intruder: one that does what it must not do.
intruder()
{
	cell "A program that reaches for what others own" intruder "kind=memory-read address=0x20000000" no
}

cpus()
{
	cat /sys/devices/system/cpu/online
}
