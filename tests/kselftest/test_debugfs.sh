#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What debugfs shows of a pool: the table of pools, its statistics and its config,
# compared with what was done with the pool.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

HEADER="NAME SIZE ALIGN SYNC ORDER GROWTH BACKING CAPACITY MAX IN_USE PEAK CHUNKS KIB FAILURES STATE MODULE"

squeeze() {
	tr -s ' ' | sed 's/^ //; s/ $//'
}

stat_of() {
	value_of "$FASTALLOC/$1/stats" "$2"
}

config_of() {
	value_of "$FASTALLOC/$1/config" "$2"
}

mode() {
	stat -c %a "$1"
}

keys() {
	sed 's/:.*//' "$1" | tr '\n' ' ' | sed 's/ $//'
}

# aligned FILE COLUMNS: every column ends (numbers) or begins (names) where that of
# the header does: no line has a word across a blank column.
aligned() {
	awk -v want="$2" '
	{
		width = length > width ? length : width
		line[NR] = $0
	}
	END {
		cols = 0
		inside = 0
		for (i = 1; i <= width; i++) {
			used = 0
			for (l = 1; l <= NR; l++)
				if (substr(line[l], i, 1) !~ /^ ?$/)
					used = 1
			if (used && !inside)
				cols++
			inside = used
		}
		exit cols != want
	}' "$1"
}

ktap_plan 77
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_pool

is "the header of pools" "$(squeeze <"$FASTALLOC/pools")" "$HEADER"
is "pools is for root to read" "$(mode "$FASTALLOC/pools")" 400

is "totals are for anybody to read" "$(stat -c %a /sys/kernel/fastalloc/* | sort -u)" 444

is "a fixed pool" "$(pool create name=fixed obj_size=100 align=64 capacity=10 \
	backing=$PAGES)" 0
is "a growing pool with a long name" "$(pool create \
	name=a-name-of-thirty-one-characters obj_size=4096 capacity=64 \
	max_capacity=1000000 growth=$EXPONENTIAL growth_percent=150 \
	low_water=3 sync=$NONE order=$LOWEST backing=$VMALLOC flags=1)" 0
is "a custom pool" "$(pool create name=cust obj_size=1 capacity=1 \
	growth=$CUSTOM growth_fn=3 order=$FIFO hooks=1 ctor=1)" 0

is "lines in pools" "$(wc -l <"$FASTALLOC/pools")" 4
check "columns of pools are aligned" aligned "$FASTALLOC/pools" 16
is "sixteen columns in each line" \
	"$(awk 'NF != 16' "$FASTALLOC/pools")" ""

row() {
	grep "^$1 " "$FASTALLOC/pools" | squeeze
}

is "line of the fixed pool but for KIB" \
	"$(row fixed | cut -d' ' -f1-12,14)" \
	"fixed 100 64 spinlock lifo none pages 10 10 0 0 1 0"
is "the module that made the pool, in the table and in its config" \
	"$(row fixed | cut -d' ' -f16) $(value_of "$FASTALLOC/fixed/config" module)" \
	"fastalloc_test_pool fastalloc_test_pool"
is "line of the growing pool but for KIB" \
	"$(row a-name-of-thirty-one-characters | cut -d' ' -f1-12,14)" \
	"a-name-of-thirty-one-characters 4096 8 none lowest exponential vmalloc 64 1000000 0 0 1 0"
at_least "KIB of the growing pool covers its objects" \
	"$(row a-name-of-thirty-one-characters | cut -d' ' -f13)" 256

for f in stats config; do
	is "$f is for root to read" "$(mode "$FASTALLOC/fixed/$f")" 400
	is "$f has only 'key: value' lines" \
		"$(grep -cv '^[a-z_]*: *[^ ].*$' "$FASTALLOC/fixed/$f")" 0
done
refused "stats cannot be written" \
	sh -c "echo 1 >$FASTALLOC/fixed/stats" 2>/dev/null

is "keys of stats" "$(keys "$FASTALLOC/fixed/stats")" \
	"allocs frees in_use peak capacity total reserve failures grows grows_atomic growth_failures depot_exchanges nested leases_taken waits violations chunks bytes chunk_bytes metadata_bytes cache_bytes check_bytes magazine_bytes"

# Twelve are requested from ten: two calls fail. pool stops at the first failure.
is "ten objects of ten" "$(pool alloc fixed 10)" 10
is "no eleventh" "$(pool alloc fixed 1)" 0
is "nor for atomic callers" "$(pool atomic fixed 1)" 0
is "four given back" "$(pool free fixed 4)" 4
is "allocs" "$(stat_of fixed allocs)" 10
is "frees" "$(stat_of fixed frees)" 4
is "in_use" "$(stat_of fixed in_use)" 6
is "peak" "$(stat_of fixed peak)" 10
is "capacity" "$(stat_of fixed capacity)" 10
is "total" "$(stat_of fixed total)" 10
is "reserve" "$(stat_of fixed reserve)" 0
is "failures" "$(stat_of fixed failures)" 2
is "grows" "$(stat_of fixed grows)" 0
is "chunks" "$(stat_of fixed chunks)" 1
at_least "bytes" "$(stat_of fixed bytes)" 1280
is "the table tells the same" "$(row fixed | cut -d' ' -f8-12,14)" "10 10 6 10 1 2"

