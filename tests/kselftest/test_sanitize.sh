#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the kernel's sanitizers detect in objects, on kernels that have them. A caller
# that claims that it may sleep but must not is detected even if the pool has free
# objects, if the pool can grow. Lockdep was active in all tests before this one,
# which is the last of its guest: a report of KASAN or KMSAN disables lockdep. KASAN
# reports a read of a freed object, and of the byte after an allocated one; KMSAN a
# read of an object that was not written since it was allocated, or that was freed;
# kmemleak reports an unreferenced object, but no object in use and no memory that
# such an object points to; on page and on vmalloc backing.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

LOST=8

# the kernel's messages at boot; reading the log takes an emulated machine some time
sanitizers=$(dmesg | grep -o -e 'KernelAddressSanitizer initialized' -e 'Starting KernelMemorySanitizer')
kasan() { case $sanitizers in *Address*) ;; *) false ;; esac; }
kmsan() { case $sanitizers in *Memory*) ;; *) false ;; esac; }

INIT_ON_ALLOC=512 DROP_LIVE=$((0x2000))
backings="$PAGES $VMALLOC"
if kmsan; then ktap_plan 42; else ktap_plan 31; fi
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_pool

if [ -e /proc/lockdep_stats ]; then
	is "lockdep is at work" "$(sed -n 's/^ *debug_locks: *//p' /proc/lockdep_stats)" 1
else
	skip "lockdep is at work" "kernel without lockdep"
fi
asleep="sleeping function called from invalid context"
reports() { log_since | grep -c "BUG: $asleep"; }
reported() { pool "$verb" asleep >/dev/null && [ "$(reports)" != 0 ]; }
sanitize=/sys/module/fastalloc/parameters/sanitize
# the last two with a pool whose calls are inline
for kind in "$FIXED $PERCPU 0 Y asleep" "$LINEAR $PERCPU 1 Y asleep" "$LINEAR $SPINLOCK 1 Y asleep" \
	"$LINEAR $PERCPU 1 N asleep" "$LINEAR $PERCPU 1 N asleep-bulk"; do
	# shellcheck disable=SC2086
	set -- $kind
	verb=$5
	text="$verb: GFP_KERNEL, preemption off, growth $1, sync $2, sanitize $4: $3 reports"
	if ! grep -q ' __might_resched$' /proc/kallsyms; then
		skip "$text" "kernel without DEBUG_ATOMIC_SLEEP"
		continue
	fi
	echo "$4" >$sanitize
	pool create name=asleep obj_size=64 capacity=8 max_capacity=16 growth="$1" growth_amount=8 \
		sync="$2" flags=2048 >/dev/null
	echo Y >$sanitize
	pool alloc asleep 1 >/dev/null
	log_mark
	if [ "$3" = 0 ]; then
		pool "$verb" asleep >/dev/null
	else
		# the kernel reports once a second
		expect_splat "$asleep"
		wait_for 30 reported
	fi
	is "$text" "$(reports)" "$3"
	pool free asleep 1 >/dev/null
	pool destroy asleep >/dev/null
done
# An object is freed with its lock held. With a constructor the lock stays valid and
# may be held. Lockdep disables itself when it reports, as it would at the first
# report of KASAN or KMSAN.
for ctor in 1 0; do
	text="freed with its lock held, ctor $ctor: lockdep reports it $((!ctor)) times"
	if [ ! -e /proc/lockdep_stats ]; then
		skip "$text" "kernel without lockdep"
		continue
	fi
	echo N >$sanitize
	pool create name=locked obj_size=64 capacity=8 ctor="$ctor" flags=2048 >/dev/null
	echo Y >$sanitize
	pool alloc locked 1 >/dev/null
	log_mark
	[ "$ctor" = 1 ] || expect_splat "held lock freed"
	pool locked locked >/dev/null
	is "$text" "$(log_since | grep -c 'WARNING: held lock freed')" $((!ctor))
	pool free locked 1 >/dev/null
	pool destroy locked >/dev/null
done
if [ ! -e /proc/lockdep_stats ] && { kasan || kmsan; }; then
	expect_splat "Disabling lock debugging"
fi

# report WHAT BACKING SIZE: KASAN's word for that fault, in that function
report() {
	log_mark
	expect_splat "KASAN: $2 in test_$1"
	pool "$1" "$name" >/dev/null
	is "$1, backing $backing, $size bytes: KASAN reports $2" \
		"$(log_since | grep -c "BUG: KASAN: $2 in test_$1")" 1
}

