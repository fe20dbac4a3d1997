# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# pictures.sh - in a guest: what the pictures in Documentation/pictures show.
#
# Writes to the second serial port, after a line "=== FILE", what the host keeps in that file:
# samples of two pools under one load; the map of one of them before and after trim; and two
# snapshots for fastalloc-top, a few seconds apart.
# shellcheck source=lib.sh
. /t/lib.sh
# shellcheck source=../../kselftest/ktap.sh
. /t/ktap.sh

PORT=/dev/ttyS1
# of the load: the number of steps, what a step takes in 1/100 s, and the step with a trim
STEPS=60 STEP=25 TRIM=49

# create NAME KEY=VALUE...
create() {
	name=$1
	shift
	[ "$(pool create "name=$name" "$@")" = 0 ] || say "LAB-FAIL cannot create $name: $*"
}
# on_cpu N COMMAND...: of the test module
on_cpu() {
	cpu=$1
	shift
	taskset "$(printf %x $((1 << cpu)))" sh -c '. /t/ktap.sh; pool "$@"' sh "$@" >/dev/null
}

# The load: two waves, of which the second one is larger than the fixed pool.
wanted() { # STEP: sets $want, objects
	first=$((440 - 4 * ($1 - 14) * ($1 - 14)))
	second=$((900 - 6 * ($1 - 38) * ($1 - 38)))
	want=60
	[ $first -le $want ] || want=$first
	[ $second -le $want ] || want=$second
}
now() { # sets $now, in 1/100 s
	read -r now _ </proc/uptime
	now=${now%.*}${now#*.}
}
look() { # POOL: sets $in_use and $capacity
	while IFS=': ' read -r key value; do
		case $key in
		in_use) in_use=$value ;;
		capacity) capacity=$value ;;
		esac
	done <"$FASTALLOC/$1/stats"
}
# An eighth of the objects is freed, the oldest ones; then as many are allocated or freed as it
# takes to have $want.
work() { # POOL
	look "$1"
	free=$((in_use / 8))
	[ $((in_use - free)) -le $want ] || free=$((in_use - want))
	pool free "$1" $free
	pool alloc "$1" $((want - in_use + free))
} >/dev/null
samples() {
	now
	start=$now
	for step in $(seq 0 $STEPS); do
		wanted "$step"
		work fixed
		work growing
		if [ "$step" = $TRIM ]; then
			cat "$FASTALLOC/growing/map" >/tmp/before
			echo 1 >"$FASTALLOC/growing/trim"
			cat "$FASTALLOC/growing/map" >/tmp/after
			echo $((step * STEP)) >/tmp/trim
		fi
		until
			now
			[ "$now" -ge $((start + (step + 1) * STEP)) ]
		do
			usleep 10000
		done
		[ "$now" -lt $((start + (step + 2) * STEP)) ] || say "LAB-FAIL step $step is late"
		look fixed
		echo "$((step * STEP)) $want $in_use $capacity" >>/tmp/fixed
		look growing
		echo "$((step * STEP)) $want $in_use $capacity" >>/tmp/growing
	done
}

file() { # NAME FILE
	echo "=== $1"
	cat "$2"
}
snapshot() { # DIR
	file "$1/json" "$FASTALLOC/json"
	file "$1/conns/json" "$FASTALLOC/conns/json"
}

stty -F $PORT raw
load fastalloc debug=FU,conns
load fastalloc_test_pool

create fixed obj_size=256 capacity=600
create growing obj_size=256 capacity=64 max_capacity=2000 growth=$LINEAR growth_amount=64 \
	order=$LOWEST
samples
{
	for f in fixed growing trim before after; do
		file $f /tmp/$f
	done
} >$PORT
pool destroy fixed
pool destroy growing

create conns sync=$PERCPU obj_size=320 capacity=1000 max_capacity=8000 growth=$LINEAR \
	growth_amount=500
create flows sync=$PERCPU obj_size=192 capacity=16384
create requests capacity=128
create frames obj_size=65536 capacity=64
create timers obj_size=128 capacity=64 max_capacity=8000 growth=$LINEAR growth_amount=32 \
	order=$LOWEST
{
	pool alloc requests 130
	pool handover requests 20
	pool free requests 17
	pool alloc frames 40
	pool alloc timers 1500
	pool free timers 260
	for _ in 1 2 3; do
		for cpu in 0 1 2 3; do
			on_cpu "$cpu" alloc flows $((900 + 100 * cpu))
			on_cpu "$cpu" free flows 900
		done
	done
	on_cpu 0 alloc conns 500
	on_cpu 1 too conns 600
	on_cpu 2 bulk conns 300
	on_cpu 3 alloc conns 80
	on_cpu 2 free conns 430
	on_cpu 1 alloc conns 90
	sleep 1
	snapshot a >$PORT
	for _ in 1 2 3; do
		on_cpu 0 free flows 700
		on_cpu 1 alloc flows 640
		on_cpu 2 alloc conns 40
		on_cpu 0 free conns 25
		on_cpu 3 free requests 9
		on_cpu 3 alloc requests 7
		pool alloc timers 60
		pool free timers 45
	done
	pool alloc requests 40
	pool free requests 12
	sleep 2
	snapshot b >$PORT
	file meminfo /proc/meminfo >$PORT
} >/dev/null
