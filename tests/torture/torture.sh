#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# torture.sh - in a guest: run every shape of fastalloc_torture while CPUs go down
# and up and the files in debugfs are read; prints KTAP. Each shape runs once with
# default pools, and those in CHECKED (default: all) once with all checks and sanitizers,
# which must report nothing.
#
# Environment: MS (milliseconds a shape), MINUTES (repeat all shapes for this time),
# STEP (milliseconds for which the host single-steps the CPUs, from the line
# "LAB-STEP on" to "LAB-STEP off"), NMI (NMIs are required).
# shellcheck source=../kselftest/ktap.sh
. ./ktap.sh

CTL=$DEBUGFS/fastalloc_torture
PARAMETERS=/sys/module/fastalloc/parameters
MS=${MS:-500}
STEP=${STEP:-0}
SOFTIRQ=1
# there a softirq is a thread, which must wait until preemption is enabled
case $(uname -v) in *PREEMPT_RT*) SOFTIRQ=0 ;; esac

say() { echo "<6>$*" >/dev/kmsg; }

# centiseconds since the guest was booted
now() { read -r up _ </proc/uptime && echo "${up%.*}${up#*.}"; }

# until the file /tmp/stop exists: take CPUs down and up, one, or every third time all
# but the first. Most of the time all are online, which gives the most contention.
hotplug() {
	n=0
	while [ ! -e /tmp/stop ]; do
		began=$(now)
		for c in /sys/devices/system/cpu/cpu[1-9]*; do
			echo 0 >"$c/online" && n=$((n + 1))
			[ $((n % 3)) = 0 ] || break
		done
		for c in /sys/devices/system/cpu/cpu[1-9]*; do
			[ "$(cat "$c/online")" = 1 ] || echo 1 >"$c/online"
		done
		# three times as long as it took
		pause=$((2 + ($(now) - began) * 3 / 10))
		while [ $pause -gt 0 ] && [ ! -e /tmp/stop ]; do
			usleep 100000
			pause=$((pause - 1))
		done
	done 2>/tmp/hotplug.err
	echo "$n" >/tmp/hotplug
}

readers() {
	n=0
	while [ ! -e /tmp/stop ]; do
		cat "$FASTALLOC/pools" "$FASTALLOC/json" "$FASTALLOC"/*/stats "$FASTALLOC"/*/config \
			"$FASTALLOC"/*/cpus "$FASTALLOC"/*/chunks "$FASTALLOC"/*/map "$FASTALLOC"/*/live
		n=$((n + 1))
		usleep 50000
	done >/dev/null 2>&1
	echo "$n" >/tmp/readers
}

# hit CONTEXT WORD: prints the number before WORD in the report's line for that
# context
hit() { sed -n "s/^$1: .* \([0-9]*\) $2.*/\1/p" "$CTL/report"; }

hardirq=0 softirq=0 nmi=0 deep=0 hrtimers=0 trimmed=0 grows=0 waited=0 churned=0 cycles=0
upgraded=0 stale=0 here=0 taken=0 missed=0

# pools PREFIX SANITIZE DEBUG: set how the pools of the next shapes are made
pools() {
	prefix=$1
	echo "$2" >"$PARAMETERS/sanitize"
	echo "$3" >"$PARAMETERS/debug"
}

# shape NAME MS [CALM]: one run, one result
shape() {
	set -- "$1" "${3:+step }$prefix" "$2" "${3:-0}"
	if ! echo "$1 $3 $4" >"$CTL/run"; then
		fail "$2$1" "it did not run"
		return
	fi
	bad=$(sed -n '/^\(twice\|torn\|promise\|wakeup\|lost\|stats\|context\|handle\): [^0]/p' "$CTL/report" | tr '\n' ' ')
	hardirq=$((hardirq + $(hit hardirq hits)))
	softirq=$((softirq + $(hit softirq hits)))
	nmi=$((nmi + $(hit nmi hits)))
	for k in task softirq hardirq nmi; do
		deep=$((deep + $(hit $k deep)))
		[ "$(hit $k refused)" = 0 ] || echo $k >>/tmp/refused
		[ "$1" != leases ] || missed=$((missed + $(hit $k missed)))
		cycles=$((cycles + $(sed -n "s/^$k: \([0-9]*\) cycles.*/\1/p" "$CTL/report")))
	done
	hrtimers=$((hrtimers + $(value_of "$CTL/report" hrtimers)))
	trimmed=$((trimmed + $(value_of "$CTL/report" trimmed)))
	grows=$((grows + $(value_of "$CTL/report" grows)))
	here=$((here + $(value_of "$CTL/report" grows_atomic)))
	upgraded=$((upgraded + $(value_of "$CTL/report" upgraded)))
	stale=$((stale + $(value_of "$CTL/report" stale)))
	taken=$((taken + $(value_of "$CTL/report" leases_taken)))
	waited=$((waited + $(value_of "$CTL/report" waited)))
	churned=$((churned + $(value_of "$CTL/report" churned)))
	note "$2$1: $(sed -n 's/, 0 missed//; s/, 0 hits, 0 deep//; s/, 0 refused//; /cycles/p' "$CTL/report" | tr '\n' ';')"
	note "$2$1: $(sed -n '/cycles\|: 0$/!p' "$CTL/report" | tr '\n' ' ')"
	if [ -z "$bad" ]; then
		pass "$2$1"
	else
		fail "$2$1" "$bad"
	fi
}

