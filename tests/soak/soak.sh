#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# soak.sh - in a guest: the load of fastalloc_soak, on pools and then on caches of
# the slab allocator, in steps between which the footprint is read; prints KTAP
# and, into the kernel log, a line for each figure:
#
#	SOAK pools|caches STEP LEVEL OPS NAME KIND LIVE BYTES
#
# KIND is fixed, growing, or slab: the increase of SUnreclaim of the whole guest
# since before the first object. LIVE is in bytes, too.
#
# Environment: OPS (operations on each), STEPS (in how many), SEED, ON (pools,
# caches or both).
# shellcheck source=../kselftest/ktap.sh
. ./ktap.sh

CTL=$DEBUGFS/fastalloc_soak
SAMPLES=/tmp/samples
# percentage of their objects that the pools have out, in a repeated sequence
WAVE="40 100 70 10 55 25 100 30 5 80"

slab() { sed -n 's/^SUnreclaim: *\([0-9]*\) kB/\1/p' /proc/meminfo; }
centiseconds() { awk '{ printf "%d\n", $1 * 100 }' /proc/uptime; }

# sample WHAT STEP LEVEL
sample() {
	awk -v what="$1 $2 $3 $(value_of "$CTL/report" ops)" -v slab=$(($(slab) - base)) '
		{
			print what, $1, $2, $3 * $4, $5
			live += $3 * $4
		}
		END { print what, "all", "slab", live, slab * 1024 }' "$CTL/pools" >/tmp/sample
	cat /tmp/sample >>"$SAMPLES"
	sed 's/^/<6>SOAK /' /tmp/sample | while IFS= read -r l; do
		echo "$l" >/dev/kmsg
	done
}

# soak WHAT: all steps
soak() {
	base=$(slab) began=$(centiseconds) n=0
	echo "begin $1 $SEED" >"$CTL/ctl" || return 1
	sample "$1" 0 0
	while [ $n -lt "$STEPS" ]; do
		for level in $WAVE; do
			[ $n -lt "$STEPS" ] || break
			n=$((n + 1))
			echo "step $level $((OPS / STEPS))" >"$CTL/ctl" || return 1
			sample "$1" $n "$level"
		done
	done
	took=$(($(centiseconds) - began))
	echo "step 0 0" >"$CTL/ctl" && echo trim >"$CTL/ctl" || return 1
	sample "$1" trim 0
	echo end >"$CTL/ctl" || return 1
	note "$1: $(tr '\n' ' ' <"$CTL/report")in $((took / 100)).$((took / 10 % 10)) s"
}

# footprints NAME [FROM]: the number of different ones, from step FROM on
footprints() {
	awk -v name="$1" -v from="${2:-0}" '
		$1 == "pools" && $5 == name && $2 != "trim" && $2 >= from && !seen[$8]++ { n++ }
		END { print n + 0 }' "$SAMPLES"
}

# bytes STEP: memory of the growing pools
bytes() {
	awk -v step="$1" '$1 == "pools" && $2 == step && $6 == "growing" { b += $8 } END { print b + 0 }' "$SAMPLES"
}

books() {
	at_least "$1: operations" "$(value_of "$CTL/report" ops)" "$OPS"
	is "$1: allocations that failed" "$(value_of "$CTL/report" failed)" 0
	is "$1: objects that two had" "$(value_of "$CTL/report" torn)" 0
	is "$1: with objects unaccounted for" "$(value_of "$CTL/report" lost)" 0
}

# names KIND: names of the pools
names() { awk -v kind="$1" '$2 == kind { print $1 }' "$CTL/pools"; }

load fastalloc || exit 1
load fastalloc_soak || exit 1
: >"$SAMPLES"
plan=0
case " $ON " in *" pools "*) plan=$(($(wc -l <"$CTL/pools") + 7)) ;; esac
case " $ON " in *" caches "*) plan=$((plan + 5)) ;; esac
ktap_plan $plan
for what in $ON; do
	check "$what: all steps" soak "$what"
	books "$what"
	[ "$what" = pools ] || continue
	for p in $(names fixed); do
		is "$p: footprints from begin to end" "$(footprints "$p")" 1
	done
	second=$(awk '$3 == 100 && !seen[$2]++ && ++n == 2 { print $2 }' "$SAMPLES")
	for p in $(names growing); do
		is "$p: footprints from the second peak on" "$(footprints "$p" "$second")" 1
	done
	at_least "growing pools: bytes that peaks added" $(($(bytes "$STEPS") - $(bytes 0))) 1
	at_least "growing pools: bytes that trim gave back" $(($(bytes "$STEPS") - $(bytes trim))) 1
done
unload fastalloc_soak
unload fastalloc
ktap_end
