#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Trace events: their fields, which programs rely on; each of them, with its values; and the trace
# of allocations and frees, of pools that are used inline as well. test_switch.sh tests the switch of
# that.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

T=/sys/kernel/tracing
mount -t tracefs tracefs $T 2>/dev/null
if [ ! -e $T/trace ]; then
	ktap_plan 1
	skip "trace events" "the kernel has no tracefs"
	ktap_end
	exit
fi

# What events begin with.
any="char pool[32]; int cpu; u8 context; unsigned long ip;"

# fields EVENT: the declarations of its fields, without those that all events of the kernel have
fields() {
	sed -n 's/^\tfield:\([^;]*;\).*/\1/p' "$T/events/fastalloc/fastalloc_$1/format" |
		grep -v ' common_' | tr '\n' ' ' | sed 's/ $//'
}

# Frozen: a field is neither renamed, nor moved, nor removed; new ones come last.
format() {
	is "the fields of $1" "$(fields "$1")" "$2"
}

# events [PATTERN]: the events since the last call, without task and time; names without their
# prefix; functions without offset and module
events() {
	cat $T/trace >/tmp/trace
	: >$T/trace
	sed -n 's/^.*: fastalloc_\([a-z_]*: pool=\)/\1/p' /tmp/trace |
		sed 's/+0x[0-9a-f]*\/0x[0-9a-f]* \[[a-z_]*\]//; s/ cpu=[0-9]*//' | grep -e "${1:-}"
}

# only FIELD: its values, one for each line of stdin
only() { sed -n "s/.* $1=\([^ ]*\).*/\1/p"; }

# the different values, in one line
kinds() { sort -u | tr '\n' ' ' | sed 's/ $//'; }

F_CHECK=8 F_SHRINKER=2 F_TRACE=$((1 << 18)) F_HANDLES=128

ktap_plan 82
check "loads" load fastalloc
# Sanitizers make a pool take the full path anyway, and its objects larger.
echo N >/sys/module/fastalloc/parameters/sanitize
check "the helper loads" load fastalloc_test_pool

is "the events" "$(cd $T/events/fastalloc && find . -name format | sed 's/.*_*fastalloc_\(.*\)\/format/\1/' | sort | tr '\n' ' ')" \
	"alloc create destroy exhausted flush free grow grow_failed lease_change refill trim violation wait_begin wait_end "
format create "$any size_t obj_size; unsigned long capacity; unsigned long total; u8 sync; unsigned int flags;"
format destroy "$any unsigned long in_use; bool deferred;"
format grow "$any u8 by; unsigned long wanted; unsigned long got; unsigned long capacity;"
format grow_failed "$any u8 by; unsigned long wanted; int err;"
format trim "$any u8 by; unsigned long got; unsigned long capacity;"
format exhausted "$any unsigned int wanted; unsigned long in_use; unsigned long capacity;"
format wait_begin "$any"
format wait_end "$any u64 ns; bool got;"
format refill "$any unsigned int objects;"
format flush "$any unsigned int objects;"
format lease_change "$any int lease_cpu; unsigned int old_size; unsigned int new_size;"
format violation "$any char what[64]; int index;"
format alloc "$any int index; unsigned int gfp;"
format free "$any int index;"

# nobody listens yet
pool create name=quiet capacity=4 flags=$F_TRACE >/dev/null
pool alloc quiet 4 >/dev/null
is "no event while nobody asks for them" "$(events)" ""
pool destroy quiet >/dev/null
check "events can be switched on" sh -c "echo 1 >$T/events/fastalloc/enable"

# life of a pool
is "a pool" "$(pool create name=life sync=$SPINLOCK capacity=4 obj_size=4096 growth=$LINEAR growth_amount=4 low_water=1)" 0
is "create" "$(events)" \
	"create: pool=life context=task ip=test_create obj_size=4096 capacity=4 total=4 sync=spinlock flags=0x0"
is "four objects" "$(pool alloc life 4)" 4
# the worker grows it as well, at the low-water mark
wait_for 10 sh -c "grep -q 'by=worker' $T/trace"
is "growth by the worker" "$(events 'by=worker')" \
	"grow: pool=life context=task ip=0x0 by=worker wanted=4 got=4 capacity=8"
is "no event of an allocation" "$(pool alloc life 1; events alloc:)" 1
pool destroy life >/dev/null
is "destroy" "$(events destroy)" "destroy: pool=life context=task ip=test_drop in_use=0 deferred=0"

# more at once than the worker can add meanwhile
pool create name=burst sync=$SPINLOCK capacity=4 obj_size=4096 growth=$LINEAR growth_amount=1 >/dev/null
events >/dev/null
is "growth in place" "$(pool atomic burst 500)" 500
is "by a caller that may not sleep" "$(events 'by=atomic' | sed 's/ capacity=.*//' | kinds)" \
	"grow: pool=burst context=task ip=test_alloc by=atomic wanted=2 got=2"
