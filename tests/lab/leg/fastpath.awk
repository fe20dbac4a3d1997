# SPDX-License-Identifier: GPL-2.0
#
# fastpath.awk - what a function executes with the kernel's key init_on_alloc off, or on.
# Usage: awk -v function_name=NAME -v on=0|1 -f fastpath.awk CODE JUMPS
#	CODE	objdump -dr --no-show-raw-insn of the object
#	JUMPS	objdump -r -j __jump_table of it
#
# Follows all branches from the start of the function; a branch of the key only to where it
# leads in the given state. Prints "instructions N", and for each symbol outside that can
# be reached, "refers NAME".

FNR == 1 { file++ }

# "  2d:	je     76 <take+0x76>", or a relocation in the line after it
file == 1 && /^[0-9a-f]+ <.*>:$/ {
	name = substr($2, 2, length($2) - 3)
	last = ""
	next
}
file == 1 && /: R_/ {
	to[last] = $NF
	sub(/[-+]0x[0-9a-f]+$/, "", to[last])
	next
}
file == 1 && /^ *[0-9a-f]+:\t/ {
	at = $1
	sub(/:.*/, "", at)
	if (!(name in start))
		start[name] = at
	if (last != "")
		follows[last] = at
	line = $0
	sub(/^[^\t]*\t/, "", line)
	sub(/^(bnd|notrack|cs|ds|data16) +/, "", line)
	split(line, word, /[ \t]+/)
	does[at] = word[1]
	branch[at] = word[2]
	last = at
	next
}

# Three relocations an entry: where the branch is, where it leads, and the key, plus an odd
# number if the kernel branches while the key is off, not while it is on.
file == 2 && /R_/ {
	value[n++ % 3] = $NF
	if (n % 3 == 0 && value[2] ~ /^init_on_alloc(\+0x[0-9a-f]+)?$/) {
		at = address(value[0])
		leads[at] = address(value[1])
		taken[at] = on + 0 != (value[2] ~ /\+0x[0-9a-f]*[13579bdf]$/)
	}
}

function address(symbol) {
	sub(/^.*\+0x0*/, "", symbol)
	return symbol == "" || symbol ~ /\./ ? "0" : symbol
}

function visit(at,	op) {
	while (at != "" && !(at in seen)) {
		seen[at] = 1
		count++
		op = does[at]
		if (at in leads) {
			keys++
			at = taken[at] ? leads[at] : follows[at]
			continue
		}
		if (at in to && op ~ /^(call|j)/)
			refers[to[at]] = 1
		if (op ~ /^(ret|ud2|int3)/)
			return
		if (op ~ /^jmp/) {
			if (at in to)
				return
			at = branch[at]
			continue
		}
		if (op ~ /^j/ && !(at in to))
			visit(branch[at])
		at = follows[at]
	}
}

END {
	if (!(function_name in start))
		exit 1
	visit(start[function_name])
	print "instructions", count
	print "keys", keys + 0
	for (name in refers)
		print "refers", name
}
