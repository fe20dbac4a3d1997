#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# When memory is short: creation and growth fail cleanly and in bounded time, no task
# is killed, the emergency reserves stay, and the log reports it once. Large numbers
# of objects work. The memory that pools use is the memory that they report, also in
# an OOM report.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

if [ -e $DEBUGFS/kmemleak ]; then
	ktap_plan 1
	skip "pools at the end of memory" "kmemleak ends for good when memory ends"
	ktap_end
	exit
fi

ctl=$DEBUGFS/fastalloc_test_memory/ctl
report=$DEBUGFS/fastalloc_test_memory/report
totals=/sys/kernel/fastalloc

KINDS="chunk_bytes metadata_bytes cache_bytes check_bytes"

ENOMEM=12
# FASTALLOC_F_NODE, _OWNER, _HANDLES
NODE=4 OWNER=64 HANDLES=128
MAX_OBJECTS=2147483647
# values of gfp=
NORETRY=0 NOWARN=1 NOMEMALLOC=2 NOIO=3 WARN=4
# Milliseconds that one allocation may take until it fails.
LIMIT=5000
# Pages that are free when memory is exhausted, unless the reserves were used.
RESERVES=300

get() {
	value_of "$report" "$1"
}

do_memory() {
	echo "$*" >$ctl
}

meminfo() {
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}
mib() {
	echo $(($(meminfo "$1") / 1024))
}

# In KiB, with pages on the CPUs' lists.
free_kib() {
	echo $(($(meminfo MemFree) + $(awk '/ count: / { n += $2 } END { print 4 * n }' /proc/zoneinfo)))
}

# Other tasks may free memory late, and so may caches that were filled meanwhile:
# waits until the number no longer changes.
settled_kib() {
	echo 3 >/proc/sys/vm/drop_caches
	is_kib=0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		was_kib=$is_kib
		is_kib=$(free_kib)
		[ $((is_kib - was_kib)) -gt 256 ] || [ $((was_kib - is_kib)) -gt 256 ] || break
		usleep 500000
	done
	echo "$is_kib"
}

