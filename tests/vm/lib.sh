# SPDX-License-Identifier: GPL-2.0-or-later
#
# What test scripts use, in the board (NAME.test, sourced for them) and on the host (NAME.hosttest, which source it).
# Every check prints one TAP line; the plan is printed when the script ends. A script that ends early, by "exit" with a
# status other than 0 or by a shell error, has failed.

count=0

# Of the board, and where payloads have the comm region there.
case ${BULKHEAD_ARCH-$(uname -m)} in
arm64 | aarch64) arch=arm64 comm=0x80000000 ;;
*) arch=amd64 comm=0x100000 ;;
esac

# ok WHAT
ok()
{
	count=$((count + 1))
	echo "ok $count - $1"
}

# not_ok WHAT [WHY]
not_ok()
{
	count=$((count + 1))
	echo "not ok $count - $1"
	[ -z "${2-}" ] || note "$2"
}

# skip WHAT WHY: a check that cannot be made here.
skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# note TEXT: lines for the reader.
note()
{
	printf '%s\n' "$1" | sed 's/^/# /'
}

# check WHAT COMMAND…: the command succeeds.
check()
{
	local what=$1 answer code=0
	shift
	answer=$("$@" 2>&1) || code=$?
	if [ $code = 0 ]; then
		ok "$what"
	else
		not_ok "$what" "'$*' ended with $code: $answer"
	fi
}

# refused WHAT PATTERN COMMAND…: the command fails, and what it says matches the extended pattern.
refused()
{
	local what=$1 pattern=$2 answer code=0
	shift 2
	answer=$("$@" 2>&1) || code=$?
	if [ $code = 0 ]; then
		not_ok "$what" "'$*' succeeded: $answer"
	elif printf '%s\n' "$answer" | grep -qE -e "$pattern"; then
		ok "$what"
	else
		not_ok "$what" "'$*' did not say /$pattern/ but: $answer"
	fi
}

# is WHAT ACTUAL EXPECTED
is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "is '$2', expected '$3'"
	fi
}

# like WHAT TEXT PATTERN: a line of the text matches the extended pattern.
like()
{
	if printf '%s\n' "$2" | grep -qE -e "$3"; then
		ok "$1"
	else
		not_ok "$1" "no /$3/ in: $2"
	fi
}

# often TIMES ALL: how many times the same is done; all of them under tools/check --thorough.
often()
{
	if [ -n "${BULKHEAD_TEST_THOROUGH-}" ]; then echo "$2"; else echo "$1"; fi
}

# await SECONDS COMMAND…: waits until the command succeeds, looking ten times a second, at most this long. For things
# that cannot be waited for by reading; where a read blocks until it has something, use await_line.
await()
{
	local end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -le "$end" ] || return 1
		sleep 0.1
	done
}

# await_line SECONDS PATTERN COMMAND…: waits until the command, which may run on for ever, prints a line that matches the
# extended pattern, at most this long. Prints that line.
await_line()
{
	local seconds=$1 pattern=$2
	shift 2
	timeout "$seconds" "$@" 2>/dev/null | grep -m 1 -E -e "$pattern"
}

# allow_dmesg PATTERN: lines of the kernel's log that match are expected by this test.
allow_dmesg()
{
	printf '%s\n' "$1" >>"${allowed_dmesg:?allow_dmesg is for tests in the board}"
}

# memory_free: Linux' free memory in KiB, without what it can read again, with what each CPU keeps for itself (tens of
# MiB since Linux 6.7).
memory_free()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk -v page="$(getconf PAGESIZE 2>/dev/null || echo 4096)" '
		/nr_free_pages/ || $1 == "count:" { pages += $2 }
		END { print pages * page / 1024 }' /proc/zoneinfo
}

# no_orphans: no connection is left that its program has closed or died with, and whose data still wait for a peer.
no_orphans()
{
	grep -q ' orphan 0 ' /proc/net/sockstat
}

finish_tests()
{
	local code=$?
	[ $code = 0 ] || not_ok "the script came to its end" "it ended with status $code"
	echo "1..$count"
}
trap finish_tests EXIT