pool destroy burst >/dev/null
pool create name=grows sync=$SPINLOCK capacity=4 max_capacity=12 obj_size=4096 growth=$LINEAR growth_amount=4 >/dev/null
pool alloc grows 12 >/dev/null
events >/dev/null
is "more than the maximum" "$(pool alloc grows 2)" 0
is "exhausted" "$(events exhausted)" \
	"exhausted: pool=grows context=task ip=test_alloc wanted=1 in_use=12 capacity=12"
# A failure that is injected says nothing about the pool.
knob=$DEBUGFS/fail_fastalloc
if [ -d $knob ]; then
	# No failure while the pool is created. It takes the checked path, as probability is not 0.
	echo 0 >$knob/verbose
	echo 0 >$knob/times
	echo 100 >$knob/probability
	pool create name=injected sync=$SPINLOCK capacity=4 >/dev/null
	echo -1 >$knob/times
	events >/dev/null
	is "no event of an injected failure" "$(pool alloc injected 1) $(pool bulk injected 2) $(events exhausted)" "0 0 "
	echo 0 >$knob/probability
	pool destroy injected >/dev/null
	events >/dev/null
else
	skip "no event of an injected failure" "kernel without fault injection"
fi
is "and in one call" "$(pool bulk grows 3)" 0
is "exhausted by a bulk call" "$(events exhausted | only wanted)" 3
pool free grows 12 >/dev/null
events >/dev/null
is "trimmed" "$(pool trim grows)" 8
is "trim" "$(events)" "trim: pool=grows context=task ip=test_command by=caller got=8 capacity=4"
pool destroy grows >/dev/null

pool create name=sleeps sync=$SPINLOCK capacity=4 obj_size=4096 growth=$LINEAR growth_amount=4 low_water=1 ctor=1 >/dev/null
pool alloc sleeps 3 >/dev/null
events >/dev/null
pool bulk sleeps 8 >/dev/null
is "growth by a caller that may sleep" "$(events 'by=caller' | only ip | kinds)" test_bulk
pool destroy sleeps >/dev/null
pool create name=fails sync=$SPINLOCK capacity=4 growth=$LINEAR growth_amount=4 ctor=1 ctor_fail=6 >/dev/null
events >/dev/null
is "a growth that fails" "$(pool bulk fails 5)" 0
is "grow_failed" "$(events 'grow_failed.*by=caller' | only err | kinds)" -5
pool destroy fails >/dev/null

pool create name=later sync=$SPINLOCK capacity=4 obj_size=4096 growth=$LINEAR growth_amount=4 >/dev/null
events >/dev/null
is "more objects are reserved" "$(pool reserve later 6)" 0
is "growth by a reserve" "$(events 'by=reserve' | only ip | kinds)" test_command
is "a deferred destroy" "$(pool deferred later)" 0
is "says so" "$(events destroy)" "destroy: pool=later context=task ip=test_drop in_use=0 deferred=1"

pool create name=shrinks sync=$SPINLOCK capacity=4 obj_size=4096 growth=$LINEAR growth_amount=64 low_water=1 flags=$F_SHRINKER >/dev/null
pool alloc shrinks 128 >/dev/null
pool free shrinks 128 >/dev/null
events >/dev/null
echo 2 >/proc/sys/vm/drop_caches
is "trim by the shrinker" "$(events 'trim: pool=shrinks' | grep -v got=0 | only by | kinds)" shrinker
pool destroy shrinks >/dev/null

# waiting
pool create name=waits sync=$PERCPU capacity=4 reserve=4 >/dev/null
pool alloc waits 8 >/dev/null
events >/dev/null
is "a wait in vain" "$(pool wait waits 30)" 0
events >/tmp/events
is "wait_begin" "$(grep wait_begin /tmp/events)" "wait_begin: pool=waits context=task ip=test_wait"
is "wait_end" "$(sed -n 's/ ns=[0-9]*//; /wait_end/p' /tmp/events)" "wait_end: pool=waits context=task ip=test_wait got=0"
at_least "after so many nanoseconds" "$(grep wait_end /tmp/events | only ns)" 20000000
is "and then it is exhausted" "$(grep exhausted /tmp/events | only in_use)" 8
is "a wait for a free" "$(pool handover waits 30)" 1
is "that got the object" "$(events wait_end | only got)" 1
pool destroy waits >/dev/null