oom_kills() {
	awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

# kib KIND: of all pools
kib() {
	echo $(($(cat "$totals/$1_bytes") / 1024))
}

# the number of lines since log_mark about failed memory allocations
said() {
	log_ours | grep -c "pool test-memory: .*no memory for"
}

# within WHAT TOLD GOT PAGES: so many bytes are told and were got, to within some pages
within() {
	note "$1: $2 bytes told, $3 got"
	if [ $(($2 - $3)) -le $(($4 * 4096)) ] && [ $(($3 - $2)) -le $(($4 * 4096)) ]; then
		pass "$1"
	else
		fail "$1" "$2 bytes told, $3 got, more than $4 pages apart"
	fi
}

ktap_plan 119
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_memory
# When memory is short, pages on the lists of CPUs are out of reach: keep these lists
# small.
taskset -p 1 $$ >/dev/null
echo 100000 >/proc/sys/vm/percpu_pagelist_high_fraction
# Watermarks that change for some time would change the limit.
boost=$(cat /proc/sys/vm/watermark_boost_factor)
echo 0 >/proc/sys/vm/watermark_boost_factor

# Promise: all memory that pools use is counted, and visible without debugfs.
for p in "percpu,$PERCPU" "spinlock,$SPINLOCK"; do
	# Memory that is allocated once and kept is not part of the cost of these.
	do_memory many 50 sync="${p#*,}" capacity=16
	do_memory none
	before=$(settled_kib)
	slab=$(meminfo Slab) percpu=$(meminfo Percpu)
	do_memory many 2000 sync="${p#*,}" capacity=16
	cost=$((before - $(settled_kib)))
	is "${p%,*}: 2000 pools" "$(get answer)" 0
	is "${p%,*}: the number of pools" "$(cat $totals/pools)" 2000
	is "${p%,*}: the sum of their bytes" "$(cat $totals/bytes)" "$(get bytes)"
	told=$(($(get bytes) / 1024))
	note "2000 pools took $cost KiB, and say $told"
	if [ $((cost * 85)) -le $((told * 100)) ] && [ $((cost * 115)) -ge $((told * 100)) ]; then
		pass "${p%,*}: within 15 per cent of what was free before"
	else
		fail "${p%,*}: within 15 per cent of what was free before" "took $cost KiB, say $told"
	fi
	for kind in $KINDS; do
		is "${p%,*}: the sum of $kind" "$(cat $totals/"$kind")" "$(get "$kind")"
	done
	# Caches of CPUs come from the allocator for such, which keeps some pages ready for each CPU.
	# All else that is not a chunk comes from slab caches.
	percpu=$(($(meminfo Percpu) - percpu)) slab=$(($(meminfo Slab) - slab))
	within "${p%,*}: caches of CPUs" "$(get percpu_bytes)" $((percpu * 1024)) \
		$((8 * $(get possible_cpus)))
	small=$((told - ($(get chunk_bytes) + $(get percpu_bytes)) / 1024))
	note "slab caches grew by $slab KiB for $small KiB"
	at_least "${p%,*}: metadata and magazines" $slab $small
	at_least "${p%,*}: and no more than a tenth beside" $((small * 11)) $((slab * 10))
	do_memory none
	is "${p%,*}: no pool is left" "$(cat $totals/pools) $(cat $totals/bytes)" "0 0"
	is "${p%,*}: nor any kind of memory" "$(for k in $KINDS; do cat "$totals/$k"; done | sort -u)" 0
done

# Promise: each kind of memory is what the kernel has counted for it, to within a page a chunk.
# what the module has got from vmalloc
vmalloc_bytes() {
	awk '/\[fastalloc\]/ { for (i = 3; i <= NF; i++) if (sub(/^pages=/, "", $i)) n += $i }
		END { print 4096 * n }' /proc/vmallocinfo
}
# one_pool KEY=VALUE...: makes one pool, reads what it takes
one_pool() {
	do_memory none
	do_memory many 1 "$@"
	chunks=$(get chunks) bytes=$(get bytes) vm=$(vmalloc_bytes)
	chunk_bytes=$(get chunk_bytes) metadata_bytes=$(get metadata_bytes)
	check_bytes=$(get check_bytes)
}
# Each chunk comes from a block of 8 pages, of which 3 are given back.
do_memory grow size=4096 sync="$SPINLOCK" order="$LOWEST" backing="$PAGES" growth="$LINEAR" \
	growth_amount=5 capacity=5 max_capacity=10000 alone=1 gfp="$NOWARN"
is "pages: chunks" "$(get chunks) $(get chunk_bytes)" "2000 40960000"
within "pages: chunks take what the page allocator gave" "$(get bytes)" \
	$((($(get pages_before) - $(get pages_left)) * 4096)) 500
one_pool size=4096 sync="$SPINLOCK" order="$LOWEST" backing="$VMALLOC" capacity=2048
is "vmalloc: a chunk is an area" \
	"$(grep '\[fastalloc\]' /proc/vmallocinfo | grep -c " pages=$((chunk_bytes / 4096)) ")" 1
within "vmalloc: a chunk, and what vmalloc takes beside" "$bytes" "$vm" 8
set -- size=8 sync="$SPINLOCK" order="$LOWEST" backing="$VMALLOC" capacity=1048576
one_pool "$@"
plain=$vm plain_metadata=$metadata_bytes
within "vmalloc: chunks and metadata" "$bytes" "$vm" 8
one_pool "$@" flags="$OWNER"
within "vmalloc: checks" "$check_bytes" $((vm - plain)) "$chunks"
one_pool "$@" flags="$HANDLES"
within "vmalloc: handles" $((metadata_bytes - plain_metadata)) $((vm - plain)) "$chunks"
one_pool size=8 backing="$VMALLOC" capacity=1048576
within "vmalloc: magazines and metadata" "$bytes" "$vm" 8
do_memory none

# Promise: bookkeeping of more than INT_MAX bytes works, and so do
# FASTALLOC_MAX_OBJECTS objects.
large() {
	what=$1 need=$2
	shift 2
	if [ "$(mib MemAvailable)" -lt "$need" ]; then
		skip "$what" "needs $need MiB, there are $(mib MemAvailable)"
		return
	fi
	do_memory create "$@"
	note "$*: $(get ms) ms, $(get bytes) bytes"
	is "$what" "$(get answer)" 0
}
# once is enough: it takes some time
case $(uname -r) in
6.1.*) large "percpu: 180 million objects" 2450 size=1 capacity=180000000 ;;
*) skip "percpu: 180 million objects" "made on 6.1 only, since it takes long" ;;
esac
# 64 bytes of record for each object in one piece
large "owners: records of 2.2 GB" 2450 size=1 capacity=34000000 sync="$SPINLOCK" order="$LOWEST" flags=$OWNER
# Kept for the rest of the test, so that memory is short sooner.
large "lowest: the most objects of a pool" 2450 size=1 capacity=$MAX_OBJECTS sync="$SPINLOCK" \
	order="$LOWEST" keep=1

