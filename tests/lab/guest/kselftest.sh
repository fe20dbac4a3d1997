# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# kselftest.sh - in a guest: run every /t/kselftest/test_*.sh, each in a shell of
# its own with lib.sh at hand. A test prints KTAP; exit status 0 is a pass, 4 a
# skip. It must leave no module of ours behind.
# shellcheck source=lib.sh
. /t/lib.sh

export KO="$MODULES"
cd /t/kselftest || exit 1
bad=0
# shellcheck disable=SC2046,SC2048 # one word a test
set -- $(cat /t/suites)
say "LAB-PLAN $#"
for t; do
	say "LAB-SUITE begin $t"
	relay sh "./$t"
	rc=$?
	say "LAB-SUITE end $t $rc"
	[ $rc = 0 ] || [ $rc = 4 ] || bad=1
	left=$(lsmod | awk '/fastalloc|flowmeter/ { printf "%s ", $1 }')
	if [ -n "$left" ]; then
		say "LAB-FAIL $t: left modules loaded: $left"
		bad=1
	fi
done

# shellcheck source=leaks.sh
. /t/leaks.sh
exit $bad