rm -f /tmp/stop /tmp/refused
load fastalloc || exit 1
load fastalloc_torture || exit 1
shapes=${SHAPES:-$(cat "$CTL/shapes")}
# shellcheck disable=SC2086 # words
set -- $shapes
checked=
for s; do
	case " ${CHECKED-$shapes} " in
	*[[:space:]]"$s"[[:space:]]*) checked="$checked $s" ;;
	esac
done
runs=$(($# + $(echo "$checked" | wc -w)))
turns=1
if [ -n "${MINUTES:-}" ]; then
	# the rest of a turn takes little time
	turns=$((MINUTES * 60000 / (runs * MS)))
	[ $turns -gt 0 ] || turns=1
fi
kcsan=0
[ ! -e "$DEBUGFS/kcsan" ] || kcsan=1
ktap_plan $((turns * runs + 2 * (STEP > 0) + kcsan + 16))

say "FASTALLOC-ALLOW: fault in pool torture-wrong"
hotplug &
readers &
t=0
while [ $t -lt $turns ]; do
	t=$((t + 1))
	pools "" N ""
	for s; do
		shape "$s" "$MS"
	done
	pools "checked " Y FZPU
	for s in $checked; do
		if [ "$s" = leases ] && [ "$(nproc)" -lt 16 ]; then
			skip "checked leases" "each of so few CPUs can have one"
			continue
		fi
		shape "$s" "$MS"
	done
done
pools "" N ""
: >/tmp/stop
wait
if [ "$STEP" -gt 0 ]; then
	# nothing else may run meanwhile, as this is slow
	before=$((hardirq + softirq + nmi))
	say "LAB-STEP on"
	shape small "$STEP" 1
	say "LAB-STEP off"
	at_least "interrupts inside an operation, step by step" \
		$((hardirq + softirq + nmi - before)) 5
fi
if [ $kcsan = 1 ]; then
	log_mark
	seen=0
	# to read the log takes longer than to make a race
	for _ in $(seq 40); do
		for _ in 1 2 3 4 5; do
			echo 1 >"$CTL/race"
		done
		seen=$(log_since | grep -c 'BUG: KCSAN: data-race in torture_race \[.* / torture_race \[')
		[ "$seen" = 0 ] || break
	done
	at_least "KCSAN reports a race put there" "$seen" 1
fi
at_least "files read meanwhile" "$(cat /tmp/readers)" 3
if [ -e /sys/devices/system/cpu/cpu1/online ]; then
	# the more CPUs share those of the host, the longer this takes
	at_least "CPUs taken down meanwhile" "$(cat /tmp/hotplug)" $((1 + ($(nproc) < 16)))
	sed 's/^/# /' /tmp/hotplug.err
else
	skip "CPUs taken down meanwhile" "CPUs cannot be taken down here"
fi
note "$cycles cycles; hits: $softirq softirq, $hardirq hardirq, $nmi nmi, $deep deep"
at_least "hardirqs inside an operation" $hardirq 5
at_least "timers that expired in hardirq" $hrtimers 5
if [ $SOFTIRQ = 1 ]; then
	at_least "softirqs inside an operation" $softirq 5
else
	skip "softirqs inside an operation" "softirqs are threads here"
fi
if [ "${NMI:-1}" = 1 ]; then
	at_least "NMIs inside an operation" "$nmi" 5
	contexts="hardirq nmi softirq task"
else
	contexts="hardirq softirq task"
	skip "NMIs inside an operation" "there are no NMIs here"
fi
is "contexts in which a free of what is no object was refused" \
	"$(sort -u /tmp/refused | xargs)" "$contexts"
at_least "growths" $grows 3
at_least "growths in place, of those" $here 1
at_least "objects trimmed" $trimmed 1
at_least "waits served" $waited 3
at_least "other pools come and gone" $churned 3
at_least "objects found by a handle" $upgraded 5
at_least "handles of objects that were gone" $stale 5
# with fewer CPUs than this there may be a lease for each, and an object for all they hold
if [ "$(nproc)" -ge 16 ]; then
	at_least "leases taken from CPUs" $taken 10
	at_least "allocations that failed while leases moved" $missed 10
else
	skip "leases taken from CPUs" "$taken; each of so few CPUs can have one"
	skip "allocations that failed while leases moved" "$missed; with so few CPUs there may be none"
fi
unload fastalloc_torture
unload fastalloc
ktap_end
