# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# leaks.sh - sourced in a guest after the modules were unloaded: run kmemleak, on
# kernels that have it. The log then contains its reports, which the verdict looks
# for, and the line LAB-KMEMLEAK, which proves that it has scanned.

# Refused if kmemleak is disabled, or has disabled itself.
if echo scan 2>/dev/null >/sys/kernel/debug/kmemleak; then
	# an object is reported only if it is older than 5 s and two scans found it
	# unchanged and without a reference
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
