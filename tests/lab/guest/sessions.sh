# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# sessions.sh - in a guest: the sessions of Documentation/debugging.rst. Prints each command
# after "# ", its output, and what the kernel logs meanwhile.
# shellcheck source=lib.sh
. /t/lib.sh
# shellcheck source=../../kselftest/ktap.sh
. /t/ktap.sh

cd "$FASTALLOC/.." || exit 1
marks=0

# begin TITLE: a session; the module is loaded again
begin() {
	printf '\n== %s\n' "$*"
	rmmod fastalloc_test_pool fastalloc 2>/dev/null
	marks=$((marks + 1))
	say "sessions: $marks"
}
run() {
	printf '# %s\n' "$*"
	eval "$*"
}
# what the kernel has logged since the session began or this was called
logged() {
	printf '# dmesg\n'
	dmesg | sed "1,/sessions: $marks\$/d" | grep -v -e '\] > ' -e 'loading out-of-tree' -e 'verification failed'
	marks=$((marks + 1))
	say "sessions: $marks"
}

begin "A leak"
run modprobe fastalloc debug=FU,conns
modprobe fastalloc_test_pool
pool create name=conns obj_size=192 capacity=256 >/dev/null
pool alloc conns 40 >/dev/null
pool free conns 37 >/dev/null
pool too conns 60 >/dev/null
pool free conns 3 >/dev/null
sleep 2
pool alloc conns 4 >/dev/null
run "cat fastalloc/pools"
run "head -n 24 fastalloc/conns/live"
run "head -n 3 fastalloc/conns/map"
pool leak conns 64 >/dev/null
run "rmmod fastalloc_test_pool"
logged

begin "A double free"
run modprobe fastalloc debug=FU,conns
modprobe fastalloc_test_pool
pool create name=conns obj_size=192 capacity=256 >/dev/null
pool alloc conns 2 >/dev/null
pool double conns >/dev/null
logged
run "grep violations fastalloc/conns/stats"

begin "A write after free"
run modprobe fastalloc debug=FPU,conns
modprobe fastalloc_test_pool
pool create name=conns obj_size=64 capacity=4 >/dev/null
pool alloc conns 2 >/dev/null
pool late conns 8 >/dev/null
run "cat fastalloc/conns/check"
logged

begin "A pool that is exhausted"
modprobe fastalloc_test_pool
pool create name=slots sync=$SPINLOCK capacity=64 >/dev/null
pool create name=conns obj_size=192 capacity=64 max_capacity=128 growth=$LINEAR growth_amount=64 >/dev/null
pool alloc slots 64 >/dev/null
pool alloc slots 3 >/dev/null
pool alloc conns 160 >/dev/null
run "/t/fastalloc-top --once"
run "grep -E 'in_use|peak|capacity|failures|grows' fastalloc/conns/stats"
run "cat fastalloc/conns/config"

begin "A machine that runs out of memory"
modprobe fastalloc_test_pool
pool create name=bufs obj_size=65536 capacity=64 growth=$LINEAR growth_amount=64 sync=$SPINLOCK >/dev/null
pool create name=conns obj_size=192 capacity=20000 >/dev/null
pool alloc bufs 512 >/dev/null
pool free bufs 500 >/dev/null
run "cat /sys/kernel/fastalloc/pools /sys/kernel/fastalloc/bytes"
run "grep . /sys/kernel/fastalloc/*_bytes"
run "/t/fastalloc-top --once --human"
run "head -n 3 fastalloc/bufs/chunks"
run "echo 1 >fastalloc/bufs/trim; grep bytes fastalloc/bufs/stats"
# the victim of the OOM killer
sleep 100 &
echo 1000 >/proc/$!/oom_score_adj
echo f >/proc/sysrq-trigger
sleep 1
run "dmesg | grep -F -A 2 'pools hold' | grep -v '] > '"
begin "the end"