killed=$(oom_kills)
mkfifo /tmp/held.$$
exec 9<>/tmp/held.$$
dd if=/dev/zero of=/tmp/held.$$ bs=50M count=1 2>/dev/null &
bystander=$!
holds_memory() {
	[ "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$bystander/status)" -ge 50000 ]
}
check "a bystander holds memory" wait_for 10 holds_memory

# leave MIB: leaves this much for callers that may not use the reserves
leave() {
	do_memory hog $(($1 * 1024))
	note "took memory for $(get ms) ms, left $(mib MemFree) MiB, available $(mib MemAvailable)"
}
leave 80

# Promise: an allocation that fails for lack of memory is reported, but not each time,
# and not with __GFP_NOWARN.
log_mark
do_memory grow size=4096 sync="$SPINLOCK" alone=1 gfp=$WARN fails=40
note "$(get objects) objects, 40 failures in $(get last_ms) ms"
log_ours | sed 's/^/# /;q'
at_least "failures say so" "$(said)" 1
at_least "but not each" 30 "$(said)"
log_mark
do_memory grow size=4096 sync="$SPINLOCK" alone=1 gfp=$NORETRY fails=40
is "with __GFP_NOWARN they do not" "$(said)" 0

# Promise: a pool that is larger than memory is refused, and no task is killed.
too_large() {
	what=$1
	shift
	do_memory create "$@"
	note "$*: $(get ms) ms"
	is "too large, $what: refused, nobody killed" \
		"$(get answer) killed $(($(oom_kills) - killed))" "-$ENOMEM killed 0"
}
before=$(free_kib)
F=$(mib MemFree) A=$(mib MemAvailable)
log_mark
too_large "percpu" size=8 capacity=$(((F + 20) * 131072))
is "too large: the log says it" "$(said)" 1
too_large "spinlock" size=8 sync="$SPINLOCK" capacity=$(((F + 20) * 131072))
for backing in "auto,$AUTO" "pages,$PAGES" "vmalloc,$VMALLOC"; do
	for flags in "any node,0" "a node,$NODE"; do
		too_large "${backing%,*}, ${flags%,*}" size=4096 sync="$SPINLOCK" flags="${flags#*,}" \
			backing="${backing#*,}" capacity=$(((F + 20) * 256))
	done
done
too_large "more than the machine has" size=4096 sync="$SPINLOCK" \
	capacity=$(($(meminfo MemTotal) / 4 + 1000))
