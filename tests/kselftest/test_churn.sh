#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# 10,000 pools of various kinds are created, used, grown and destroyed by two writers
# while readers read the files in debugfs: on a kernel with KASAN nine readers read all of
# them, on others four read all but check and the snapshot of all pools. Afterwards the kernel
# must not use more memory than before. Then the same check must find a leak that is made on
# purpose.
#
# On a kernel with kmemleak that is checked too. On a kernel with KASAN only kmemleak
# is: KASAN's quarantine keeps freed memory, so /proc/meminfo says nothing. There a
# cycle costs twenty times as much, and fewer are made.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

quarantine=
if grep -q ' kasan_report$' /proc/kallsyms; then
	quarantine=y
fi
CYCLES=${CYCLES:-$([ -n "$quarantine" ] && echo 40 || echo 10000)}
# Number of pools that a reader must have read.
READS=$([ -n "$quarantine" ] && echo 10 || echo 20)
# Half of what the smallest leak of interest loses in 10,000 cycles: 64 bytes each are
# 625 KiB.
SLAB_KIB=312
# A page of vmalloc each 16th cycle is 2500 KiB, a guard page not counted.
VMALLOC_KIB=256
PERCPU_KIB=64
# A page each cycle is 40,000 KiB.
PAGES_KIB=8192

run=$DEBUGFS/fastalloc_test_churn/run
report=$DEBUGFS/fastalloc_test_churn/report
tmp=/tmp/churn.$$
mkdir -p $tmp

# Lines that a file of a pool may have; those that begin a pool.
LINES='^[a-z0-9_]*: *[^ ]\|^CPU .*NESTED$\|^[0-9][0-9]* .*[0-9]$\|^CHUNK .*STATE$\|^[0-9-].* \(new\|used\|condemned\)$\|^# \|^[0-9]* \[[O_1-9]*\] \|^[0-9]* objects, \|^chunk [0-9]*, slot \|^ *[a-z_]*+0x\|^[a-z_0-9.]*+0x\|^[{}", ]\|^\]'
FIRST='^capacity:\|^CPU .*NESTED$\|^CHUNK .*STATE$\|^# O \|^# not known\|^# [0-9]* objects are\|^{"format"'

# reader WHAT: reads that file of all pools until $tmp/go is removed; for stats, also
# the file cpus, which only per-CPU pools have; one: json; looks: those that look at chunks
reader() {
	what=$1
	case $what in
	stats) names="stats cpus" ;;
	one) names=json ;;
	looks) names="chunks map live json" ;;
	*) names=$what ;;
	esac
	first=$FIRST
	[ "$what" != check ] || first='^chunks:'
	out=$tmp/$1
	good=0
	bad=0
	while [ -e $tmp/go ]; do
		if [ "$what" = json ]; then
			cat $FASTALLOC/json >"$out"
			whole=1
			if [ "$(head -c 13 "$out")" = '{"format": 1,' ] && [ "$(tail -n 1 "$out")" = ']}' ] &&
			   [ "$(grep -c '^]}' "$out")" = 1 ]; then
				whole=0
			fi
			seen=$(grep -c '"name": "churn-' "$out")
		elif [ "$what" = pools ]; then
			# Sixteen columns under a header, in every line.
			cat $FASTALLOC/pools >"$out"
			awk 'NR == 1 && $1 != "NAME" || NF != 16 { bad = 1 }
			     END { exit bad || !NR }' "$out"
			whole=$?
			seen=$(grep -c '^churn-' "$out")
		else
			# A pool may be destroyed before its file is opened, or while
			# it is read (the shell reads byte by byte, which is faster
			# than a process for each pool). What was read must be lines
			# of `key: value`, or of a table.
			for name in $names; do
				for f in "$FASTALLOC"/churn-*/"$name"; do
					while read -r line; do
						echo "$line"
					done <"$f"
				done
			done >"$out" 2>/dev/null
			! grep -qv "$LINES" "$out"
			whole=$?
			seen=$(grep -c "$first" "$out")
		fi
		good=$((good + seen))
		if [ $whole != 0 ]; then
			bad=$((bad + 1))
			cp "$out" "$out.bad"
		fi
		echo "$good $bad" >"$out.count"
	done
}

churn() {
	if ! echo "$1" >$run; then
		touch $tmp/failed
		return 1
	fi
}

# Each reader must have read enough pools for its result to mean something.
all_read() {
	for what in $READERS; do
		read -r good bad <"$tmp/$what.count" || return 1
		[ "$good" -ge "$READS" ] || return 1
	done
}

churn_until_read() {
	all_read || { churn 20 && all_read; }
}

# churn_read CYCLES: two writers and all readers at once
churn_read() {
	rm -f $tmp/failed
	for what in $READERS; do
		echo 0 0 >"$tmp/$what.count"
	done
	touch $tmp/go
	readers=
	for what in $READERS; do
		reader "$what" &
		readers="$readers $!"
	done
	churn $(($1 / 2)) &
	w1=$!
	churn $(($1 / 2)) &
	w2=$!
	wait $w1 $w2
	wait_for 120 churn_until_read
	rm -f $tmp/go
	# shellcheck disable=SC2086 # words
	wait $readers
	[ ! -e $tmp/failed ]
}

