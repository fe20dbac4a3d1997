#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The example module of README.md and samples/minimal load, have their pools, and unload.
set -u
# shellcheck source-path=SCRIPTDIR source=../../kselftest/ktap.sh
. "$(dirname "$0")/ktap.sh"

ours() { log_since | grep '^minimal: '; }

ktap_plan 10
check "fastalloc loads" load fastalloc
check "the example loads" load consumer
check "its pool is there" grep -q "^requests " "$FASTALLOC/pools"
check "the example unloads" unload consumer

log_mark
check "samples/minimal loads" load minimal
is "it has allocated its objects" "$(ours)" "minimal: 16 items allocated"
check "its pool is there, too" grep -q "^minimal " "$FASTALLOC/pools"
log_mark
check "samples/minimal unloads" unload minimal
is "it has freed its objects" "$(ours)" "minimal: 0 items allocated"

check "fastalloc unloads" unload fastalloc
ktap_end
