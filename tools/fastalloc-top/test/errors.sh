# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# errors.sh - each failure has a message and an exit status of its own.

: "${here:?}" "${data:?}" "${program:?}"

# bad DIR MESSAGE: what is wrong with a file; --once and --json agree on that
bad() {
	fails 6 "fastalloc-top: $data/$1/json: $2" top "$data/$1" --once
	fails 6 "fastalloc-top: $data/$1/json: $2" top "$data/$1" --json
	fails 6 "fastalloc-top: $data/$1/json: $2" top "$data/$1" --prom -
}

test_error_truncated() {
	bad bad-truncated "JSON is truncated after $(wc -c <"$data/bad-truncated/json") bytes"
	bad bad-empty "JSON is truncated after 0 bytes"
}

test_error_malformed() {
	bad bad-syntax "JSON is malformed: line 3: *"
	bad bad-twice "JSON is malformed: line 3: duplicate object key near '\"format\"'"
	bad bad-array "JSON is not an object"
}

test_error_members() {
	bad bad-format-missing 'member "format" is missing'
	bad bad-no-format 'member "format" is too small'
	bad bad-no-version 'member "version" is missing'
	bad bad-not-array 'member "pools" is not an array'
	bad bad-pools 'member "pools" has an entry that is not an object'
	bad bad-no-member 'pool 0 (tiny): member "in_use" is missing'
	bad bad-type 'pool 0 (tiny): member "peak" is not an integer'
	bad bad-negative 'pool 0 (tiny): member "bytes" is too small'
	bad bad-state 'pool 0 (tiny): member "state" is not one of live, zombie, dead'
	bad bad-flags 'pool 0 (tiny): member "flags" has an entry that is not a string'
	bad bad-no-cpus 'pool 0 (tiny): member "cpus" is missing'
	bad bad-cpu 'pool 0 (tiny): member "lease" is missing'
	bad bad-name 'pool 0 (../../etc): member "name" is not a name of a pool'
}

# Every member that the format describes is needed.
test_error_each_member() {
	local member nr=0
	mkdir one
	grep -A 9 '"name": "flowmeter"' "$data/kinds/json" | grep -o '"[a-z_]*":' | sort -u >members
	while IFS= read -r member; do
		[[ $member != '"a_new_member":' && $member != '"x":' ]] || continue
		# renamed in the first pool only
		sed "0,/$member/s//\"was_it\":/" "$data/kinds/json" >one/json
		case $member in
		'"name":') fails 6 '*: pool 0 (no name): member "name" is missing' top one -o ;;
		*) fails 6 "*: pool 0 (flowmeter): member ${member%:} is missing" top one -o ;;
		esac
		nr=$((nr + 1))
	done <members
	[ "$nr" = 45 ] || fail "$nr members"
}

test_error_newer() {
	fails 7 "fastalloc-top: $data/newer/json: format 2 is newer than 1, which this program knows: update it" \
		top "$data/newer" --once
}

test_error_not_mounted() {
	mkdir empty
	fails 3 "fastalloc-top: debugfs is not mounted: empty/ is empty" top empty/fastalloc -o
	fails 3 "fastalloc-top: debugfs is not mounted: $PWD/no/ does not exist" top "$PWD/no/fastalloc/" -o
}

test_error_no_module() {
	mkdir -p debug/other debug/old
	fails 5 "fastalloc-top: debug/fastalloc does not exist: the module fastalloc is not loaded" \
		top debug/fastalloc -o
	fails 5 "fastalloc-top: debug/old: no file json: the module fastalloc is too old for this program" \
		top debug/old -o
	fails 1 "fastalloc-top: $data/empty/json: Not a directory" top "$data/empty/json" -o
}

# Root may read everything, so this is tried as somebody else.
test_error_permission() {
	local as=()
	if [ "$(id -u)" = 0 ]; then
		command -v setpriv >/dev/null || skip "setpriv is missing"
		as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	fi
	cp "$program" top-copy
	mkdir -p closed/fastalloc open
	cp "$data/empty/json" closed/fastalloc
	cp "$data/empty/json" open
	chmod 755 top-copy open .
	chmod 0 closed open/json
	fails 4 "fastalloc-top: $PWD/closed/fastalloc/json: no permission to read it: Permission denied; run as root" \
		"${as[@]}" "$PWD/top-copy" --dir "$PWD/closed/fastalloc" -o
	fails 4 "fastalloc-top: $PWD/open/json: no permission to read it: Permission denied; run as root" \
		"${as[@]}" "$PWD/top-copy" --dir "$PWD/open" -o
	chmod 755 closed
}

test_error_usage() {
	local see="; see fastalloc-top --help"
	fails 2 "fastalloc-top: --sort size: not one of use, rate, misses, failures, waits, memory, name$see" \
		"$program" -s size
	fails 2 "fastalloc-top: --delay 0: not a number from 0.1 to 86400$see" "$program" -d 0
	fails 2 "fastalloc-top: --delay nan: not a number from 0.1 to 86400$see" "$program" -d nan
	fails 2 "fastalloc-top: --delay 2s: not a number from 0.1 to 86400$see" "$program" -d 2s
	fails 2 "fastalloc-top: --count 0: not a number above 0$see" "$program" --watch x -n 0
	fails 2 "fastalloc-top: --count -1: not a number above 0$see" "$program" --watch x -n -1
	fails 2 "fastalloc-top: --count is only for --watch$see" "$program" -o -n 1
	fails 2 "fastalloc-top: only one of --once, --json, --prom and --watch can be given$see" \
		"$program" --json --once
	fails 2 "fastalloc-top: b: only one pattern can be given$see" "$program" a b
	fails 2 "fastalloc-top: a: --json and --watch take no pattern$see" "$program" --json a
	fails 2 "*unrecognized option*" "$program" --frobnicate
}

test_error_no_terminal() {
	fails 1 "fastalloc-top: not on a terminal: use --once" top "$data/kinds"
}
