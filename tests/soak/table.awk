# SPDX-License-Identifier: GPL-2.0
# table.awk - convert the CSV of a soak to a table: the most objects out, and the
# footprint of each pool before the first operation, at the second peak, its minimum
# and maximum from then on, and after everything was freed and trimmed.
BEGIN { FS = "," }
NR == 1 { next }
{
	key = $1 " " $5
	if (!(key in kind)) {
		kind[key] = $6
		order[++keys] = key
	}
	add(key, $2, $3, $7, $8)
	if ($6 == "fixed" || $6 == "growing") {
		key = $1 " all-" $6
		if ($1 == "pools") {
			kind[key] = $6
			sum[key, $2] += $8
			out[key, $2] += $7
			level[$2] = $3
			if (!((key, $2) in step_seen)) {
				step_seen[key, $2] = 1
				step[key, ++n_of[key]] = $2
			}
		}
	}
}

function add(key, step, level, live, bytes) {
	if (step == "trim") {
		trim[key] = bytes
		return
	}
	if (step == 0)
		first[key] = bytes
	if (level == 100 && ++peaks[key] == 2)
		second[key] = bytes
	if (peaks[key] >= 2) {
		if (!(key in low) || bytes < low[key])
			low[key] = bytes
		if (bytes > high[key])
			high[key] = bytes
	}
	if (live > most[key])
		most[key] = live
}

function line(name, key) {
	printf "%-22s %9.0f %9.0f %9.0f %9.0f %9.0f %9.0f\n", name, most[key] / 1024,
		first[key] / 1024, second[key] / 1024, low[key] / 1024, high[key] / 1024, trim[key] / 1024
}

END {
	for (k in kind) {
		split(k, w, " ")
		if (w[2] !~ /^all-/)
			continue
		for (i = 1; i <= n_of[k]; i++)
			add(k, step[k, i], level[step[k, i]], out[k, step[k, i]], sum[k, step[k, i]])
	}
	printf "%-22s %9s %9s %9s %9s %9s %9s\n", "KiB", "most out", "at first", "2nd peak", "lowest", "highest", "trimmed"
	for (i = 1; i <= keys; i++)
		if (order[i] ~ /^pools / && kind[order[i]] != "slab") {
			split(order[i], w, " ")
			line(w[2], order[i])
		}
	line("all fixed pools", "pools all-fixed")
	line("all growing pools", "pools all-growing")
	line("kmem_cache, same load", "caches all")
}
