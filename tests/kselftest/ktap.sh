#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# KTAP output and helpers shared by the kselftest scripts; sourced, not run.
#
# A script calls ktap_plan N, then gives N results (pass, fail, skip, check,
# is, at_least), then ktap_end, whose status is the script's own. KO is the
# directory that holds fastalloc.ko and the helper modules.

KO=${KO:-/lib/modules/$(uname -r)/updates}
DEBUGFS=/sys/kernel/debug
# shellcheck disable=SC2034 # for the scripts
FASTALLOC=$DEBUGFS/fastalloc

# Values of the public header's enums, for the scripts' configs.
# shellcheck disable=SC2034
{
PERCPU=0 SPINLOCK=1 NONE=2
LIFO=0 FIFO=1 LOWEST=2
AUTO=0 PAGES=1 VMALLOC=2
FIXED=0 LINEAR=1 EXPONENTIAL=2 CUSTOM=3
}

ktap_nr=0
ktap_planned=0
ktap_failed=0

ktap_plan() {
	ktap_planned=$1
	echo "KTAP version 1"
	echo "1..$1"
}

pass() {
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr $1"
}

# fail NAME [WHY...]
fail() {
	ktap_nr=$((ktap_nr + 1))
	ktap_failed=$((ktap_failed + 1))
	echo "not ok $ktap_nr $1"
	shift
	[ $# = 0 ] || note "$*"
}

# skip NAME WHY
skip() {
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr $1 # SKIP $2"
}

note() {
	echo "$*" | sed 's/^/# /'
}

# check NAME COMMAND...: passes if the command succeeds
check() {
	ktap_name=$1
	shift
	if "$@"; then
		pass "$ktap_name"
	else
		fail "$ktap_name" "failed: $*"
	fi
}

# refused NAME COMMAND...: passes if the command fails
refused() {
	ktap_name=$1
	shift
	if "$@"; then
		fail "$ktap_name" "succeeded: $*"
	else
		pass "$ktap_name"
	fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got '$2', wanted '$3'"
	fi
}

# at_least NAME GOT WANTED
at_least() {
	if [ "$2" -ge "$3" ]; then
		pass "$1"
	else
		fail "$1" "got $2, wanted at least $3"
	fi
}

# A missing or extra result is a failure, whatever the results were.
ktap_end() {
	if [ "$ktap_nr" != "$ktap_planned" ]; then
		note "planned $ktap_planned tests, saw $ktap_nr"
		return 1
	fi
	[ "$ktap_failed" = 0 ]
}

# wait_for SECONDS COMMAND...: waits until the command succeeds or time is up
wait_for() {
	ktap_until=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$ktap_until" ] || return 1
		usleep 50000
	done
}

# One value of a file of `key: value` lines.
value_of() {
	sed -n "s/^$2: *//p" "$1"
}

loaded() {
	grep -q "^$1 " /proc/modules
}

# load MODULE [PARAMETER=VALUE...]: unless the module is loaded already
load() {
	if ! loaded "$1"; then
		ktap_module=$1
		shift
		insmod "$KO/$ktap_module.ko" "$@"
	fi
}

unload() {
	! loaded "$1" || rmmod "$1"
}

# The kernel log from here on: call log_mark, do something, then log_since prints the
# kernel's own lines since, without time stamp and caller. (Output of the tests goes
# through the log too, marked by "> ".)
log_mark() {
	ktap_mark="fastalloc-selftest mark $$ $((ktap_marks = ${ktap_marks:-0} + 1))"
	echo "<6>$ktap_mark" >/dev/kmsg
}

log_since() {
	dmesg | sed -n "/$ktap_mark\$/,\$p" |
		sed -e 1d -e 's/^\[ *[0-9.]*\]\(\[ *[CT][0-9]*\]\)\{0,1\} //' |
		grep -v '^> '
}

# the lines of fastalloc among them
log_ours() { log_since | grep '^fastalloc: '; }

# expect_splat TEXT: announces to the checker of the log a splat whose header contains
# this text
expect_splat() {
	echo "<6>FASTALLOC-EXPECT: $1" >/dev/kmsg
}

# The number of unreferenced objects. Only those older than five seconds are reported,
# and only after two scans have found no reference.
kmemleak_scan() {
	echo scan >"$DEBUGFS/kmemleak"
	old=$(($(cut -d. -f1 /proc/uptime) + 6))
	until [ "$(cut -d. -f1 /proc/uptime)" -ge "$old" ]; do
		usleep 200000
	done
	echo scan >"$DEBUGFS/kmemleak"
	echo scan >"$DEBUGFS/kmemleak"
	grep -c '^unreferenced object' "$DEBUGFS/kmemleak"
}

# traces POOL [VALUE]: reads or writes the switch of its trace; prints ok, or what the
# write failed with
traces() {
	if [ $# = 1 ]; then
		cat "$FASTALLOC/$1/trace"
	elif (echo "$2" >"$FASTALLOC/$1/trace") 2>/tmp/error; then
		echo ok
	else
		sed 's/.*: //' /tmp/error
	fi
}

# pool COMMAND...: a command for fastalloc_test_pool; prints its result
pool() {
	echo "$*" >"$DEBUGFS/fastalloc_test_pool/ctl"
	cat "$DEBUGFS/fastalloc_test_pool/result"
}
