# SPDX-License-Identifier: GPL-2.0
# table.awk - convert rows.tsv to tables, one for each run, with a line for each case and
# a column for each allocator that the run has. With -v only=SIZE, of that size alone;
# with -v gauges=LIST, of these gauges alone.
BEGIN {
	FS = "\t"
	n = split("fastalloc-percpu-inline fastalloc-percpu-nopreempt fastalloc-percpu-call fastalloc-spinlock fastalloc-none fastalloc-none-plain kmem_cache kmalloc mempool objpool gen_pool dma_pool shared-counter percpu-counter", who, " ")
	split("inline nopreempt call spinlock none none-plain kmem_cache kmalloc mempool objpool gen_pool dma_pool shared per-cpu", short, " ")
}
$4 == "memory" || $4 == "reserve" || (only && $5 != only) { next }
gauges && !index("," gauges ",", "," $3 ",") { next }
{
	if (!($1 in seen)) {
		seen[$1] = $3 " on " $2 ", an operation as the column \"per\" says"
		if ($3 == "transfers")
			seen[$1] = "cache lines that CPUs take from one another on " $2 ", all CPUs busy"
		else
			seen[$1] = seen[$1] ", the empty loop taken off"
		shown[$1] = $3 == "transfers" ? "%.3f" : "%.1f"
		order[++kernels] = $1
	}
	line = sprintf("%-12s %5d %4d %8d  %-9s", $4, $5, $6, $10, $9)
	if (!(($1, line) in known)) {
		known[$1, line] = 1
		lines[$1, ++count[$1]] = line
	}
	value[$1, line, $7] = $8
	has[$1, $7] = 1
}
END {
	for (k = 1; k <= kernels; k++) {
		name = order[k]
		print seen[name]
		printf "%-12s %5s %4s %8s  %-9s", "case", "size", "cpus", "capacity", "per"
		for (i = 1; i <= n; i++)
			if ((name, who[i]) in has)
				printf " %10s", short[i]
		print ""
		for (l = 1; l <= count[name]; l++) {
			line = lines[name, l]
			printf "%s", line
			for (i = 1; i <= n; i++)
				if ((name, line, who[i]) in value)
					printf " %10s", sprintf(shown[name], value[name, line, who[i]])
				else if ((name, who[i]) in has)
					printf " %10s", "-"
			print ""
		}
		print ""
	}
}
