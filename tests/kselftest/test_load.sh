#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Loading and unloading: repeatedly, refused while a pool exists, and only for modules
# that import the symbol namespace.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

LOADS=20

ktap_plan 18

log_mark
check "loads" load fastalloc
# a line for each optional part that the kernel lacks, and no other
for part in "GLOB glob_match" "STACKDEPOT stack_depot_init"; do
	symbol=${part#* } option=${part% *} lacking=1
	! grep -q " $symbol\$" /proc/kallsyms || lacking=0
	is "lines about CONFIG_$option" "$(log_since | grep -c "no CONFIG_$option: ")" $lacking
done
check "makes its directory in debugfs" test -d "$FASTALLOC"
is "pools starts as a header alone" "$(wc -l <"$FASTALLOC/pools")" 1
check "unloads" rmmod fastalloc
refused "takes its directory in debugfs away" test -e "$FASTALLOC"

n=0
while [ $n -lt $LOADS ] && insmod "$KO/fastalloc.ko" && rmmod fastalloc; do
	n=$((n + 1))
done
is "loads and unloads $LOADS times" $n $LOADS

# expect_unknown: the loader will report each symbol of fastalloc_test_dep as unknown
expect_unknown() {
	for s in __fastalloc_create fastalloc_pool_destroy \
		 fastalloc_zalloc __fastalloc_free_slow; do
		expect_splat "Unknown symbol $s ("
	done
}

expect_unknown
refused "a consumer does not load without it" \
	insmod "$KO/fastalloc_test_dep.ko" 2>/dev/null

# The same consumer, but importing another namespace.
load fastalloc
sed 's/import_ns=FASTALLOC/import_ns=FASTALLOX/' "$KO/fastalloc_test_dep.ko" \
	>/tmp/otherns.ko
refused "the copy with another namespace differs" \
	cmp -s "$KO/fastalloc_test_dep.ko" /tmp/otherns.ko
expect_unknown
log_mark
refused "a module that does not import the namespace is refused" \
	insmod /tmp/otherns.ko 2>/dev/null
rm -f /tmp/otherns.ko
case $(log_since) in
*"from namespace FASTALLOC, but does not import it"*) pass "and the log says why" ;;
*) fail "and the log says why" "$(log_since)" ;;
esac

check "a consumer loads" insmod "$KO/fastalloc_test_dep.ko"
check "its pool is listed" grep -q "^test-dep " "$FASTALLOC/pools"
refused "rmmod is refused while a consumer is loaded" rmmod fastalloc 2>/dev/null
rmmod fastalloc_test_dep
refused "its pool is gone with it" grep -q "^test-dep " "$FASTALLOC/pools"

# One reference for each pool: with two pools the count is one higher than with one.
refs() {
	awk '$1 == "fastalloc" { print $3 }' /proc/modules
}
load fastalloc_test_pool
none=$(refs)
pool create name=ref-a >/dev/null
pool create name=ref-b >/dev/null
is "each pool holds a reference on the module" $(($(refs) - none)) 2
unload fastalloc_test_pool
check "unloads when the last consumer has gone" rmmod fastalloc

ktap_end
