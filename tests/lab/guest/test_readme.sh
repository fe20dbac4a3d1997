#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The example module of README.md loads, has its pool, and goes again.
set -u
# shellcheck source-path=SCRIPTDIR source=../../kselftest/ktap.sh
. "$(dirname "$0")/ktap.sh"

ktap_plan 5
check "fastalloc loads" load fastalloc
check "the example loads" load consumer
check "its pool is there" grep -q "^requests " "$FASTALLOC/pools"
check "the example unloads" unload consumer
check "fastalloc unloads" unload fastalloc
ktap_end
