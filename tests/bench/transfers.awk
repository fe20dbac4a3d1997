# SPDX-License-Identifier: GPL-2.0
# transfers.awk - join what the plugin has counted (the first file) with the cases that
# the module has run (the console), and print lines for rows.tsv. Exit status 1 if the two
# do not belong together, or if a control is off:
#
# - A counter that all CPUs increment moves its line twice for every operation, for the
#   load and for the store, unless the same CPU did the one before. CPUs take turns, so
#   that happens only at the end of a phase, when all others are done.
# - Counters of each CPU move nothing, and the plugin sees both accesses.
BEGIN { OFS = "\t" }

function off(text) {
	print "transfers: " text >"/dev/stderr"
	wrong = 1
}

FILENAME == ARGV[1] {
	accesses[$1] = $2
	moved[$1] = $3 + $4
	counted = FNR
	next
}
{ sub(/\r$/, "") }
/fastalloc_bench: machine / {
	sub(/.*fastalloc_bench: machine /, "")
	possible = $1
	init = $2
}
# number case size CPUs allocator operations unit capacity
/fastalloc_bench: transfers / {
	sub(/.*fastalloc_bench: transfers /, "")
	ran++
	if ($1 != ran || !($1 in moved)) {
		off("case " ran " of the module is not in what the plugin has written")
		next
	}
	if ($4 != cpus)
		off($2 " ran on " $4 " CPUs, not on " cpus)
	value = moved[$1] / $6
	if ($5 == "shared-counter") {
		shared++
		if (cpus > 1 ? value < 1.9 || value > 2 : value != 0)
			off("a shared counter moves " value " lines an operation on " cpus " CPUs")
	} else if ($5 == "percpu-counter") {
		own++
		if (value != 0 || accesses[$1] < 2 * $6)
			off("counters of each CPU move " value " lines an operation in " accesses[$1] / $6 " accesses")
	}
	print name, kernel, "transfers", $2, $3, $4, $5, sprintf("%.5f", value), $7, $8, possible, init
}
END {
	if (ran != counted)
		off("the module has run " ran + 0 " cases, the plugin has counted " counted + 0)
	if (!shared || !own)
		off("no controls")
	exit wrong
}
