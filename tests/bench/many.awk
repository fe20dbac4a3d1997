# SPDX-License-Identifier: GPL-2.0
# many.awk - convert rows.tsv to a table of cache-line transfers on 16 CPUs, as Markdown,
# for README.md.
BEGIN {
	FS = "\t"
	split("burst16 burst64 churn pass remote-free", cases, " ")
	columns = split("fastalloc-percpu-inline fastalloc-spinlock kmem_cache mempool", columns_of, " ")
}
$3 != "transfers" || $6 != 16 || $10 != 4096 { next }
{
	sub(/ .*/, "", $2)
	if (!($2 in known)) {
		known[$2] = 1
		kernels[++n] = $2
	}
	value[$2, $4, $7] = sprintf("%.2f", $8)
}

END {
	if (!n)
		exit
	print "| Linux | case | `PERCPU` inline | `SPINLOCK` | `kmem_cache` | `mempool` |"
	print "| --- | --- | --- | --- | --- | --- |"
	for (k = 1; k <= n; k++)
		for (c = 1; c in cases; c++) {
			printf "| %s | `%s` |", kernels[k], cases[c]
			for (i = 1; i <= columns; i++)
				printf " %s |", value[kernels[k], cases[c], columns_of[i]]
			print ""
		}
}
