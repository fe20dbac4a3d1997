#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Growth for callers that may not sleep: no GFP_ATOMIC allocation of a burst fails,
# from task, softirq and hardirq, also while no worker runs. For callers that must not
# grow a pool in place the worker grows it. A pool that is large enough does not grow.
# A growth uses all its pages.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

ctl=$DEBUGFS/fastalloc_test_growth/ctl
report=$DEBUGFS/fastalloc_test_growth/report
kernel=$DEBUGFS/fastalloc_test_growth/kernel

# values of gfp=; GFP_ATOMIC is the default
NOWAIT=1 NORECLAIM=2 SLEEP=3
# FASTALLOC_F_NO_INIT, FASTALLOC_F_ATOMIC_GROW
NO_INIT=2048 ATOMIC_GROW=16384

POOLS="percpu,$PERCPU,$LIFO lifo,$SPINLOCK,$LIFO fifo,$SPINLOCK,$FIFO lowest,$SPINLOCK,$LOWEST"

# With PREEMPT_RT softirqs and hardirqs are threads, and workers run beside them.
rt=$(grep PREEMPT_RT /proc/version)

# burst CONTEXT KEY=VALUE...: sets taken, failed, grows, ... as in the report, and
# sound, which is $SOUND if all is well, except for failed allocations. (Without a
# process for each variable: there are many bursts.)
taken=0 failed=0 errors=0 wrong_context=0 worker_ran=0 grows=0 grows_atomic=0
capacity=0 total=0 chunks=0 in_use_after=0 capacity_after=0
SOUND="errors 0 wrong_context 0 worker_ran 0 in_use_after 0"
burst() {
	if ! echo "$*" >"$ctl"; then
		sound="was not made: $*"
		return
	fi
	while read -r key value; do
		eval "${key%:}=$value"
	done <"$report"
	[ -z "$rt" ] || worker_ran=0
	sound="errors $errors wrong_context $wrong_context worker_ran $worker_ran in_use_after $in_use_after"
	echo "# $*: took $taken, lost $failed; $grows grows, $grows_atomic in place;" \
		"capacity $capacity, $chunks chunks"
}

# lost_none NAME CONTEXT KEY=VALUE...: a burst in which every allocation succeeds
lost_none() {
	what=$1
	shift
	burst "$@"
	is "$what" "lost $failed $sound" "lost 0 $SOUND"
}

# in_place NAME GROWS LEAST: callers grew the pool in place at least LEAST times
in_place() {
	if [ -n "$rt" ]; then
		skip "$1" "with PREEMPT_RT the worker may grow the pool first; $2 growths in place"
	else
		at_least "$@"
	fi
}

# by_worker NAME CONTEXT KEY=VALUE...: a burst that grows the pool, but not in place
by_worker() {
	what=$1
	shift
	burst "$@" wait=5000 settle=20
	is "$what" "in place $grows_atomic $sound" "in place 0 $SOUND"
	at_least "$what, but by the worker" "$grows" 1
}

load fastalloc && load fastalloc_test_growth
loaded=$?
raw=$(value_of "$kernel" raw_nesting)
# A context has 17 results, or one if it is skipped.
ktap_plan $((155 - 2 * 16 * raw))
is "the modules load" $loaded 0
gap=$(value_of "$kernel" gap)
page=$(value_of "$kernel" page_size)
# Allocations of a burst: the long one, others, of large objects, of those whose
# number does not matter; and the initial capacity of the pool, for the first two.
plain=240000 many=12000 few=1500 some=2000 start=4096 large=100000
if [ "$(value_of "$kernel" slow)" = 1 ]; then
	plain=2000 many=400 few=60 some=400 start=128 large=4000
fi

# On PREEMPT_RT, and with PROVE_RAW_LOCK_NESTING, the page allocator may not be called
# with interrupts disabled, as raw locks may be held; pools do not call it then
# (fa_may_lock()).
may_grow() {
	[ "$raw" = 0 ] || [ "$1" = task ] || [ "$1" = softirq ]
}
RAW="neither pools nor slabs call the page allocator there where raw locks may be held"

# Promise: no allocation of a long burst from a task fails, at 160,000 a second.
lost_none "kmem_cache: a long burst, none lost" task cache=1 nr=$plain
for p in "percpu,$PERCPU" "spinlock,$SPINLOCK"; do
	lost_none "${p%,*}: a long burst, none lost" task sync="${p#*,}" nr=$plain capacity=$start flags=$NO_INIT
	at_least "${p%,*}: it grew" "$grows" 1
done

