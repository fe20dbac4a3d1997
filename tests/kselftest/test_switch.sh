#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The switch of the trace of allocations and frees: what may be written to it, and that every pool
# is sound before and after, also if it is switched while all contexts use the pool. Kernels without
# trace events have it, too; test_trace.sh has the events.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

F_CHECK=8 F_HANDLES=128 F_INIT_ON_FREE=1024 F_TRACE=$((1 << 18))

# sound POOL: whether a check of it finds nothing, while nobody uses it
sound() {
	cat "$FASTALLOC/$1/check" >/tmp/check
	echo "$(value_of /tmp/check quiet) $(value_of /tmp/check faults)"
}

# cached POOL: objects in the caches of all CPUs
cached() { awk 'NR > 1 { n += $3 + $4 } END { print n + 0 }' "$FASTALLOC/$1/cpus"; }

ktap_plan 56
check "loads" load fastalloc
# Sanitizers make a pool take the full path anyway, and its objects larger.
echo N >/sys/module/fastalloc/parameters/sanitize
check "the helper loads" load fastalloc_test_pool

pool create name=flag capacity=4 flags=$F_TRACE >/dev/null
is "a pool with the flag is switched on" "$(traces flag) $(value_of "$FASTALLOC/flag/config" flags)" "1 trace"
is "off" "$(traces flag 0) $(traces flag)" "ok 0"
is "off, again" "$(traces flag 0) $(traces flag)" "ok 0"
is "and on" "$(traces flag 1) $(traces flag)" "ok 1"
pool destroy flag >/dev/null
echo T,named* >/sys/module/fastalloc/parameters/debug
pool create name=named capacity=4 >/dev/null
pool create name=other capacity=4 >/dev/null
is "the letter T does the same" "$(traces named) $(traces other)" "1 0"
echo >/sys/module/fastalloc/parameters/debug
pool destroy named >/dev/null
pool destroy other >/dev/null

pool create name=owner sync=$NONE capacity=4 >/dev/null
log_mark
is "not on a pool of sync none" "$(traces owner 1)" "Operation not supported"
is "which the log explains" "$(log_ours)" "fastalloc: pool owner: trace: sync=none: only if created with FASTALLOC_F_TRACE"
for text in 2 on -1 ""; do
	log_mark
	is "'$text' is no value" "$(traces owner "$text")" "Invalid argument"
	is "and the log says so" "$(log_ours)" "fastalloc: pool owner: trace: takes nothing but 0 and 1"
done
is "the switch is for root" "$(stat -c %a "$FASTALLOC/owner/trace")" 600
pool destroy owner >/dev/null
pool create name=owner sync=$NONE capacity=4 flags=$F_TRACE >/dev/null
is "but one with the flag can be switched" "$(traces owner 0) $(pool alloc owner 4) $(traces owner 1) $(pool free owner 4)" "ok 4 ok 4"
pool destroy owner >/dev/null

# every kind of pool, with objects out
for kind in "sync=$PERCPU" "sync=$PERCPU flags=$F_HANDLES" "sync=$PERCPU flags=$F_CHECK" \
	"sync=$PERCPU flags=$F_INIT_ON_FREE" "sync=$SPINLOCK" "sync=$SPINLOCK order=$FIFO" \
	"sync=$SPINLOCK order=$LOWEST" "sync=$SPINLOCK flags=$F_HANDLES"; do
	# shellcheck disable=SC2086 # words
	pool create name=live capacity=300 $kind >/dev/null
	pool alloc live 100 >/dev/null
	is "on: $kind" "$(traces live 1) $(pool alloc live 50) $(pool bulk live 50) $(pool free live 150) $(sound live)" "ok 50 50 150 yes 0"
	is "all of it can be allocated" "$(pool alloc live 250) $(pool free live 300)" "250 300"
	is "off: $kind" "$(traces live 0) $(pool alloc live 300) $(sound live) $(pool free live 300) $(sound live)" "ok 300 yes 0 300 yes 0"
	pool destroy live >/dev/null
done

# inline again, and destroyed while it is on
pool create name=cpus sync=$PERCPU capacity=300 >/dev/null
pool alloc cpus 100 >/dev/null
pool free cpus 100 >/dev/null
at_least "caches hold objects" "$(cached cpus)" 1
traces cpus 1 >/dev/null
pool alloc cpus 100 >/dev/null
pool free cpus 100 >/dev/null
is "none while it is on" "$(cached cpus)" 0
traces cpus 0 >/dev/null
pool alloc cpus 100 >/dev/null
pool free cpus 100 >/dev/null
at_least "and again when it is off" "$(cached cpus)" 1
traces cpus 1 >/dev/null
is "destroyed while it is on" "$(pool destroy cpus)" 0

# switched all the time while all contexts use the pool, and while it is created and destroyed
report() { value_of "$DEBUGFS/fastalloc_test_context/report" "$1"; }
for sync in $PERCPU $SPINLOCK; do
	check "the pool of all contexts loads, sync=$sync" load fastalloc_test_context "sync=$sync"
	: >/tmp/switching
	: >/tmp/switches
	(
		while [ -e /tmp/switching ]; do
			for value in 1 0; do
				echo $value >"$FASTALLOC/test-context/trace" && echo $value
			done 2>/dev/null >>/tmp/switches
		done
	) &
	# A switch takes some grace periods.
	round=0
	while [ $round -lt 3 ] || { [ $round -lt 60 ] && [ "$(wc -l </tmp/switches)" -lt 10 ]; }; do
		round=$((round + 1))
		echo 100 >"$DEBUGFS/fastalloc_test_context/run"
	done
	rm /tmp/switching
	wait
	is "every object was sound in $round runs" "$(report errors)" 0
	is "and is back" "$(report taken) $(report pool_in_use)" "$(report given) 0"
	at_least "the trace was switched" "$(wc -l </tmp/switches)" 2
	rm /tmp/switches
	unload fastalloc_test_context
done

unload fastalloc_test_pool
check "unloads" rmmod fastalloc
ktap_end
