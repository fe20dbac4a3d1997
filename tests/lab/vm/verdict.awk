# SPDX-License-Identifier: GPL-2.0
#
# verdict.awk - the rules of "verdict", where they are described.

function fault(text) {
	failed++
	printf "%s: FAIL: %s\n", leg, text
}

function has_bit(value, bit) {
	return int(value / bit) % 2
}

# forget the KTAP levels deeper than indent
function drop_below(indent,	i) {
	for (i in count)
		if (i + 0 > indent) {
			if ((i in plan) && plan[i] != count[i])
				fault(suite ": planned " plan[i] " tests, saw " count[i])
			else if (!(i in plan) && i + 0 <= 4)
				fault(suite ": results without a plan")
			delete count[i]
			delete plan[i]
			delete bad[i]
		}
	for (i in plan)
		if (i + 0 > indent) {
			if (plan[i] > 0)
				fault(suite ": planned " plan[i] " tests, saw none")
			delete plan[i]
		}
}

function end_suite(status) {
	drop_below(-1)
	if (!planned)
		fault(suite ": no KTAP plan")
	# a script that fails reports it again with its exit status
	if (status != 0 && status != 4 && failed == failed_before)
		fault(suite ": exit status " status)
	suite = ""
}

# a line of KTAP, without timestamp and prefix
function ktap_line(line,	indent, n, ok, rest, children, i, name, reason) {
	match(line, /^ */)
	indent = RLENGTH
	line = substr(line, indent + 1)
	if (line ~ /^Bail out!/) {
		fault(suite ": " line)
		return
	}
	if (line ~ /^1\.\.[0-9]+/) {
		if (indent == 0)
			planned = 1
		n = substr(line, 4) + 0
		drop_below(indent)
		if (indent in plan)
			fault(suite ": a second plan")
		plan[indent] = n
		count[indent] += 0
		if (n == 0 && line ~ /# *SKIP/) {
			skipped++
			printf "%s: skip: %s: %s\n", leg, suite, line
		} else if (n == 0) {
			fault(suite ": an empty plan")
		}
		return
	}
	if (line ~ /^# / && why-- > 0)
		printf "%s:   | %s\n", leg, substr(line, 1, 300)
	if (line !~ /^(not )?ok [0-9]+( |$)/) {
		said[saids++ % 4] = line
		return
	}
	ok = (line ~ /^ok/)
	rest = line
	sub(/^(not )?ok /, "", rest)
	n = rest + 0
	sub(/^[0-9]+ */, "", rest)
	name = rest
	sub(/ *# (SKIP|TODO|XFAIL).*/, "", name)
	sub(/^- /, "", name)

	children = 0
	bad_below = 0
	for (i in count)
		if (i + 0 > indent && count[i] > 0) {
			children = 1
			bad_below += bad[i]
		}
	drop_below(indent)
	count[indent]++
	if (n != count[indent])
		fault(suite ": result number " n " where " count[indent] " was due (" name ")")
	if (!ok)
		bad[indent]++
	why = 0
	if (children) {
		# a parent counts only if it fails without a failed child
		if (!ok && !bad_below)
			fault(suite ": " name)
		else if (ok && bad_below)
			fault(suite ": " name " is ok though a part of it is not")
		return
	}
	if (rest ~ /# SKIP/) {
		reason = rest
		sub(/.*# SKIP:? */, "", reason)
		if (!ok)
			fault(suite ": " name " (not ok, though skipped)")
		else if (reason == "")
			fault(suite ": " name " is skipped without a reason")
		else {
			skipped++
			printf "%s: skip: %s: %s: %s\n", leg, suite, name, reason
		}
	} else if (ok) {
		passed++
	} else {
		fault(suite ": " name)
		# KUnit prints the details before, ktap.sh after
		for (i = saids > 4 ? saids - 4 : 0; i < saids; i++)
			printf "%s:   | %s\n", leg, substr(said[i % 4], 1, 300)
		why = 2
	}
	saids = 0
}

# does an unmatched FASTALLOC-EXPECT match text?
function announced(text,	i) {
	for (i = 1; i <= expects; i++)
		if (!met[i] && index(text, expected[i])) {
			met[i] = 1
			return 1
		}
	return 0
}

# does a FASTALLOC-ALLOW of this suite match text?
function allowed(text,	i) {
	for (i = 1; i <= allows; i++)
		if (index(text, may_be[i]))
			return 1
	return 0
}

# a splat with the header text: announced, or a fault
function splat(text) {
	last_splat = NR
	if (announced(text)) {
		wanted++
		return
	}
	fault("kernel log line " NR ": " substr(text, 1, 300))
	show = ++shown > 2 ? 0 : 30
}

function flush_warning() {
	if (warning != "")
		splat(warning)
	warning = ""
}

BEGIN {
	passed = failed = skipped = expects = allows = wanted = 0
	taint = exit_status = -1
	release = "?"
	cut = 0
	# patterns that begin a report, whatever precedes them
	header = "(^|[^A-Za-z_])(BUG[: ]|kernel BUG at|Oops[: ]|general protection fault|Kernel panic)" \
		"|WARNING: |UBSAN: |UBSAN-|ODEBUG: |KASAN: |KCSAN: |KFENCE: |unreferenced object 0x|suspected memory leaks" \
		"|INFO: (task .* blocked|rcu|possible|trying to register|suspicious|inconsistent|lockdep)" \
		"|rcu: INFO|rcu: .* self-detected|detected stalls|DEBUG_LOCKS_WARN_ON|turning off the locking correctness" \
		"|list_(add|del) corruption|corrupted list|Objects remaining|page allocation failure|vmalloc error|vmap allocation .* failed" \
		"|Bad page (state|map)|Unable to handle|unable to handle|double fault|stack guard page|bad usercopy|soft lockup|hard LOCKUP" \
		"|hung_task|workqueue lockup|scheduling while atomic|sleeping function called|possible recursive locking" \
		"|Out of memory|oom-kill|Kernel memory overwrite|Kernel memory exposure|refcount_t: |percpu ref .* <= 0" \
		"|Modules linked in: .*\\[last unloaded: .*\\] *BUG|Attempted to kill init"
}

{
	gsub(/\r/, "")
	line = $0
	stamped = sub(/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? /, "", line)
}

# print the lines after a fault's header, for a reader who has only this output
show && line !~ /^ *$/ {
	show--
	if (line ~ /^(LAB-|FASTALLOC-|> |====================)/)
		show = 0
	else
		printf "%s:   | %s\n", leg, substr(line, 1, 120)
}

/^LAB-HOST / {
	if ($2 == "timeout")
		fault("the guest hung: it had to be killed")
	ended = 1
	next
}

# consoles of 7.x repeat a line that was interrupted
/^\*\* replaying previous printk message \*\*/ {
	replay = 1
	next
}

# the lost lines may have contained anything
/printk messages dropped \*\*/ {
	fault("the kernel's log has gaps: " $0)
	next
}

replay && stamped {
	replay = 0
	if ($0 == last_line)
		next
}
stamped { last_line = $0 }

# not the kernel's log: firmware, or output of the host
!stamped { next }

line ~ /^LAB-/ {
	split(line, w, " ")
	if (w[1] == "LAB-UP") {
		up = 1
		release = w[2]
	} else if (w[1] == "LAB-PLAN") {
		suites_planned += w[2]
		plan_seen = 1
	} else if (w[1] == "LAB-SUITE" && w[2] == "begin") {
		suite = w[3]
		planned = 0
		failed_before = failed
		suites++
		allows = 0
	} else if (w[1] == "LAB-SUITE" && w[2] == "end") {
		end_suite(w[4])
	} else if (w[1] == "LAB-FAIL") {
		fault(substr(line, 10))
	} else if (w[1] == "LAB-KMEMLEAK") {
		scanned = 1
	} else if (w[1] == "LAB-TAINT") {
		taint = (w[2] ~ /^[0-9]+$/) ? w[2] + 0 : -1
	} else if (w[1] == "LAB-EXIT") {
		exit_status = w[2]
	}
	next
}

line ~ /^FASTALLOC-EXPECT: / {
	expected[++expects] = substr(line, 19)
	next
}

# may occur, any number of times, until the next suite begins
line ~ /^FASTALLOC-ALLOW: / {
	may_be[++allows] = substr(line, 18)
	next
}

line ~ /^> / {
	if (suite != "")
		ktap_line(substr(line, 3))
	next
}

# the text of a WARN comes before or right after its header: join both
warning != "" {
	if (NR - warning_nr > 3 || line ~ header || line ~ /^(Modules linked in|CPU: |RIP: |Call Trace|-+\[)/)
		flush_warning()
	else
		warning = warning " " line
}

cut && NR - cut > 8 {
	cut = 0
	splat("cut here:" cut_text)
}

line ~ /^-+\[ cut here \]-+/ {
	cut = NR
	cut_text = ""
	next
}

# not a kernel fault, but must be announced; insmod may try twice
line ~ /Unknown symbol|disagrees about version of symbol/ {
	announced(line)
	next
}

# lockdep checks nothing from here on
line ~ /Disabling lock debugging/ {
	if (!announced(line))
		fault("kernel log line " NR ": " substr(line, 1, 300))
	next
}

# reports of the module's own checks (the stacks that follow have no header), frees that
# are refused without checks, and a wrong count of free objects
line ~ /fastalloc: (fault in pool |pool [^ ]+: (free of |free objects are missing|more objects freed))/ {
	if (!announced(line) && !allowed(line))
		fault("kernel log line " NR ": " substr(line, 1, 300))
	next
}

line ~ header {
	# more lines of the same report do not count again
	if (line ~ /^kmemleak: .*suspected memory leaks/)
		next
	text = cut ? cut_text " " line : line
	if (cut && line !~ /WARNING: |BUG at|UBSAN: /) {
		cut_text = text
		next
	}
	cut = 0
	if (line ~ /WARNING: /) {
		warning = text
		warning_nr = NR
		last_splat = NR
	} else {
		splat(text)
	}
	next
}

line ~ /^Call Trace:/ || line ~ /^ *Call Trace:/ {
	if (!last_splat || NR - last_splat > 200)
		splat("a call trace without a known header")
	next
}

{
	if (cut)
		cut_text = cut_text " " line
	if (suite != "")
		ktap_line(line)
}

END {
	flush_warning()
	if (cut)
		splat("cut here:" cut_text)
	if (suite != "")
		fault(suite ": did not end")
	if (!up)
		fault("the guest did not come up")
	if (!ended)
		fault("the log ends before the guest did")
	if (exit_status == -1)
		fault("the guest ended without a word (no LAB-EXIT)")
	else if (exit_status != 0 && !failed)
		fault("the guest's script ended with status " exit_status)
	if (ktap) {
		if (!plan_seen || suites_planned == 0)
			fault("no suite was announced")
		else if (suites_planned != suites)
			fault(suites_planned " suites announced, " suites + 0 " run")
		if (passed + skipped == 0)
			fault("no test ran")
	}
	if (kmemleak && !scanned)
		fault("kmemleak did not scan")
	for (i = 1; i <= expects; i++)
		if (!met[i])
			fault("expected in the kernel log and not seen: " expected[i])
	if (taint >= 0) {
		# O and E: out of tree, unsigned; N: tests; W, B: only after an expected splat
		rest = taint - 4096 * has_bit(taint, 4096) - 8192 * has_bit(taint, 8192) - 262144 * has_bit(taint, 262144)
		if (wanted)
			rest -= 512 * has_bit(taint, 512) + 32 * has_bit(taint, 32)
		if (rest)
			fault("taint " taint ": flags " rest " were not expected")
	} else if (exit_status != -1) {
		fault("no taint flags were printed")
	}
	printf "COUNTS %d %d %d %s\n", passed, failed, skipped, release
	exit failed > 0
}
