# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# kunit.sh - in a guest: load every KUnit suite listed in ./suites, then unload
# all. A line of that file is a module's name and its parameters.
# shellcheck source=lib.sh
. /t/lib.sh

bad=0
insmod "$MODULES/fastalloc.ko" || exit 1
say "LAB-PLAN $(wc -l <suites)"
while read -r name params; do
	# Where the kernel has sanitizers they close the inline path. One suite is
	# about them; the others are about what lies behind that path.
	case $name in
	*_debug_kunit) echo Y ;;
	*) echo N ;;
	esac >/sys/module/fastalloc/parameters/sanitize || bad=1
	say "LAB-SUITE begin $name"
	# shellcheck disable=SC2086 # a list of parameters
	insmod "$MODULES/$name.ko" $params
	rc=$?
	say "LAB-SUITE end $name $rc"
	[ $rc = 0 ] || bad=1
done <suites
while read -r name _; do
	rmmod "$name" || bad=1
done <suites
rmmod fastalloc || bad=1

# shellcheck source=leaks.sh
. /t/leaks.sh
exit $bad
