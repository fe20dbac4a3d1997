# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# lib.sh - what the tests have in common. They run with "set -e" in a directory of their own, so
# a command that fails is a test that fails.

: "${here:?}" "${data:?}" "${program:?}"
skipped=4

skip() {
	echo "$*"
	exit "$skipped"
}

fail() {
	echo "$*"
	exit 1
}

# no COMMAND...: it fails. With "!" instead, a success would not end the test.
no() {
	if "$@"; then
		fail "succeeded: $*"
	fi
}

# top DIR [OPTION...]: the program on a recorded directory
top() {
	local dir=$1
	shift
	"$program" --dir "$dir" --meminfo "$data/meminfo" "$@"
}

# expect NAME: stdin is what is expected
expect() {
	if [ -n "${UPDATE:-}" ]; then
		cat >"$here/expect/$1"
	else
		diff -u "$here/expect/$1" -
	fi
}

# golden NAME COMMAND...: it succeeds, with the output that is expected
golden() {
	local name=$1
	shift
	"$@" >golden.out || fail "status $?: $*"
	expect "$name" <golden.out
}

# fails STATUS MESSAGE COMMAND...: it fails with this status; the message, all of stderr, matches
# a pattern; there is no output
fails() {
	local status=$1 message=$2 got=0
	shift 2
	"$@" >fails.out 2>fails.err || got=$?
	[ "$got" = "$status" ] || fail "status $got, not $status: $*: $(cat fails.err)"
	# shellcheck disable=SC2053 # a pattern is what is wanted
	[[ $(cat fails.err) == $message ]] || fail "$*: $(cat fails.err)"
	[ ! -s fails.out ] || fail "output: $*: $(cat fails.out)"
}

# soon COMMAND...: it succeeds within some time; a machine may be slow
soon() {
	local tries
	for ((tries = 0; tries < 400; tries++)); do
		! "$@" || return 0
		sleep 0.05
	done
	fail "not within 20 s: $*"
}

# swap DIR FRAME: what the kernel would show next; the program never reads a part of it
swap() {
	cp "$data/$2/json" "$1/json.new"
	mv "$1/json.new" "$1/json"
}

# many N: a snapshot of N pools, each on 8 CPUs
many() {
	awk -v n="$1" 'BEGIN {
		print "{\"format\": 1, \"version\": \"0.4.0\", \"time_ns\": 5, \"possible_cpus\": 8,"
		print "\"online_cpus\": 8, \"pools\": ["
		for (i = 0; i < n; i++) {
			printf "%s{\"name\": \"pool-%04d\", \"module\": \"m%d\", \"state\": \"live\",\n",
				i ? "," : "", i, i % 7
			print "\"obj_size\": 64, \"stride\": 64, \"align\": 8, \"sync\": \"percpu\","
			print "\"order\": \"lifo\", \"growth\": \"none\", \"backing\": \"auto\", \"node\": -1,"
			print "\"flags\": [], \"checks\": \"\", \"capacity\": 1000, \"max_capacity\": 1000,"
			print "\"total\": 1250, \"reserve\": 250, \"low_water\": 1, \"magazine\": 62,"
			printf "\"in_use\": %d, \"peak\": %d, \"allocs\": %d, \"frees\": 0,\n", i, i, i
			print "\"failures\": 0, \"grows\": 0, \"grows_atomic\": 0, \"growth_failures\": 0,"
			print "\"depot_exchanges\": 0, \"nested\": 0, \"leases_taken\": 0, \"waits\": 0,"
			print "\"violations\": 0, \"chunks\": 1, \"bytes\": 81920, \"chunk_bytes\": 76800,"
			print "\"metadata_bytes\": 4096, \"cache_bytes\": 1024, \"check_bytes\": 0,"
			print "\"magazine_bytes\": 512,"
			printf "\"cpus\": ["
			for (c = 0; c < 8; c++)
				printf "%s{\"cpu\": %d, \"lease\": 8, \"loaded\": 1, %s, %s}",
					c ? ",\n" : "", c, "\"spare\": 0, \"allocs\": 1",
					"\"frees\": 1, \"exchanges\": 1, \"nested\": 0"
			print "]}"
		}
		print "]}"
	}'
}
