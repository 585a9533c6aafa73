# SPDX-License-Identifier: GPL-2.0-or-later
#
# Places and helpers that the tools share; sourced, not run.

# shellcheck disable=SC2034
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BULKHEAD_BUILD:-$top/build}
stage=${BULKHEAD_STAGE:-$build/stage}
cache=${BULKHEAD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/bulkhead}

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$@"
	exit 1
}

# The kernel series that tools/packages names, one per line.
kernel_series()
{
	sed -n 's/^kernel \([^ ]*\) .*/\1/p' "$top/tools/packages"
}

# kernel_root SERIES: the directory where tools/setup unpacked that kernel.
kernel_root()
{
	printf '%s/kernel-%s\n' "$cache" "$1"
}

# kernel_release SERIES: the release (uname -r) of the unpacked kernel; fails if there is none.
kernel_release()
{
	local file
	file=$(kernel_root "$1")/release
	[ -r "$file" ] && cat "$file"
}

# The series that are unpacked and can be built for and booted.
kernels_available()
{
	local series
	for series in $(kernel_series); do
		if kernel_release "$series" >/dev/null; then
			echo "$series"
		fi
	done
}
