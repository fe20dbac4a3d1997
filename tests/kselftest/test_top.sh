#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# fastalloc-top reads what this kernel shows: the table, JSON, Prometheus' format, one pool, and
# its errors.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

top() { /t/fastalloc-top "$@"; }

# column NAME FIELD: of the line of a pool
column() { top --once | awk -v name="$1" -v n="$2" '$1 == name { print $n }'; }

# metric NAME POOL: its value
metric() { sed -n "s/^$1{pool=\"$2\".*} //p" /tmp/prom; }

# The counters of a pool, as "name value", from debugfs; with those names from JSON, and from
# Prometheus, whose counters end in _total, and which calls the total total_objects.
stats() { sed -n 's/^\([a-z_]*\): \([0-9]*\)$/\1 \2/p' "$FASTALLOC/$1/stats"; }
stats_json() {
	stats "$1" | while read -r name _; do
		echo "$name $(tr , '\n' <"$FASTALLOC/$1/json" | sed -n "s/^ *\"$name\": \([0-9]*\)$/\1/p" | head -n 1)"
	done
}
stats_prom() {
	stats "$1" | while read -r name _; do
		echo "$name $(metric "fastalloc_$name\(_total\|_objects\)\{0,1\}" "$1")"
	done
}

ktap_plan 25
top --once >/tmp/out 2>&1
is "without the module it says so" "$? $(grep -c 'module fastalloc is not loaded' /tmp/out)" "5 1"
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_pool
check "a table without pools" top --once

is "a per-CPU pool" "$(pool create name=cpus sync=$PERCPU capacity=400 magazine=8)" 0
is "a pool of order lowest" "$(pool create name=low sync=$SPINLOCK order=$LOWEST capacity=100)" 0
is "a pool of sync none" "$(pool create name=owner sync=$NONE capacity=10)" 0
is "ninety objects" "$(pool alloc cpus 90)" 90
is "thirty objects" "$(pool alloc low 30)" 30

is "the module in the table" "$(column low 2)" fastalloc_test_pool
is "objects in use in the table" "$(column cpus 4) $(column low 4) $(column owner 4)" "90 30 0"
check "the snapshot is valid JSON of this format" sh -c "/t/fastalloc-top --json >/tmp/json"
is "and has all pools" "$(grep -c '"name": ' /tmp/json)" 3

check "Prometheus' format" top --prom /tmp/prom
is "objects in use in it" "$(metric fastalloc_in_use cpus) $(metric fastalloc_in_use low)" "90 30"
is "allocations in it" "$(metric fastalloc_allocs_total cpus)" 90
is "nothing but lines of that format in it" "$(grep -cvE '^# (HELP|TYPE) |^fastalloc_[a-z_]+(\{.*\})? -?[0-9]+$' /tmp/prom)" 0
at_least "counters of a pool in debugfs" "$(stats cpus | wc -l)" 23
is "JSON has each under the same name" "$(stats_json cpus)" "$(stats cpus)"
is "and Prometheus" "$(stats_prom cpus)" "$(stats cpus)"
check "a line for each look at a pool" top --watch cpus -d 0.1 -n 2

is "another allocation" "$(pool alloc low 1)" 1
is "is seen" "$(column low 4)" 31
unload fastalloc_test_pool
check "unloads" rmmod fastalloc
top --json >/tmp/out 2>&1
is "and it says that, too" "$? $(grep -c 'module fastalloc is not loaded' /tmp/out)" "5 1"
ktap_end
