#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Records trace events with trace-cmd, perf and bpftrace: the commands of
# Documentation/tracing.rst. Run by tests/lab/leg/tools, which brings these programs.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

export PATH="$PATH:/usr/bin" HOME=/tmp
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null

# load: three callers of pool "flows", one of which leaks; waits in pool "slots"
work() {
	pool alloc flows 40
	pool too flows 7
	pool bulk flows 3
	pool free flows 45
	pool wait slots 20
	pool handover slots 20
} >/dev/null

# shows FILE: the output, for a reader of the log
shows() { head -n "${2:-12}" "$1" | sed 's/^/# | /'; }

# traced COMMAND...: runs bpftrace, which does the work when its probes are attached
traced() {
	echo "# $*" | head -c 800 | tr '\n' ' '
	echo
	"$@" -c "/bin/sh $work_file" >/tmp/out 2>/tmp/err
	shows /tmp/out 20
	grep -vi attach /tmp/err | head -n 5 | sed 's/^/# | /'
}

ktap_plan 17
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_pool
is "a pool" "$(pool create name=flows sync=$PERCPU capacity=200)" 0
is "another" "$(pool create name=slots sync=$SPINLOCK capacity=2)" 0
is "that is used up" "$(pool alloc slots 2)" 2
check "the trace of every operation" sh -c "echo 1 >$FASTALLOC/flows/trace"

work >/dev/null
echo '# trace-cmd record -e fastalloc'
work_file=/tmp/work.sh
cat >$work_file <<END
. $PWD/ktap.sh
$(sed -n '/^work() {/,/^}/p' "$0")
work
END
check "trace-cmd record" sh -c "trace-cmd record -e fastalloc -o /tmp/trace.dat sh $work_file >/tmp/out 2>&1"
trace-cmd report /tmp/trace.dat >/tmp/out 2>/tmp/err
shows /tmp/err 3
grep fastalloc_ /tmp/out | grep -v lease >/tmp/events
shows /tmp/events 5
is "trace-cmd report: allocations, with function names" \
	"$(grep -c 'fastalloc_alloc: *pool=flows .*ip=test_alloc+' /tmp/events)" 40
at_least "waits" "$(grep -c 'fastalloc_wait_end: *pool=slots ' /tmp/events)" 2

echo "# perf record -e 'fastalloc:*'"
check "perf record" sh -c "perf record -q -a -e 'fastalloc:*' -o /tmp/perf.data sh $work_file >/tmp/out 2>&1"
shows /tmp/out 3
perf script -i /tmp/perf.data >/tmp/events 2>/tmp/err
shows /tmp/events 5
is "perf script: allocations, with function names" \
	"$(grep -c 'fastalloc:fastalloc_alloc: *pool=flows .*ip=test_alloc+' /tmp/events)" 40
rm -f /tmp/trace.dat /tmp/perf.data

# who allocates most from a pool
# shellcheck disable=SC2016 # bpftrace's
traced bpftrace -e 'tracepoint:fastalloc:fastalloc_alloc /args.pool == "flows"/ { @[ksym(args.ip)] = count(); }'
is "bpftrace: who allocates most" "$(grep '^@' /tmp/out | tail -n 1)" "@[test_alloc]: 40"
is "and the others" "$(grep -c '^@\[test_alloc_too\]: 7$\|^@\[test_bulk\]: 3$' /tmp/out)" 2

# how long tasks wait
# shellcheck disable=SC2016
traced bpftrace -e 'tracepoint:fastalloc:fastalloc_wait_end { @us[args.pool] = hist(args.ns / 1000); }'
at_least "bpftrace: histogram of waiting times" "$(grep -c '|@@*' /tmp/out)" 1
is "of that pool" "$(grep -c '^@us\[slots\]' /tmp/out)" 1

# what is not freed for 10 s: 5 of 50 objects of each round. The trace begins before the pool is
# used, so that all that is freed is known.
pool free flows 200 >/dev/null
leaks() { grep -c '^flows: object [0-9]*, 1[0-9] s, by test_' /tmp/out; }
cat >>$work_file <<END
$(sed -n '/^leaks() {/p' "$0")
leaks_told() { [ "\$(leaks)" -ge 5 ]; }
wait_for 40 leaks_told
END
# shellcheck disable=SC2016
traced bpftrace -e '
	tracepoint:fastalloc:fastalloc_alloc { @out[args.pool, args.index] = (nsecs, args.ip); }
	tracepoint:fastalloc:fastalloc_free { delete(@out[args.pool, args.index]); }
	interval:s:2 { for ($o : @out) { if (nsecs - $o.1.0 > 10000000000) {
		printf("%s: object %d, %d s, by %s\n", $o.0.0, $o.0.1, (nsecs - $o.1.0) / 1000000000, ksym($o.1.1)); } } }
	END { clear(@out); }'
at_least "bpftrace: what was not freed" "$(leaks)" 5

unload fastalloc_test_pool
check "unloads" rmmod fastalloc
ktap_end
