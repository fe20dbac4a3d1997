#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The files of a pool in debugfs that look at its chunks or change something: who may open
# them, what may be written, and what happens then.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

D=$FASTALLOC/growing

stat_of() {
	value_of "$D/stats" "$1"
}

# writes FILE TEXT: prints what the shell says, or "ok"
writes() {
	if (echo "$2" >"$D/$1") 2>/tmp/error; then
		echo ok
	else
		sed 's/.*: //' /tmp/error
	fi
}

ktap_plan 43
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_pool
is "a growing pool" "$(pool create name=growing obj_size=4096 capacity=8 growth=$LINEAR \
	growth_amount=8 sync=$SPINLOCK order=$LOWEST)" 0

for f in chunks map live check json; do
	is "$f is for root to read" "$(stat -c %a "$D/$f")" 400
done
for f in reset trim; do
	is "$f is for root to write" "$(stat -c %a "$D/$f")" 200
	refused "$f cannot be read" sh -c "cat $D/$f" 2>/dev/null
done
is "json of all pools is for root to read" "$(stat -c %a "$FASTALLOC/json")" 400

is "twenty objects" "$(pool alloc growing 20)" 20
is "a line for each chunk in chunks" "$(($(wc -l <"$D/chunks") - 1))" "$(stat_of chunks)"
is "and in map" "$(grep -c '\[' "$D/map")" "$(stat_of chunks)"
is "free objects of the chunks" "$(awk 'NR > 1 { n += $6 } END { print n }' "$D/chunks")" \
	"$(($(stat_of total) - 20))"
at_least "bytes of the chunks" "$(awk 'NR > 1 { n += $4 } END { print n }' "$D/chunks")" \
	"$(($(stat_of total) * 4096))"
is "allocated objects in the map" "$(grep '\[' "$D/map" | tr -cd O | wc -c)" 20
is "allocated objects in live" "$(sed -n 's/^# \([0-9]*\) objects are allocated$/\1/p' "$D/live")" 20
is "check finds no fault" "$(value_of "$D/check" faults) $(value_of "$D/check" quiet)" "0 yes"

for text in 0 2 yes-please on1 "1 1" -1; do
	log_mark
	is "'$text' is no value for trim" "$(writes trim "$text")" "Invalid argument"
	is "and the log says so" "$(log_ours)" "fastalloc: pool growing: trim: takes nothing but 1"
done
for text in 0 on1; do
	log_mark
	is "'$text' is no value for reset" "$(writes reset "$text")" "Invalid argument"
	is "and the log says so, too" "$(log_ours)" "fastalloc: pool growing: reset: takes nothing but 1"
done
pool free growing 20 >/dev/null
is "nothing was trimmed by that" "$(stat_of capacity)" 24
is "1 trims" "$(writes trim 1)" ok
is "to the capacity at creation" "$(stat_of capacity)" 8
is "1 resets" "$(writes reset 1) $(stat_of allocs) $(stat_of peak)" "ok 0 0"

exec 3<"$D/map"
is "a pool goes although its file is open" "$(pool destroy growing)" 0
cat <&3 >/dev/null 2>&1
exec 3<&-
unload fastalloc_test_pool
check "unloads" rmmod fastalloc
ktap_end
