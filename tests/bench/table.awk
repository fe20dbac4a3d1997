# SPDX-License-Identifier: GPL-2.0
# table.awk - convert rows.tsv to tables, one for each kernel, with a line for each
# case and a column for each allocator. With -v only=SIZE, of that size alone.
BEGIN {
	FS = "\t"
	n = split("fastalloc-percpu-inline fastalloc-percpu-call fastalloc-spinlock fastalloc-none fastalloc-none-plain kmem_cache kmalloc mempool objpool gen_pool dma_pool", who, " ")
	split("inline call spinlock none none-plain kmem_cache kmalloc mempool objpool gen_pool dma_pool", short, " ")
}
$4 == "memory" || (only && $5 != only) { next }
{
	if (!($1 in seen)) {
		seen[$1] = $3 " on " $2
		order[++kernels] = $1
	}
	line = sprintf("%-12s %5d %4d  %-9s", $4, $5, $6, $9)
	if (!(($1, line) in known)) {
		known[$1, line] = 1
		lines[$1, ++count[$1]] = line
	}
	value[$1, line, $7] = $8
}
END {
	for (k = 1; k <= kernels; k++) {
		name = order[k]
		printf "%s, an operation as the fourth column says, the empty loop taken off\n", seen[name]
		printf "%-12s %5s %4s  %-9s", "case", "size", "cpus", "per"
		for (i = 1; i <= n; i++)
			printf " %10s", short[i]
		print ""
		for (l = 1; l <= count[name]; l++) {
			line = lines[name, l]
			printf "%s", line
			for (i = 1; i <= n; i++)
				if ((name, line, who[i]) in value)
					printf " %10.1f", value[name, line, who[i]]
				else
					printf " %10s", "-"
			print ""
		}
		print ""
	}
}
