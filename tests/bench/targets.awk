# SPDX-License-Identifier: GPL-2.0
# targets.awk - read the file "targets", then rows.tsv; print a table of the targets
# and whether they were met. "not yet" is a planned target that was not met; one that
# was is "met (planned)".
BEGIN { FS = ";" }
FNR == 1 { file++; FS = file == 1 ? ";" : "\t"; $0 = $0 }
/^#/ { next }
file == 1 { target[++n] = $0; next }
{ gauge[$1] = $3 }
$4 == "memory" {
	memory[$1, $9] = $8
	if (!($1 in cpus)) {
		cpus[$1] = $6
		order[++kernels] = $1
	}
	next
}
{ value[$1, $4, $5, $6, $10, $9, $7] = value[$1, $4, $5, $6, "-", $9, $7] = $8 }

function outcome(met, planned) {
	if (planned)
		return met ? "met (planned)" : "not yet"
	return met ? "met" : "MISSED"
}

function line(text, where, limit, measured, result) {
	printf "%-30s %-22s %-13s %14s %14s  %s\n", text, where, gauge[where], limit, measured, result
}

function say(text, where, measured, limit, shown, planned) {
	line(text, where, sprintf(shown, limit), sprintf(shown, measured),
		outcome(measured <= limit, planned))
}

# the figure of target t in this case, of this allocator on so many CPUs
function key(t, what, unit, cpus, allocator) {
	return t[2] SUBSEP what SUBSEP t[4] SUBSEP cpus SUBSEP t[6] SUBSEP unit SUBSEP allocator
}

# what target t is compared with: allocator, allocator@cpus or pair:allocator
function reference(t,	part) {
	if (split(t[9], part, ":") == 2)
		return key(t, part[1], "pair", t[5], part[2])
	split(t[9] "@" t[5], part, "@")
	return key(t, t[3], t[7], part[2], part[1])
}

END {
	printf "%-30s %-22s %-13s %14s %14s\n", "target", "run", "gauge", "at most", "measured"
	for (i = 1; i <= n; i++) {
		split(target[i], t, ";")
		planned = t[11] == "planned"
		mine = key(t, t[3], t[7], t[5], t[8])
		other = t[9] == "-" ? "" : reference(t)
		if (!(mine in value) || (other != "" && !(other in value))) {
			if (t[2] in gauge)
				line(t[1], t[2], t[10], "not measured", outcome(0, planned))
			continue
		}
		v = value[mine]
		shown = gauge[t[2]] == "transfers" ? "%.3f" : "%.0f"
		if (other != "") {
			v = value[other] ? v / value[other] : (v ? 1e9 : 0)
			shown = "%.3f"
		}
		say(t[1], t[2], v, t[10], shown, planned)
	}
	# 14 bytes an object, 32 KiB a pool, 128 bytes a possible CPU, 2 KiB a CPU with a lease
	for (k = 1; k <= kernels; k++)
		say("bytes beside 100000 x 256 B", order[k], memory[order[k], "beside-objects"],
			14 * 100000 + 32768 + (128 + 2048) * cpus[order[k]], "%.0f", 0)
}
