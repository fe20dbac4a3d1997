#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A consumer whose inline code does not match the module, as it was built with another
# header, is refused with a line that says so, with symbol versions (here those of the
# module itself) and without.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

ktap_plan 8
check "loads" load fastalloc
log_mark
refused "a consumer built against another header is refused" \
	insmod "$KO/fastalloc_test_layout.ko" 2>/tmp/said
refused "it is not there" loaded fastalloc_test_layout
# insmod tries twice, in two ways
is "the log says why" "$(log_ours | sort -u)" \
	"fastalloc: module fastalloc_test_layout was built against another <linux/fastalloc.h> (offset of fastalloc_cache.n: 4, not 0): rebuild it"
check "whoever loads it is told: invalid format (ENOEXEC)" \
	grep -q "invalid module format" /tmp/said
is "it left no pool" "$(wc -l <"$FASTALLOC/pools")" 1
check "one built against this header is welcome" insmod "$KO/fastalloc_test_dep.ko"
rmmod fastalloc_test_dep
check "unloads" rmmod fastalloc
ktap_end
