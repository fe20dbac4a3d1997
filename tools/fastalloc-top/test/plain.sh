# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# plain.sh - output that is printed once: the table, advice, JSON, help.

: "${here:?}" "${data:?}" "${program:?}"

test_once() { golden once top "$data/kinds" --once; }
test_once_human() { golden once-human top "$data/kinds" -o --human; }
test_once_empty() { golden once-empty top "$data/empty" --once; }
test_help() { golden help "$program" --help; }

test_version() {
	local version
	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$here/../../../dkms.conf")
	[ "$("$program" --version)" = "fastalloc-top $version" ]
}

test_install() {
	make -s -C "$here/.." install DESTDIR="$PWD/root" PREFIX=/usr
	[ "$(root/usr/sbin/fastalloc-top --version)" = "$("$program" --version)" ]
	cmp root/usr/share/man/man8/fastalloc-top.8 "$here/../fastalloc-top.8"
}

# names KEY: the pools in the order of the table
names() {
	top "$data/kinds" -o -s "$1" | awk 'NF == 0 { exit } NR > 1 { print $1 }' | xargs -d '\n'
}

test_sort() {
	local big=a-name-of-thirty-one-characters
	[ "$(names name)" = "$big conns flowmeter frames gone gone hoard old-req q\"u\\o*[x] requests" ]
	[ "$(names use)" = "$big requests conns hoard frames old-req flowmeter gone gone q\"u\\o*[x]" ]
	[ "$(names failures)" = "$big requests conns flowmeter frames hoard old-req q\"u\\o*[x] gone gone" ]
	[ "$(names waits)" = "$big requests conns flowmeter frames hoard old-req q\"u\\o*[x] gone gone" ]
	[ "$(names memory)" = "$big frames flowmeter hoard conns old-req requests q\"u\\o*[x] gone gone" ]
}

test_pattern() {
	golden pattern top "$data/kinds" -o 'f*'
	golden pattern-class top "$data/kinds" -o '[!a-q]*'
	# a name is not a part of another one
	[ "$(top "$data/kinds" -o flow | head -n 2 | tail -n 1)" = "" ]
	# what a pattern does not match gives no advice either
	golden pattern-quoted top "$data/kinds" -o 'q"u\\o\*\[x]'
}

# The program has closed the file, so it has read all that was written.
closed() { [ -z "$(find "/proc/$1/fd" -lname '*/json' 2>/dev/null)" ]; }

# rates FRAME FRAME [OPTION...]: the table with rates between two frames. The file is a FIFO, so
# that each read gets the frame that is meant for it.
rates() {
	local first=$1 second=$2 dir
	shift 2
	dir=$(mktemp -d rates.XXXXXX)
	mkfifo "$dir/json"
	"$program" --dir "$dir" --meminfo "$data/meminfo" -o "$@" >rates.out &
	cat "$first" >"$dir/json"
	soon closed $!
	cat "$second" >"$dir/json"
	wait $!
	cat rates.out
}

# The clock is that of the frames, so that the rates are exact. One pool was reset meanwhile, one
# is new, and some are gone.
test_rates() {
	golden rates rates "$data/kinds/json" "$data/next/json" -d 0.1 -s rate
	golden rates-misses rates "$data/kinds/json" "$data/next/json" -d 0.1 -s misses
	# The module was loaded anew: its clock may be behind.
	golden rates-backwards rates "$data/next/json" "$data/kinds/json" -d 0.1 -s rate
}

# Without time_ns in the frames it is the clock of the program.
test_rates_own_clock() {
	local frame rate
	for frame in kinds next; do
		grep -v '"time_ns"' "$data/$frame/json" >"$frame"
	done
	rate=$(rates kinds next -d 0.5 flowmeter | awk '$1 == "flowmeter" { print $8 }')
	echo "rate $rate"
	# 50000 allocations in half a second, or in more on a slow machine
	awk -v rate="$rate" 'BEGIN { exit !(rate > 500 && rate < 100500) }'
}

test_json() {
	top "$data/kinds" --json >json
	cmp json "$data/kinds/json"
}

test_advice_needs_free_memory() {
	"$program" --dir "$data/kinds" --meminfo "$data/meminfo-short" -o >short
	no grep 'allocations failed' short
	grep -q 'CPU 1 holds 40 of 60' short
	"$program" --dir "$data/kinds" --meminfo /nonexistent -o >absent
	cmp short absent
}