# caches
pool create name=cpus sync=$PERCPU capacity=200 magazine=8 >/dev/null
events >/dev/null
pool alloc cpus 100 >/dev/null
pool free cpus 100 >/dev/null
pool destroy cpus >/dev/null
events >/tmp/events
at_least "lease_change" "$(grep -c 'lease_change: pool=cpus context=[a-z]* ip=[a-z_]* lease_cpu=[0-9] old_size=0 new_size=[1-8]$' /tmp/events)" 1
at_least "refill" "$(grep -c 'refill: pool=cpus context=task ip=test_alloc objects=[1-8]$' /tmp/events)" 8
at_least "flush" "$(grep -c 'flush: pool=cpus context=task ip=test_free objects=[1-8]$' /tmp/events)" 8
is "no event of its allocations" "$(grep -c -e ' alloc:' -e ' free:' /tmp/events)" 0

pool create name=checked sync=$SPINLOCK capacity=4 flags=$F_CHECK >/dev/null
pool alloc checked 2 >/dev/null
events >/dev/null
expect_splat "fault in pool checked: double free"
expect_splat "fault in pool checked: free of a foreign pointer"
pool double checked >/dev/null
pool foreign checked >/dev/null
# The call of test_double() may be its last, and then its caller is found.
is "violation" "$(events violation | sed 's/ip=test_double/ip=test_wrong/' | tr '\n' ';')" \
	"violation: pool=checked context=task ip=test_wrong what=\"double free\" index=0;violation: pool=checked context=task ip=test_wrong what=\"free of a foreign pointer\" index=-1;"
pool destroy checked >/dev/null

# allocations and frees: by flag
pool create name=flag sync=$PERCPU capacity=10 flags=$F_TRACE >/dev/null
is "a pool that is created so says so" "$(traces flag) $(value_of "$FASTALLOC/flag/config" flags)" "1 trace"
events >/dev/null
pool alloc flag 2 >/dev/null
pool too flag 1 >/dev/null
pool bulk flag 2 >/dev/null
pool free flag 5 >/dev/null
events '^alloc:\|^free:' >/tmp/events
is "five allocations, by whom" "$(grep ^alloc /tmp/events | only ip | tr '\n' ' ')" \
	"test_alloc test_alloc test_alloc_too test_bulk test_bulk "
is "with the flags" "$(grep ^alloc /tmp/events | only gfp | kinds)" 0xcc0
is "five frees" "$(grep ^free /tmp/events | only ip | tr '\n' ' ')" \
	"test_free test_free test_free test_free test_free "
is "of five objects" "$(only index </tmp/events | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" "2 2 2 2 2 "
is "a free comes after its allocation" "$(awk '{ sub(/.*index=/, ""); sub(/ .*/, "") } NR <= 5 { seen[$0] } NR > 5 && !($0 in seen)' /tmp/events)" ""
is "off" "$(traces flag 0) $(traces flag)" "ok 0"
pool alloc flag 2 >/dev/null
is "no event then" "$(events alloc:)" ""
pool destroy flag >/dev/null

# and at run time, on every kind of pool, with objects out
for kind in "sync=$PERCPU" "sync=$PERCPU flags=$F_HANDLES" "sync=$PERCPU flags=$F_CHECK" \
	"sync=$SPINLOCK" "sync=$SPINLOCK order=$FIFO" "sync=$SPINLOCK order=$LOWEST" "sync=$SPINLOCK flags=$F_HANDLES"; do
	# shellcheck disable=SC2086 # words
	pool create name=live capacity=300 $kind >/dev/null
	pool alloc live 100 >/dev/null
	events >/dev/null
	on=$(traces live 1)
	pool alloc live 50 >/dev/null
	pool bulk live 50 >/dev/null
	pool free live 150 >/dev/null
	events >/tmp/events
	is "every operation is traced: $kind" "$on $(traces live) $(grep -c ^alloc: /tmp/events) $(grep -c ^free: /tmp/events)" "ok 1 100 150"
	off=$(traces live 0)
	pool alloc live 200 >/dev/null
	pool free live 250 >/dev/null
	is "none, later: $kind" "$off $(events '^alloc:\|^free:')" "ok "
	pool destroy live >/dev/null
done

# contexts
echo T,test-context >/sys/module/fastalloc/parameters/debug
check "the pool of all contexts loads" load fastalloc_test_context "sync=$PERCPU"
events >/dev/null
echo 20 >"$DEBUGFS/fastalloc_test_context/run"
is "allocations in every context" "$(events '^alloc:' | only context | kinds)" "hardirq softirq task"
unload fastalloc_test_context
echo T,test-growth >/sys/module/fastalloc/parameters/debug
check "the helper of bursts loads" load fastalloc_test_growth
events >/dev/null
echo "nmi nr=20 capacity=64" >"$DEBUGFS/fastalloc_test_growth/ctl"
is "allocations in NMI" "$(events '^alloc:' | only context | kinds)" nmi
unload fastalloc_test_growth
echo >/sys/module/fastalloc/parameters/debug

echo 0 >$T/events/fastalloc/enable
unload fastalloc_test_pool
check "unloads" rmmod fastalloc
is "and its events are gone" "$(ls -d $T/events/fastalloc 2>/dev/null)" ""
ktap_end
