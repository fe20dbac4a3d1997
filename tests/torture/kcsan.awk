# SPDX-License-Identifier: GPL-2.0
#
# kcsan.awk - leave out of a guest's log what KCSAN says of races that are the
# kernel's own: its header names the two functions, and neither is ours. Nor is the
# race that torture_race() makes to be found, which torture.sh looks for; nor that of
# current->flags, which memalloc_noio_save() writes within fa_pool_grow(), and a tick that
# comes just then reads.

function flush_report(	i) {
	if (ours)
		for (i = 0; i < n; i++)
			print line[i]
	else if (n)
		dropped++
	n = 0
}

/^LAB-HOST / {
	flush_report()
	reporting = 0
}
/BUG: KCSAN:/ {
	flush_report()
	reporting = 1
	ours = /\[fastalloc/ && !/ in torture_race \[.* \/ torture_race \[/ &&
		!/ in (fa_pool_grow \[fastalloc\] \/ kthread_data|kthread_data \/ fa_pool_grow \[)/
}
# what another CPU says meanwhile
/^\[[^]]*\](\[[^]]*\])? (> |LAB-|FASTALLOC-|fastalloc: |WARNING: |BUG: [^K]|INFO: )/ {
	print
	next
}
reporting {
	line[n++] = $0
	if (/====================/) {
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
