# SPDX-License-Identifier: GPL-2.0
#
# kcsan.awk - leave out of a guest's log what KCSAN says of races that are the
# kernel's own. A report is kept if its header, or one of the three innermost
# frames of either party, is of a module of ours.

function flush_report(	i) {
	if (ours)
		for (i = 0; i < n; i++)
			print line[i]
	else if (n)
		dropped++
	n = 0
}

/BUG: KCSAN:/ {
	flush_report()
	reporting = 1
	ours = /\[fastalloc/
}
reporting {
	if (/ by (task|interrupt)| by .* on cpu /)
		frames = 3
	else if (frames-- > 0 && /\[fastalloc/)
		ours = 1
	line[n++] = $0
	if (/={20}|====================/) {
		flush_report()
		reporting = 0
	}
	next
}
{ print }
END {
	flush_report()
	if (dropped)
		printf "LAB-HOST left out %d reports of KCSAN on the kernel itself\n", dropped
}