# patched SED: the advice on the pools with something changed
patched() {
	mkdir -p patched
	sed "$1" "$data/kinds/json" >patched/json
	no cmp -s patched/json "$data/kinds/json"
	top patched -o | sed '1,/^ADVICE/d'
}

# Each threshold: on its one side there is advice, on the other there is none.
test_advice_thresholds() {
	patched 's/"grows": 40/"grows": 32/' | grep 'conns: grew 32 times'
	patched 's/"grows": 40/"grows": 31/' | no grep 'conns: grew'
	patched 's/"lease": 124/"lease": 961/' | grep 'flowmeter: .* 1023 of 4096 objects of the reserve'
	patched 's/"lease": 124/"lease": 962/' | no grep 'flowmeter: .* of the reserve'
	patched 's/"peak": 200/"peak": 4095/' | grep 'at most 8191 of 16384 '
	patched 's/"peak": 200/"peak": 4096/' | no grep 'flowmeter: at most'
	patched 's/"allocs": 1000000/"allocs": 10000/' | grep 'flowmeter: at most'
	patched 's/"allocs": 1000000/"allocs": 9999/' | no grep 'flowmeter:'
	patched 's/"obj_size": 192, "stride": 192/"obj_size": 4, "stride": 4/' | no grep 'flowmeter:'
	patched '/"in_use": 100, "peak": 120/s/100/60/; s/"spare": 24/"spare": 34/' |
		grep 'hoard: CPU 1 holds 50 of 100'
	patched '/"in_use": 100, "peak": 120/s/100/60/; s/"spare": 24/"spare": 33/' |
		no grep 'hoard: '
	patched '/"in_use": 100, "peak": 120/s/100/144/; s/"spare": 24/"spare": 0/' |
		grep 'hoard: CPU 1 holds 16 of 16'
	patched '/"in_use": 100, "peak": 120/s/100/144/; s/"loaded": 16, "spare": 24/"loaded": 15, "spare": 0/' |
		no grep 'hoard: '
	patched 's/"online_cpus": 2/"online_cpus": 1/' | no grep 'hoard: '
	patched 's/"checks": "FU"/"checks": "FZP"/' | no grep 'check U'
	patched 's/"violations": 3/"violations": 0/' | no grep 'faults'
	patched 's/"failures": 12,/"failures": 0,/' | no grep 'requests: '
}

test_advice_on_growing_pools_that_fail() {
	patched '/"grows": 40/s/^/   /; s/"allocs": 90000, "frees": 88200, "failures": 0/"allocs": 90000, "frees": 88200, "failures": 5/' |
		grep 'conns: 5 allocations failed.*make the low-water mark larger than 62'
	sed 's/"max_capacity": 2147483647, "total": 2000/"max_capacity": 2000, "total": 2000/' \
		"$data/kinds/json" | sed 's/"frees": 88200, "failures": 0/"frees": 88200, "failures": 5/' >patched/json
	top patched -o | grep 'conns: 5 allocations failed.*make the maximum larger than 2000'
}

# Text of the kernel must not reach the terminal as control characters.
test_printable() {
	mkdir esc
	sed 's/"name": "flowmeter"/"name": "flow\\u001b[2J\\u00e9"/' "$data/kinds/json" >esc/json
	top esc -o >out
	no grep -n '[^ -~]' out
	grep -q '^flow?\[2J??' out
}

test_thousand_pools() {
	local began took
	mkdir many
	many 1000 >many/json
	began=$(date +%s%N)
	top many -o >out
	took=$((($(date +%s%N) - began) / 1000000))
	echo "$took ms"
	[ "$took" -lt 3000 ]
	[ "$(grep -c '^pool-' out)" = 1000 ]
	[ "$(sed -n 2p out | awk '{ print $1, $6 }')" = "pool-0999 100%" ]
	[ "$(sed -n 1001p out | awk '{ print $1, $6 }')" = "pool-0000 0%" ]
}

test_output_is_full() {
	local option status=0
	for option in --once --json '--prom -' '--watch flowmeter' --help; do
		# shellcheck disable=SC2086 # words are what is wanted
		timeout 20 "$program" --dir "$data/kinds" $option >/dev/full 2>err || status=$?
		[ "$status" = 1 ] || fail "status $status: $option"
		[ "$option" = --help ] || grep 'fastalloc-top: cannot write the output' err
		status=0
	done
}