# A multiple of KASAN's granule, and another size.
for backing in $backings; do
	for size in 64 61; do
		for sync in $SPINLOCK $PERCPU; do
			name=kasan-$backing-$size-$sync
			if ! kasan; then
				skip "overflow, backing $backing, $size bytes, sync $sync" "kernel without KASAN"
				skip "use after free, backing $backing, $size bytes, sync $sync" "kernel without KASAN"
				continue
			fi
			pool create "name=$name" obj_size=$size backing="$backing" sync="$sync" >/dev/null
			pool alloc "$name" 3 >/dev/null
			report oob slab-out-of-bounds
			report uaf use-after-free
			pool destroy "$name" >/dev/null
		done
	done
done

# uninit FUNCTION WANTED TEXT: number of reports of KMSAN in that function, for one
# call
uninit() {
	log_mark
	[ "$2" = 0 ] || expect_splat "KMSAN: uninit-value in test_$1"
	pool "$1" "$name" >/dev/null
	is "$3, backing $backing, sync $sync: $2 reports of KMSAN" \
		"$(log_since | grep -c "BUG: KMSAN: uninit-value in test_$1")" "$2"
}

if kmsan; then
	for kind in "$PAGES $SPINLOCK" "$VMALLOC $PERCPU"; do
		backing=${kind% *} sync=${kind#* }
		name=kmsan-$backing-$sync
		pool create "name=$name" obj_size=64 backing="$backing" sync="$sync" >/dev/null
		pool alloc "$name" 1 >/dev/null
		uninit read 1 "a fresh object"
		pool fill "$name" >/dev/null
		uninit read 0 "written"
		uninit uaf 1 "freed"
		pool alloc "$name" 1 >/dev/null
		uninit read 1 "allocated again"
		pool free "$name" 1 >/dev/null
		pool destroy "$name" >/dev/null
		pool create "name=$name" obj_size=64 backing="$backing" sync="$sync" \
			flags=$INIT_ON_ALLOC >/dev/null
		pool alloc "$name" 1 >/dev/null
		uninit read 0 "zeroed"
		pool free "$name" 1 >/dev/null
		pool destroy "$name" >/dev/null
		# by a constructor that writes nothing
		pool create "name=$name" obj_size=64 backing="$backing" sync="$sync" ctor=1 >/dev/null
		pool alloc "$name" 1 >/dev/null
		uninit read 1 "not written by its constructor"
		pool free "$name" 1 >/dev/null
		pool destroy "$name" >/dev/null
	done
else
	skip "objects not written" "kernel without KMSAN"
fi

# The sizes identify the pools in kmemleak's report.
if [ -w $DEBUGFS/kmemleak ]; then
	echo clear >$DEBUGFS/kmemleak
	for backing in $backings; do
		pool create "name=used$backing" obj_size=$((200 + 8 * backing)) backing="$backing" >/dev/null
		pool alloc "used$backing" 8 >/dev/null
		pool chain "used$backing" >/dev/null
		pool create "name=lost$backing" obj_size=$((300 + 8 * backing)) backing="$backing" \
			flags=$DROP_LIVE >/dev/null
		pool alloc "lost$backing" $((LOST + 1)) >/dev/null
		pool leak "lost$backing" $LOST >/dev/null
	done
	kmemleak_scan >/dev/null
	cat $DEBUGFS/kmemleak >/tmp/kmemleak
	found=0
	for backing in $backings; do
		n=$(grep -c "^unreferenced object .*size $((300 + 8 * backing)))" /tmp/kmemleak)
		found=$((found + n))
		# a stale word on some stack may hold one of them
		at_least "backing $backing: kmemleak reports objects that are lost" "$n" $((LOST / 2))
	done
	is "nothing else: no object in use, nor what it refers to" \
		"$(grep -c '^unreferenced object' /tmp/kmemleak)" "$found"
	for backing in $backings; do
		expect_splat "pool lost$backing destroyed with $LOST objects out"
		pool destroy "lost$backing" >/dev/null
		pool unchain "used$backing" >/dev/null
		pool destroy "used$backing" >/dev/null
	done
	# a kmemleak that has disabled itself refuses the command
	check "kmemleak still runs" sh -c "echo scan >$DEBUGFS/kmemleak"
else
	for what in "lost objects, pages" "lost objects, vmalloc" "nothing else" "kmemleak still runs"; do
		skip "$what" "kernel without kmemleak"
	done
fi
rmmod fastalloc_test_pool
rmmod fastalloc
ktap_end
