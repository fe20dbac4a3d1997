# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# prom.sh - the text format of Prometheus.

: "${here:?}" "${data:?}" "${program:?}"

valid() { awk -f "$here/prom.awk" "$1"; }

test_prom() {
	golden prom top "$data/kinds" --prom -
	valid golden.out
}

test_prom_empty() {
	golden prom-empty top "$data/empty" --prom -
	valid golden.out
}

test_prom_pattern() {
	top "$data/kinds" --prom - hoard >out
	valid out
	[ "$(grep -o 'pool="[^"]*"' out | sort -u)" = 'pool="hoard"' ]
	grep -qx 'fastalloc_cpu_exchanges_total{pool="hoard",module="reqmod",cpu="1"} 30' out
	# These describe the machine, whatever the pattern.
	top "$data/kinds" --prom - | grep -E '^fastalloc_(pools|dead_pools|dead_pools_bytes) ' >all
	[ -s all ]
	grep -E '^fastalloc_(pools|dead_pools|dead_pools_bytes) ' out | diff all -
}

test_prom_thousand_pools() {
	mkdir many
	many 1000 >many/json
	top many --prom out
	valid out
	[ "$(grep -c '^fastalloc_capacity{' out)" = 1000 ]
	[ "$(grep -c '^fastalloc_cpu_lease{' out)" = 8000 ]
}

# The checker itself finds what is wrong.
test_prom_checker() {
	top "$data/kinds" --prom out
	valid out
	sed '/^# HELP fastalloc_peak /d' out | no valid -
	sed '/^# TYPE fastalloc_peak /d' out | no valid -
	sed 's/^fastalloc_peak{pool="hoard"/fastalloc_peak{pool="conns"/' out | sed 's/conntrack_x/reqmod/' | no valid -
	sed 's/q\\"u/q"u/' out | no valid -
	sed 's/fastalloc_allocs_total/fastalloc_allocs/' out | no valid -
	sort out | no valid -
	sed 's/ 1000000$/ -/' out | no valid -
	no valid /dev/null
}

test_prom_file() {
	local mode
	umask 027
	echo old >out.prom
	ln out.prom link
	top "$data/kinds" --prom out.prom
	cmp out.prom "$here/expect/prom"
	# It was replaced, not overwritten: a reader of the old file sees all of that.
	[ "$(cat link)" = old ]
	mode=$(stat -c %a out.prom)
	[ "$mode" = 640 ] || fail "mode $mode"
	[ "$(echo *)" = "link out.prom" ] || fail "left over: $(echo *)"
}

test_prom_file_fails() {
	mkdir dir
	fails 1 "fastalloc-top: no/out: cannot create a file beside it: No such file or directory" \
		top "$data/kinds" --prom no/out
	fails 1 "fastalloc-top: dir: not a regular file; - is the standard output" \
		top "$data/kinds" --prom dir
	ln -s /dev/null link
	fails 1 "fastalloc-top: link: not a regular file; - is the standard output" \
		top "$data/kinds" --prom link
	[ -h link ]
	rm link
	[ "$(echo *)" = "dir fails.err fails.out" ] || fail "left over: $(echo *)"
	# The old file stays if the snapshot is bad.
	echo old >out
	fails 6 "*" top "$data/bad-type" --prom out
	[ "$(cat out)" = old ]
}