meminfo() {
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

# Memory in use in KiB, after caches were dropped: page and dentry caches, and slabs
# without objects. Free pages on the CPUs' lists, up to 100 MiB on newer kernels,
# count as free.
measure() {
	echo 3 >/proc/sys/vm/drop_caches
	for f in /sys/kernel/slab/*/shrink; do
		echo 1 >"$f"
	done
	pcp=$(awk '/ count: / { n += $2 } END { print 4 * n }' /proc/zoneinfo)
	echo "$(meminfo SUnreclaim) $(meminfo VmallocUsed) $(meminfo Percpu) $(($(meminfo MemAvailable) + pcp))"
}

# within "BEFORE" "AFTER": no figure changed by more than its tolerance
within() {
	# shellcheck disable=SC2086
	set -- $1 $2
	[ $(($5 - $1)) -le $SLAB_KIB ] && [ $(($6 - $2)) -le $VMALLOC_KIB ] &&
		[ $(($7 - $3)) -le $PERCPU_KIB ] &&
		[ $(($4 - $8)) -le $PAGES_KIB ]
}

# lost KIND: the figure of that kind changed by more than its tolerance
lost() {
	# shellcheck disable=SC2086
	set -- $1 $before $after
	case $1 in
	slab) [ $(($6 - $2)) -gt $SLAB_KIB ] ;;
	vmalloc) [ $(($7 - $3)) -gt $VMALLOC_KIB ] ;;
	pages) [ $(($5 - $9)) -gt $PAGES_KIB ] ;;
	*) false ;;
	esac
}

# Memory freed through RCU or a worker is free later, leaked memory never.
settled() {
	after=$(measure)
	within "$before" "$after"
}

READERS="pools stats config looks"
[ -z "$quarantine" ] || READERS="pools stats config json one chunks map live check"
# shellcheck disable=SC2086 # words
set -- $READERS
ktap_plan $((16 + $#))
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_churn

kmemleak=
if [ -w $DEBUGFS/kmemleak ] && echo scan >$DEBUGFS/kmemleak; then
	kmemleak=y
fi
reads=$READS READS=0
check "warms up" churn_read $((CYCLES / 10))
READS=$reads
[ -n "$quarantine" ] || before=$(measure)
start=$(value_of $report cycles)
check "$CYCLES pools come and go while their files are read" churn_read "$CYCLES"
sed 's/^/# /' $report
at_least "all cycles were made" $(($(value_of $report cycles) - start)) "$CYCLES"
is "none of them went wrong" "$(value_of $report errors)" 0
at_least "some of them grew" "$(value_of $report grown)" $((CYCLES / 10))
at_least "some of them were trimmed" "$(value_of $report trimmed)" 1
is "only the header is left in pools" "$(wc -l <$FASTALLOC/pools)" 1
is "no directory is left" "$(find $FASTALLOC -type d -name 'churn-*' | wc -l)" 0

for what in $READERS; do
	read -r good bad <"$tmp/$what.count"
	note "$what: $good read of living pools, $bad reads malformed"
	if [ "$good" -ge "$READS" ] && [ "$bad" = 0 ]; then
		pass "$what was read meanwhile and whole"
	else
		fail "$what was read meanwhile and whole" "$(head -5 "$tmp/$what.bad" 2>/dev/null)"
	fi
done

if [ -n "$quarantine" ]; then
	skip "holds no more memory than before" "KASAN's quarantine holds freed memory"
	skip "a leak of slab is seen" "KASAN's quarantine holds freed memory"
	skip "a leak of vmalloc is seen" "KASAN's quarantine holds freed memory"
	skip "a leak of pages is seen" "KASAN's quarantine holds freed memory"
else
	wait_for 15 settled
	note "KiB of SUnreclaim VmallocUsed Percpu MemAvailable: $before, then $after"
	check "holds no more memory than before" within "$before" "$after"

	# as many cycles as lose more than twice what is taken for a leak
	for kind in "1 10000 slab" "2 4000 vmalloc" "3 4500 pages"; do
		echo "${kind%% *}" >/sys/module/fastalloc_test_churn/parameters/leak
		kind=${kind#* }
		before=$(measure)
		churn "${kind% *}"
		wait_for 3 settled
		note "KiB, losing ${kind#* }: $before, then $after"
		check "a leak of ${kind#* } is seen" lost "${kind#* }"
	done
	echo 0 >/sys/module/fastalloc_test_churn/parameters/leak
fi

if [ -z "$kmemleak" ]; then
	skip "kmemleak finds nothing, and a leak put there" "kernel without kmemleak"
else
	clean=$(kmemleak_scan)
	[ "$clean" = 0 ] || head -20 $DEBUGFS/kmemleak | sed 's/^/# /'
	echo 1 >/sys/module/fastalloc_test_churn/parameters/leak
	churn 100
	echo 0 >/sys/module/fastalloc_test_churn/parameters/leak
	lost=$(kmemleak_scan)
	echo clear >$DEBUGFS/kmemleak
	note "kmemleak: $clean before, $lost of 100 objects lost on purpose"
	if [ "$clean" = 0 ] && [ "$lost" -ge 50 ]; then
		pass "kmemleak finds nothing, and a leak put there"
	else
		fail "kmemleak finds nothing, and a leak put there"
	fi
fi

unload fastalloc_test_churn
check "unloads" rmmod fastalloc
rm -rf $tmp
ktap_end