# Promise: none fails in any other context either, on all CPUs at once and while no
# worker runs, whatever the kind of pool and the size of its objects.
for c in task irqsoff softirq hardirq; do
	if ! may_grow "$c"; then
		skip "$c: none lost" "$RAW"
		continue
	fi
	lost_none "$c: kmem_cache, none lost" "$c" cache=1 nr=$many
	for p in $POOLS; do
		order=${p#*,} grown=0
		for size in 64 144 5000; do
			nr=$many cap=$start
			[ $size != 5000 ] || nr=$few cap=$((few / 2))
			lost_none "$c: ${p%%,*}, $size bytes, none lost" "$c" sync="${order%,*}" \
				order="${order#*,}" size=$size nr=$nr capacity=$cap
			grown=$((grown + grows_atomic))
		done
		# The worker may be faster than a task.
		[ "$c" = task ] || in_place "$c: ${p%%,*}, grew in place" $grown 3
	done
done

# Promise: GFP_NOWAIT works like GFP_ATOMIC while there is memory.
for p in $POOLS; do
	order=${p#*,}
	lost_none "GFP_NOWAIT: ${p%%,*}, none lost" softirq gfp=$NOWAIT \
		sync="${order%,*}" order="${order#*,}" nr=$many capacity=$start
	# Promise: chunks added in place are trimmed like all others.
	is "GFP_NOWAIT: ${p%%,*}, trimmed to the capacity" "$capacity_after" $start
done

# Promise: growth in place stops at max_capacity.
for p in $POOLS; do
	order=${p#*,}
	burst softirq sync="${order%,*}" order="${order#*,}" capacity=16 max_capacity=$((some / 2)) nr=$some
	is "max_capacity: ${p%%,*} is sound" "$sound" "$SOUND"
	is "max_capacity: ${p%%,*} has it" "$capacity" $((some / 2))
	if [ "${p%%,*}" = percpu ]; then
		at_least "max_capacity: percpu gives as many" "$taken" $((some / 2))
		at_least "max_capacity: percpu gives no more than its reserve beside" \
			"$total" "$taken"
	else
		is "max_capacity: ${p%%,*} gives as many" "$taken" $((some / 2))
	fi
done

# Promise: a caller that may not allocate memory, or not for this pool, does not grow
# it in place; the worker does.
for p in $POOLS; do
	order=${p#*,}
	set -- sync="${order%,*}" order="${order#*,}" nr=$some capacity=64
	by_worker "gfp 0, task: ${p%%,*} is not grown in place" task gfp=$NORECLAIM pause=0 "$@"
	by_worker "gfp 0, softirq: ${p%%,*} is not grown in place" softirq gfp=$NORECLAIM pause=10 "$@"
done
by_worker "NMI: percpu is not grown in place" nmi nr=$some capacity=64
for p in "percpu,$PERCPU" "spinlock,$SPINLOCK"; do
	set -- softirq sync="${p#*,}" nr=$some capacity=64 pause=10
	by_worker "ctor: ${p%,*} is not grown in place" "$@" ctor=1
	by_worker "growth_fn: ${p%,*} is not grown in place" "$@" growth="$CUSTOM" fn=1
	by_worker "vmalloc: ${p%,*} is not grown in place" "$@" backing="$VMALLOC"
	# Promise: unless the pool's functions may run in any context.
	lost_none "ctor for any context: ${p%,*}, none lost" "$@" ctor=1 flags=$ATOMIC_GROW
	in_place "ctor for any context: ${p%,*} is grown in place" "$grows_atomic" 1
	lost_none "growth_fn for any context: ${p%,*}, none lost" "$@" growth="$CUSTOM" fn=1 \
		flags=$ATOMIC_GROW
	in_place "growth_fn for any context: ${p%,*} is grown in place" "$grows_atomic" 1
	# Promise: a fixed pool never grows.
	burst "$@" growth="$FIXED" settle=50
	is "fixed: ${p%,*} does not grow" "grows $grows capacity $capacity $sound" \
		"grows 0 capacity 64 $SOUND"
done
if may_grow hardirq; then
	skip "hardirq: not grown in place where raw locks may be held" \
		"this kernel's page allocator may be called in hardirqs"
	skip "hardirq: but by the worker" "this kernel's page allocator may be called in hardirqs"
else
	by_worker "hardirq: not grown in place where raw locks may be held" \
		hardirq sync="$SPINLOCK" nr=$some capacity=64
fi

# Promise: a pool with a tenth of its objects free does not grow.
for p in "percpu,$PERCPU" "spinlock,$SPINLOCK"; do
	for cap in 1000 $large; do
		burst task sync="${p#*,}" size=64 pause=0 settle=200 nr=$((cap * 9 / 10)) capacity="$cap"
		is "${p%,*}: nine tenths of $cap out, it does not grow" \
			"lost $failed grows $grows capacity $capacity" \
			"lost 0 grows 0 capacity $cap"
	done
done

# Promise: a growth adds as many objects as fit into its pages.
for p in $POOLS; do
	order=${p#*,}
	set -- task gfp=$SLEEP pause=0 settle=50 growth="$LINEAR" growth_amount=16 capacity=64 \
		sync="${order%,*}" order="${order#*,}"
	for size in 64 144 4096; do
		stride=$((size + gap))
		add=$(((16 * stride + page - 1) / page * page / stride))
		burst "$@" nr=300 size=$size
		is "16 objects of $size bytes: ${p%%,*} adds $add" \
			"lost $failed added $((capacity - 64))" \
			"lost 0 added $((grows * add))"
	done
	burst "$@" nr=300 size=64 max_capacity=100
	is "16 objects of 64 bytes: ${p%%,*} adds no more than max_capacity allows" \
		"$capacity" 100
done

check "the helper unloads" unload fastalloc_test_growth
check "unloads" rmmod fastalloc
ktap_end
