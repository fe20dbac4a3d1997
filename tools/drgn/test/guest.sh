# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# guest.sh - in a guest: pools that leak, what debugfs says of them, and what drgn says.
#
# Writes to the second serial port, after a line "=== WHAT": "debugfs", the files "json";
# "drgn", the same from fastalloc.py; then, after the host has taken a dump, "debugfs again".
# shellcheck source-path=SCRIPTDIR/../../../tests/lab/guest source=lib.sh
. /t/lib.sh
# shellcheck source-path=SCRIPTDIR/../../../tests/kselftest source=ktap.sh
. /t/ktap.sh

# not those of sync NONE, which have no file of their own
POOLS="leaky grown plain stack queue low handles"
PORT=/dev/ttyS1

# create NAME KEY=VALUE...
create() {
	name=$1
	shift
	[ "$(pool create "name=$name" "$@")" = 0 ] || say "LAB-FAIL cannot create $name: $*"
}

# on_cpu1 COMMAND...: of the test module
on_cpu1() {
	taskset 2 sh -c '. /t/ktap.sh; pool "$@"' sh "$@"
}

snapshot() {
	echo "=== $1"
	cat "$FASTALLOC/json"
	for p in $POOLS; do
		cat "$FASTALLOC/$p/json"
	done
}

stty -F $PORT raw
insmod "$KO/fastalloc.ko" 'debug=FU,leaky,grown,low;-'
insmod "$KO/fastalloc_test_pool.ko"

create leaky sync=$PERCPU capacity=256
create grown sync=$PERCPU obj_size=200 capacity=64 growth=$LINEAR growth_amount=64
# more objects than a block of links has
create plain sync=$PERCPU obj_size=16 capacity=40000
create stack sync=$SPINLOCK capacity=600
create queue sync=$SPINLOCK capacity=600 order=$FIFO
create low sync=$SPINLOCK obj_size=100 capacity=50 order=$LOWEST
create handles sync=$PERCPU capacity=100 flags=$((1 << 7))
create owned sync=$NONE capacity=100
create gone capacity=100
for p in $POOLS owned gone; do
	pool alloc "$p" 40
	pool free "$p" 15
	on_cpu1 alloc "$p" 30
	on_cpu1 free "$p" 20
done
pool too leaky 7
pool leak leaky 5
# grows in place, without magazines, so objects are in the depot one by one
pool atomic grown 500
pool free grown 490
pool alloc plain 2000
pool free plain 1990
pool alloc stack 550
pool free stack 500
pool alloc queue 550
pool free queue 500

# destroyed, but with objects out
pool leak gone 2
expect "pool gone destroyed with 2 objects out"
pool destroy gone

# a report with an address, of which the host asks fastalloc.py
expect "fault in pool leaky"
pool double leaky

# workers may add chunks
sleep 1
snapshot debugfs >$PORT
{
	echo "=== drgn"
	# shellcheck disable=SC2086 # one word a pool
	for p in "" "$POOLS"; do
		/usr/bin/python3.13 /t/drgn/fastalloc.py -d /t/fastalloc.ko json $p || say "LAB-FAIL fastalloc.py"
	done
} >$PORT
# for gdb
grep -H . /sys/module/fastalloc/sections/.text /sys/module/fastalloc/sections/.data /sys/module/fastalloc/sections/.bss
grep -w __per_cpu_offset /proc/kallsyms
say "LAB-DUMP"
# the time of the guest stands still while the host dumps its memory
sleep 3
snapshot "debugfs again" >$PORT
