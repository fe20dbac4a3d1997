#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Two modules, one depending on the other, loaded by name: modprobe of the second
# loads the first, and neither can be removed while it is in use.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

ktap_plan 8
refused "fastalloc is not loaded yet" loaded fastalloc
check "modprobe of the dependent" modprobe fastalloc_test_dep
check "brought fastalloc" loaded fastalloc
check "and its pool is there" grep -q "^test-dep " "$FASTALLOC/pools"
rmmod fastalloc 2>/dev/null
check "fastalloc stays while it is needed" loaded fastalloc
check "modprobe -r of the dependent" modprobe -r fastalloc_test_dep
refused "it is gone" loaded fastalloc_test_dep
unload fastalloc
refused "and so can fastalloc be" loaded fastalloc
ktap_end
