# SPDX-License-Identifier: GPL-2.0
# targets.awk - read the file "targets", then rows.tsv; print a table of the targets
# and whether they were met.
BEGIN { FS = ";" }
FNR == 1 { file++; FS = file == 1 ? ";" : "\t"; $0 = $0 }
/^#/ { next }
file == 1 { target[++n] = $0; next }
$4 == "memory" {
	memory[$1, $9] = $8
	if (!($1 in cpus)) {
		cpus[$1] = $6
		order[++kernels] = $1
	}
	next
}
{ value[$1, $4, $5, $6, $9, $7] = $8; gauge[$1] = $3 }

function say(text, where, measured, limit, shown) {
	printf "%-30s %-10s %-13s %14s %14s  %s\n", text, where, gauge[where],
		sprintf(shown, limit), sprintf(shown, measured),
		measured <= limit ? "met" : "MISSED"
}

END {
	printf "%-30s %-10s %-13s %14s %14s\n", "target", "kernel", "gauge", "at most", "measured"
	for (i = 1; i <= n; i++) {
		split(target[i], t, ";")
		if (!((t[2], t[3], t[4], t[5], t[6], t[7]) in value)) {
			if (t[2] in gauge)
				printf "%-30s %-10s %-13s %14s %14s  MISSED\n", t[1], t[2], gauge[t[2]], t[9], "not measured"
			continue
		}
		v = value[t[2], t[3], t[4], t[5], t[6], t[7]]
		if (t[8] != "-") {
			split(t[8] "@" t[5], ref, "@")
			v /= value[t[2], t[3], t[4], ref[2], t[6], ref[1]]
		}
		say(t[1], t[2], v, t[9], t[8] == "-" ? "%.0f" : "%.3f")
	}
	# 9 bytes an object, 32 KiB a pool, 8 KiB a CPU
	for (k = 1; k <= kernels; k++)
		say("bytes beside 100000 x 256 B", order[k], memory[order[k], "beside-objects"],
			9 * 100000 + 32768 + 8192 * cpus[order[k]], "%.0f")
}
