#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs the kselftest scripts in the booted kernel, one KTAP subtest each.
# usage: run_kselftest.sh [NAME...]      (default: every test_*.sh beside it)
# KO=DIR: where fastalloc.ko and the helper modules are (default: beside it).
set -u

here=$(cd "$(dirname "$0")" && pwd)
export KO="${KO:-$here}"

if [ $# = 0 ]; then
	for f in "$here"/test_*.sh; do
		name=${f##*/test_}
		set -- "$@" "${name%.sh}"
	done
fi

echo "KTAP version 1"
echo "1..$#"
nr=0
failed=0
for name in "$@"; do
	nr=$((nr + 1))
	# A pipe would take the script's status with it.
	rm -f /tmp/kselftest.rc
	{
		sh "$here/test_$name.sh" 2>&1
		echo $? >/tmp/kselftest.rc
	} | sed 's/^/  /'
	if [ "$(cat /tmp/kselftest.rc)" = 0 ]; then
		echo "ok $nr $name"
	else
		echo "not ok $nr $name"
		failed=$((failed + 1))
	fi
done
[ "$failed" = 0 ]
