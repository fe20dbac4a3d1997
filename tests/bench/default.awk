# SPDX-License-Identifier: GPL-2.0
# default.awk - convert rows.tsv to a table of a pair with each kernel's own default of
# init_on_alloc, as Markdown, for README.md and performance.rst.
BEGIN { FS = "\t" }
$1 !~ /-default$/ || $4 != "pair" { next }
{
	sub(/ .*/, "", $2)
	line = $2 SUBSEP $12 SUBSEP $5
	if (!(line in known)) {
		known[line] = 1
		lines[++n] = line
	}
	value[line, $7] = $8
}

function cell(line, allocator) {
	if (!((line, allocator) in value))
		return "- |"
	return sprintf("%.1f (%.2f) |", value[line, allocator], value[line, allocator] / value[line, "kmem_cache"])
}

END {
	if (!n)
		exit
	print "| Linux | `init_on_alloc` | bytes | `PERCPU` inline | `SPINLOCK` | `NONE` | `kmem_cache` |"
	print "| --- | --- | --- | --- | --- | --- | --- |"
	for (i = 1; i <= n; i++) {
		split(lines[i], part, SUBSEP)
		printf "| %s | %d | %d | %s %s %s %.1f |\n", part[1], part[2], part[3],
			cell(lines[i], "fastalloc-percpu-inline"), cell(lines[i], "fastalloc-spinlock"),
			cell(lines[i], "fastalloc-none"), value[lines[i], "kmem_cache"]
	}
}
