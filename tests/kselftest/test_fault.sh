#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each allocation made while a pool is created or grown fails in turn (by failslab,
# fail_page_alloc, and fail_fastalloc, which fastalloc provides), and so does each
# call that allocates from it. Every call must return an error cleanly, without a
# leak; the pool stays usable, and the kernel reports nothing.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

# each order with one backing, each backing with one order, and the special ones
KINDS="0 1 2 3 4 5 6 7 12 13 18 19 20 21 22 23"
fault=$DEBUGFS/fastalloc_test_fault

if [ ! -d $DEBUGFS/failslab ] || [ ! -d $DEBUGFS/fail_page_alloc ]; then
	ktap_plan 1
	skip "creation and growth without memory" "kernel without fault injection"
	ktap_end
	exit
fi
ktap_plan 65

# Count only allocations of the helper itself: it arms the fault.
for a in failslab fail_page_alloc; do
	echo 0 >$DEBUGFS/$a/probability
	echo -1 >$DEBUGFS/$a/times
	echo N >$DEBUGFS/$a/ignore-gfp-wait
	echo 0 >$DEBUGFS/$a/verbose
done
echo N >$DEBUGFS/fail_page_alloc/ignore-gfp-highmem
echo 0 >$DEBUGFS/fail_page_alloc/min-order

log_mark
check "loads" load fastalloc
# It counts too, and reports with a stack trace.
if [ -d $DEBUGFS/fail_fastalloc ]; then
	echo 0 >$DEBUGFS/fail_fastalloc/verbose
fi
check "the helper loads" load fastalloc_test_fault
knob=$DEBUGFS/fail_fastalloc
check "fail_fastalloc is there" test -d $knob
echo 0 >$knob/verbose

sweep() {
	# On one CPU: objects in another CPU's cache would be found later.
	taskset 1 sh -c "echo $2 >$fault/$1"
	note "$1, kind $2: $(tr '\n' ' ' <$fault/report)"
	if [ "$(value_of $fault/report errors)" = 0 ] &&
	   [ "$(value_of $fault/report refused)" -ge 2 ]; then
		pass "$1 fails cleanly at every point, kind $2"
	else
		fail "$1 fails cleanly at every point, kind $2"
	fi
}

# Before other messages use up the ratelimit, which is ten lines of a kind.
mark=$ktap_mark
log_mark
sweep create 24
lines=$(log_ours | grep -c ': no memory for ')
refused=$(value_of $fault/report refused)
is "a line in the log for each creation that found no memory" \
	"$((lines > refused || (lines < refused && lines < 10)))" 0
ktap_mark=$mark
for kind in $KINDS; do
	sweep create "$kind"
done
for kind in $KINDS; do
	sweep grow "$kind"
done
for kind in 0 1 2 3 4 5 18; do
	sweep calls "$kind"
done

# With the debugfs files, as for the test of a consumer. knobs PROBABILITY INTERVAL
# TIMES
knobs() {
	echo 0 >$knob/probability
	echo "$2" >$knob/interval
	echo "$3" >$knob/times
	echo "$1" >$knob/probability
}

# some NR: prints how many of NR single allocations succeeded
some() {
	got=0
	for _ in $(seq "$1"); do
		got=$((got + $(pool alloc knob 1)))
	done
	echo $got
}

ENOMEM=12
check "pools by hand" load fastalloc_test_pool
for sync in $PERCPU $SPINLOCK $NONE; do
	knobs 100 1 1
	is "one creation fails, sync $sync" "$(pool create name=knob sync="$sync")" -$ENOMEM
	is "the next does not, sync $sync" "$(pool create name=knob sync="$sync")" 0
	knobs 100 1 1
	is "one allocation fails, sync $sync" "$(some 3)" 2
	knobs 100 4 -1
	is "every fourth fails, sync $sync" "$(some 12)" 9
	knobs 0 1 -1
	is "none fails, sync $sync" "$(some 3)" 3
	pool destroy knob >/dev/null
done
# Promise: fault injection and sanitizers that are not enabled cost a pool nothing.
echo N >/sys/module/fastalloc/parameters/sanitize
for kind in 0:none 1:check; do
	knobs "${kind%%:*}" 1000000 -1
	pool create name=knob >/dev/null
	is "probability ${kind%%:*}, sanitize N: flags of a new pool" \
		"$(value_of $DEBUGFS/fastalloc/knob/config flags)" "${kind#*:}"
	knobs 0 1 -1
	pool destroy knob >/dev/null
done
echo Y >/sys/module/fastalloc/parameters/sanitize
unload fastalloc_test_pool

unload fastalloc_test_fault
check "unloads" rmmod fastalloc
if [ -w $DEBUGFS/kmemleak ]; then
	is "kmemleak finds nothing" "$(kmemleak_scan)" 0
else
	skip "kmemleak finds nothing" "kernel without kmemleak"
fi
is "the kernel has no complaint" \
	"$(log_since | grep -E '(WARNING:|BUG:|BUG |fault in pool)')" ""
ktap_end