is "statistics are reset" "$(pool reset fixed)" 0
is "allocs after reset are those out" "$(stat_of fixed allocs)" 6
is "frees after reset" "$(stat_of fixed frees)" 0
is "peak after reset" "$(stat_of fixed peak)" 6
is "failures after reset" "$(stat_of fixed failures)" 0

is "the growing pool grows" "$(pool alloc a-name-of-thirty-one-characters 100)" 100
is "its grows" "$(stat_of a-name-of-thirty-one-characters grows)" 2
is "its capacity: 64, 96, 144" "$(stat_of a-name-of-thirty-one-characters capacity)" 144
pool free a-name-of-thirty-one-characters 100 >/dev/null
is "trim gives the grown ones back" "$(pool trim a-name-of-thirty-one-characters)" 80
is "its capacity is as configured" "$(stat_of a-name-of-thirty-one-characters capacity)" 64

is "an atomic caller's miss starts the worker" "$(pool atomic cust 1)" 1
pool atomic cust 1 >/dev/null
grown() {
	[ "$(stat_of cust grows)" -ge 1 ]
}
check "and the worker grows the pool" wait_for 10 grown
# The growth function returned 3, rounded up to the one-byte objects of a page; with
# KASAN's gap a slot has 16 bytes
is "by pages that hold what the function said" $((($(stat_of cust capacity) - 1) % 256)) 0

is "keys of config" "$(keys "$FASTALLOC/fixed/config")" \
	"name module obj_size type_align align capacity max_capacity growth growth_amount growth_percent growth_fn low_water reserve magazine sync order backing node ctor dtor on_acquire on_release mem_alloc mem_free flags"
is "config: name" "$(config_of fixed name)" fixed
is "config: sizes" "$(config_of fixed obj_size) $(config_of fixed align)" "100 64"
is "config: words" \
	"$(for k in sync order growth backing; do config_of cust $k; done | tr '\n' ' ')" \
	"spinlock fifo custom auto "
is "config: growth" \
	"$(for k in capacity max_capacity growth_percent low_water; do
		config_of a-name-of-thirty-one-characters $k
	done | tr '\n' ' ')" "64 1000000 150 3 "
is "config: hooks that are set, and not" \
	"$(config_of cust ctor) $(config_of cust dtor) $(config_of fixed on_acquire) $(config_of fixed growth_fn)" \
	"test_ctor [fastalloc_test_pool] - - -"
# with sanitizers in the kernel all pools are checked
is "config: flags" "$(config_of a-name-of-thirty-one-characters flags | sed 's/ check$//')" contig
is "config: flags of a pool without" "$(config_of fixed flags | sed 's/^check$/none/')" none

# column NAME: prints the sum of a column in the pool's file cpus
column() {
	awk -v name="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) col = i; next }
		{ sum += $col }
		END { print col ? sum + 0 : "no column" }' "$FASTALLOC/percpu/cpus"
}

refused "only a per-CPU pool has the file cpus" test -e "$FASTALLOC/fixed/cpus"
is "a per-CPU pool" "$(pool create name=percpu sync=$PERCPU capacity=400 \
	magazine=8)" 0
is "cpus is for root to read" "$(mode "$FASTALLOC/percpu/cpus")" 400
is "the header of cpus" "$(head -n 1 "$FASTALLOC/percpu/cpus" | squeeze)" \
	"CPU LEASE LOADED SPARE ALLOCS FREES EXCHANGES NESTED"
is "nothing was done yet" "$(tail -n +2 "$FASTALLOC/percpu/cpus" |
	squeeze | cut -d' ' -f2- | sort -u)" "0 0 0 0 0 0 0"
is "a hundred objects" "$(pool alloc percpu 100)" 100
is "sixty given back" "$(pool free percpu 60)" 60
is "a line for each possible CPU" \
	"$(awk 'NR > 1 { print $1 }' "$FASTALLOC/percpu/cpus" | tr '\n' ' ')" \
	"$(tr , '\n' </sys/devices/system/cpu/possible |
		awk -F- '{ for (i = $1; i <= $NF; i++) printf "%d ", i }')"
check "columns of cpus are aligned" aligned "$FASTALLOC/percpu/cpus" 8
is "allocs of all CPUs" "$(column ALLOCS)" 100
is "frees of all CPUs" "$(column FREES)" 60
is "exchanges of all CPUs" "$(column EXCHANGES)" "$(stat_of percpu depot_exchanges)"
at_least "and there were some" "$(column EXCHANGES)" 13
is "no nested operation, as nothing interrupts" "$(column NESTED)" 0
at_least "free objects at hand" "$(($(column LOADED) + $(column SPARE)))" 1

exec 3<"$FASTALLOC/fixed/stats"
is "a pool goes although its file is open" "$(pool destroy fixed)" 0
cat <&3 >/dev/null 2>&1
exec 3<&-
refused "and its directory with it" test -e "$FASTALLOC/fixed"
unload fastalloc_test_pool
is "all pools are gone" "$(wc -l <"$FASTALLOC/pools")" 1
check "unloads" rmmod fastalloc
ktap_end
