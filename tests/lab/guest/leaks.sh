# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# leaks.sh - sourced in a guest once the modules are gone: what kmemleak has to
# say, on kernels that have it. The log then carries its reports, which the
# verdict looks for, and the line LAB-KMEMLEAK that proves the scan.

# Refused where kmemleak is off, or has switched itself off.
if echo scan 2>/dev/null >/sys/kernel/debug/kmemleak; then
	# an object is reported only when it is older than 5 s and two scans found
	# it without a reference and unchanged
	read -r up _ </proc/uptime
	until=$((${up%.*} + 6)) scanned=
	while read -r up _ </proc/uptime && [ "${up%.*}" -lt "$until" ]; do
		sleep 0.2
	done
	! echo scan >/sys/kernel/debug/kmemleak || scanned=y
	while IFS= read -r l; do
		say "kmemleak: $l"
	done </sys/kernel/debug/kmemleak
	[ -z "$scanned" ] || say "LAB-KMEMLEAK scanned"
fi
