# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# watch.sh - a line for each frame of one pool.

: "${here:?}" "${data:?}" "${program:?}"

lines() { [ "$(awk '!seen[$0]++' out | wc -l)" -ge "$1" ]; }

# The pool changes, is reset, and goes. A frame may be seen more than once, so each line counts
# only once.
test_watch() {
	local pid status=0
	mkdir dir
	swap dir kinds
	top dir --watch flowmeter -d 0.1 >out 2>err &
	pid=$!
	soon lines 2
	swap dir next
	soon lines 3
	# The same frame again says nothing new.
	sleep 0.3
	swap dir reset
	soon lines 4
	swap dir vanished
	wait "$pid" || status=$?
	[ "$status" = 8 ] || fail "status $status"
	awk '!seen[$0]++' out | expect watch
	[ "$(cat err)" = "fastalloc-top: pool flowmeter is gone" ]
}

test_watch_count() {
	top "$data/kinds" --watch hoard -d 0.1 -n 21 >out
	# a header at first, and after 20 lines
	[ "$(grep -c INUSE out)" = 2 ]
	[ "$(wc -l <out)" = 23 ]
	[ "$(sed -n 22p out | awk '{ print $1 }')" = INUSE ]
}

test_watch_delay() {
	local began took try least=9999
	began=$(date +%s%N)
	top "$data/kinds" --watch hoard -d 0.4 -n 3 >out
	took=$((($(date +%s%N) - began) / 1000000))
	# two delays, and none after the last line
	[ "$took" -ge 800 ] || fail "$took ms"
	# one second, not the three of the table; the machine may be busy
	for try in 1 2 3 4 5; do
		began=$(date +%s%N)
		top "$data/kinds" --watch hoard -n 2 >out
		took=$((($(date +%s%N) - began) / 1000000))
		[ "$took" -ge 1000 ] || fail "$took ms"
		[ "$took" -ge "$least" ] || least=$took
		[ "$least" -ge 2900 ] || break
	done
	[ "$least" -lt 2900 ] || fail "$least ms, try $try"
	# status 124 would be that of timeout
	timeout 20 "$program" --dir "$data/kinds" --watch hoard -d 60 -n 1 >out
}

test_watch_no_pool() {
	fails 8 "fastalloc-top: there is no pool nobody" top "$data/kinds" --watch nobody
	# What is left of a destroyed pool is none.
	fails 8 "fastalloc-top: there is no pool gone" top "$data/kinds" --watch gone
}

test_watch_module_unloaded() {
	local status=0
	mkdir -p debug/other debug/fastalloc
	swap debug/fastalloc kinds
	top debug/fastalloc --watch hoard -d 0.1 >out 2>err &
	soon lines 2
	mv debug/fastalloc was-it
	wait $! || status=$?
	[ "$status" = 5 ] || fail "status $status"
	grep -q 'the module fastalloc is not loaded' err
}
