# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# lib.sh - for scripts that run in a guest.
#
#	$MODULES	directory of the tree's modules (modprobe finds them too)
#	say TEXT	print a line to the kernel log, like a line of the kernel
#	expect TEXT	announce one splat whose header contains TEXT
#	relay CMD...	run CMD, its output line by line into the kernel log with
#			"> " before it; returns CMD's status

MODULES=/lib/modules/$(uname -r)/updates
export MODULES

say() { printf '<6>%s\n' "$*" >/dev/kmsg; }

expect() { say "FASTALLOC-EXPECT: $*"; }

relay() {
	rm -f /tmp/relay.$$
	{
		"$@"
		echo $? >/tmp/relay.$$
	} 2>&1 </dev/null | while IFS= read -r l; do
		# the kernel refuses records of more than 1 KiB
		printf '<6>> %.900s\n' "$l" >/dev/kmsg
	done
	return "$(cat /tmp/relay.$$)"
}
