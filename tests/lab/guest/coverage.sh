# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# coverage.sh - in a guest: run kunit.sh, then copy the module's gcov counts to the
# host. gcov keeps them after the module is unloaded.
sh ./kunit.sh
rc=$?
cd /sys/kernel/debug/gcov || exit 1
find . -name '*.gcda' | grep /fastalloc/ | while read -r f; do
	mkdir -p "/host/${f%/*}" && cat "$f" >"/host/$f" || exit 1
done || rc=1
exit $rc
