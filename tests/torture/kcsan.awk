# SPDX-License-Identifier: GPL-2.0
#
# kcsan.awk - remove reports of KCSAN from a guest's log that do not concern the
# module: those whose header names two functions of the kernel; the race that
# torture_race() makes on purpose, which torture.sh looks for; and the race on
# current->flags, which memalloc_noio_save() writes within fa_pool_grow() and
# fa_lease_work() while a function of the scheduler reads it. These two functions share
# nothing else with functions of the kernel.

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
		!(/ in [^ ]+ \/ fa_(pool_grow|lease_work)[.a-z0-9]* \[fastalloc\]/ ||
		  / in fa_(pool_grow|lease_work)[.a-z0-9]* \[fastalloc\] \/ [^ ]+$/)
}
# lines that another CPU prints meanwhile
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