# Promise: the same if there is memory for the objects, but not for their bookkeeping.
for p in "percpu,$PERCPU,0" "spinlock,$SPINLOCK,0" "handles,$SPINLOCK,$HANDLES" "owners,$SPINLOCK,$OWNER"; do
	flags=${p#*,}
	too_large "${p%%,*}, bookkeeping" size=8 sync="${flags%,*}" flags="${flags#*,}" \
		capacity=$((A * 104858))
done
at_least "too large: all memory is back" "$(free_kib)" $((before - 4096))

# Promise: with AUTO, memory that is not available in one piece is taken in smaller
# ones, as with PAGES.
set -- size=4096 capacity=1024 growth="$EXPONENTIAL" sync="$SPINLOCK" gfp=$NOWARN
do_memory grow "$@" backing="$PAGES"
pages=$(get objects)
floor=$(get pages_left)
do_memory grow "$@"
note "pages: $pages objects, auto: $(get objects) in $(get ms) ms"
at_least "auto: grows to the end of memory" "$(get objects)" $((pages * 95 / 100))

# Promise: growth until memory is exhausted ends soon, kills no task, and leaves the
# emergency reserves and little else.
to_the_end() {
	what=$1
	shift
	do_memory grow growth="$LINEAR" fails=1 "$@"
	left=$(get pages_left) took=$(($(get pages_before) - $(get pages_left)))
	note "$*: $(get objects) objects, $(get ms) ms, last $(get last_ms) ms, $took pages taken, $left left"
	is "$what: fails, nobody killed" "$(get answer) killed $(($(oom_kills) - killed))" "0 killed 0"
	if [ "$(get last_ms)" -le $LIMIT ] && [ "$left" -ge $RESERVES ]; then
		pass "$what: in time, and the reserves stay"
	else
		fail "$what: in time, and the reserves stay" "$(get last_ms) ms, $left pages left"
	fi
	# Half: there are changing watermarks, and caches.
	at_least "$what: takes what is to be had" $took $((($(get pages_before) - floor) / 2))
}
to_the_end "4096 bytes, NORETRY" size=4096 sync="$SPINLOCK" gfp=$NORETRY
to_the_end "4096 bytes, GFP_KERNEL" size=4096 sync="$SPINLOCK" gfp=$NOWARN
to_the_end "4096 bytes, PF_MEMALLOC" size=4096 sync="$SPINLOCK" gfp=$NOMEMALLOC memalloc=1
leave 8
for p in "8 bytes, spinlock,$SPINLOCK,$LIFO,8" "64 bytes, lowest,$SPINLOCK,$LOWEST,64" \
	 "8 bytes, percpu,$PERCPU,$LIFO,8"; do
	size=${p##*,} p=${p%,*}
	order=${p##*,} p=${p%,*}
	sync=${p##*,} p=${p%,*}
	set -- size="$size" sync="$sync" order="$order"
	to_the_end "$p, NORETRY" "$@" growth_amount=512 gfp=$NORETRY
	to_the_end "$p, GFP_KERNEL" "$@" growth_amount=1024 gfp=$NOWARN
	to_the_end "$p, PF_MEMALLOC" "$@" growth_amount=512 gfp=$NOMEMALLOC memalloc=1
	to_the_end "$p, PF_MEMALLOC alone" "$@" growth_amount=512 gfp=$NOIO memalloc=1
done
for p in "handles,$HANDLES" "owners,$OWNER"; do
	to_the_end "64 bytes, ${p%,*}, GFP_KERNEL" size=64 sync="$SPINLOCK" growth_amount=512 \
		gfp=$NOWARN flags="${p#*,}"
done
check "the bystander lives" kill -0 $bystander

# Promise: an OOM report shows the memory of pools.
do_memory give 32768
do_memory many 3 size=4096 sync="$SPINLOCK" capacity=512
is "three pools" "$(get answer)" 0
told="$(cat $totals/pools) pools hold $(($(cat $totals/bytes) / 1024)) KiB: chunks $(kib chunk), metadata $(kib metadata), caches $(kib cache), checks $(kib check)"
expect_splat "invoked oom-killer"
expect_splat "oom-kill:constraint="
expect_splat "Out of memory: Killed process"
log_mark
(
	echo 1000 >/proc/self/oom_score_adj
	exec dd if=/dev/zero of=/dev/null bs=$(($(mib MemFree) + 20))M count=1 2>/dev/null
)
is "who asks for more than there is, is killed" $? 137
is "the OOM killer ran once" $(($(oom_kills) - killed)) 1
log_ours | sed 's/^/# /'
is "the report has the pools' total" "$(log_ours | grep -c "^fastalloc: $told\$")" 1
at_least "and the largest" "$(log_ours | grep -c '^fastalloc: pool test-[a-z0-9-]*: [0-9]* KiB')" 1
do_memory none
do_memory release
check "the bystander lives still" kill -0 $bystander

kill $bystander
wait $bystander
exec 9>&-
rm -f /tmp/held.$$
echo "$boost" >/proc/sys/vm/watermark_boost_factor
echo 0 >/proc/sys/vm/percpu_pagelist_high_fraction
check "the helper unloads" unload fastalloc_test_memory
check "unloads" rmmod fastalloc
ktap_end
