# SPDX-License-Identifier: GPL-2.0
#
# prom.awk - checks the text format of Prometheus. Prints what is wrong, and fails if anything is.

function wrong(text) { print "line " NR ": " text ": " $0; bad = 1 }

/^# HELP / {
	if (NF < 4)
		wrong("no text")
	if ($3 in help)
		wrong("a second HELP")
	help[$3] = 1
	next
}
/^# TYPE / {
	if ($3 in type)
		wrong("a second TYPE")
	if ($4 != "counter" && $4 != "gauge")
		wrong("unknown type")
	if (($4 == "counter") != ($3 ~ /_total$/))
		wrong("only counters end in _total")
	type[$3] = $4
	current = $3
	next
}
/^#/ || !NF { wrong("neither comment nor sample"); next }
{
	name = $0
	sub(/[{ ].*/, "", name)
	samples++
	if (name !~ /^fastalloc_[a-z_]+$/)
		wrong("not a name")
	if (!(name in help) || !(name in type))
		wrong("no HELP or TYPE before it")
	if (name != current)
		wrong("not with the others of its name")
	rest = substr($0, length(name) + 1)
	if (rest !~ /^({([a-z]+="([^"\\]|\\["\\n])*",?)+})? [0-9]+$/)
		wrong("not a sample")
	series = $0
	sub(/ [0-9]+$/, "", series)
	if (series in seen)
		wrong("occurs twice")
	seen[series] = 1
}
END {
	for (name in type)
		if (!(name in help))
			wrong("no HELP for " name)
	if (!samples)
		wrong("no samples")
	exit bad
}
