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

cpus()
{
	cat /sys/devices/system/cpu/online
}
