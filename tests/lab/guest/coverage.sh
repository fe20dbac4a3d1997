# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# coverage.sh - in a guest: kunit.sh, then the module's gcov counts to the host.
# gcov keeps them after the module is gone.
sh ./kunit.sh
rc=$?
cd /sys/kernel/debug/gcov || exit 1
find . -name '*.gcda' | grep /fastalloc/ | while read -r f; do
	mkdir -p "/host/${f%/*}" && cat "$f" >"/host/$f" || exit 1
done || rc=1
exit $rc
