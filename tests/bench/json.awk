# SPDX-License-Identifier: GPL-2.0
# json.awk - convert rows.tsv to an array of objects. Memory figures are not timed,
# and left out.
BEGIN {
	FS = "\t"
	said["pair"] = " per alloc+free pair"
	said["pair-256K"] = " per pair, working set 256 KiB"
	said["pair-64M"] = " per pair, working set 64 MiB"
	said["object"] = " per object"
	said["operation"] = " per operation"
	said["max"] = " of the worst single operation"
	printf "["
}
$4 == "memory" || $4 == "reserve" { next }
{
	if ($4 == "checks")
		unit = $3 said["pair"] ", " $9
	else
		unit = $3 (($9 in said) ? said[$9] : " of a single operation, " $9)
	printf "%s\n{\"kernel\":\"%s\",\"gauge\":\"%s\",\"case\":\"%s\",\"size\":%d,\"cpus\":%d,\"capacity\":%d,\"possible\":%d,\"init_on_alloc\":%d,\"allocator\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}",
		sep, $2, $3, $4, $5, $6, $10, $11, $12, $7, $8, unit
	sep = ","
}
END { print "\n]" }
