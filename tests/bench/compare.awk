# SPDX-License-Identifier: GPL-2.0
# compare.awk - convert rows.tsv to a table of a pair and of the worst operation, in
# instructions on stock-7 and in cycles on UML, as Markdown, for README.md.
BEGIN {
	FS = "\t"
	columns = split("fastalloc-percpu-inline kmem_cache mempool objpool gen_pool", columns_of, " ")
}
!($1 == "stock-7" && $3 == "instructions") && $3 != "cycles" { next }
$5 == 256 && $6 == 1 && ($4 == "pair" || $4 == "worst" && $9 == "max") {
	value[$4, $3, $7] = sprintf("%.*f", $4 == "pair" ? 1 : 0, $8)
}

function line(title, test, gauge,	i, v) {
	printf "| %s |", title
	for (i = 1; i <= columns; i++) {
		v = value[test, gauge, columns_of[i]]
		printf " %s |", v == "" ? "-" : v
	}
	print ""
}

END {
	if (!(("pair", "instructions", "kmem_cache") in value) || !(("pair", "cycles", "kmem_cache") in value))
		exit
	print "|  | fastalloc | `kmem_cache` | `mempool` | `objpool` | `gen_pool` |"
	print "| --- | --- | --- | --- | --- | --- |"
	line("A pair, instructions", "pair", "instructions")
	line("A pair, cycles [2]", "pair", "cycles")
	line("Worst operation, instructions", "worst", "instructions")
	line("Worst operation, cycles [2] [3]", "worst", "cycles")
}
