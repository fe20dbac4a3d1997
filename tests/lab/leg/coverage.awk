# SPDX-License-Identifier: GPL-2.0
#
# coverage.awk - read one .gcov file: append a line "file lines hit branches taken"
# to the file table, and the lines not reached to table.missed.

{
	split($0, part, ":")
	gsub(/ /, "", part[1])
	gsub(/ /, "", part[2])
}

/^branch / {
	branches++
	if ($0 !~ /never executed/ && $0 !~ /taken 0%/)
		taken++
	next
}

/^(function|call|unconditional) / { next }

part[1] ~ /^[0-9]+\*?$/ {
	lines++
	hit++
}

part[1] == "#####" || part[1] == "=====" {
	lines++
	print f ":" part[2] ":" substr($0, index($0, part[2] ":") + length(part[2]) + 1) >> (table ".missed")
}

END {
	if (lines)
		printf "%s\t%d\t%d\t%d\t%d\n", f, lines, hit, branches, taken >> table
}
