# SPDX-License-Identifier: GPL-2.0
#
# screen.awk - draw lines of text, as of a terminal, as SVG.
#
# Variables: title (what it shows). A line "=== CAPTION" begins another frame. Of the escapes of
# a terminal only reverse video is drawn.

BEGIN {
	W = 7.83
	H = 17
	y = 6
	css = "text { font: 13px 'DejaVu Sans Mono', monospace; white-space: pre }\n" \
		".caption { font-weight: bold }\n" \
		".frame { fill: #fff; stroke: #888 }\n" \
		"rect { fill: #303840 }\n" \
		".reverse { fill: #fff }"
}

function xml(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	return s
}

# Its width is given, so that columns stand below each other in any font.
function text(s, col, class,	n) {
	if (!reverse) {
		sub(/ +$/, "", s)
		n = length(s)
		sub(/^ +/, "", s)
		col += n - length(s)
	}
	n = length(s)
	if (!n)
		return
	if (reverse)
		out = out sprintf("<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
				  16 + col * W, y - 13, n * W, H)
	if (!class && reverse)
		class = "reverse"
	out = out sprintf("<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\"%s>%s</text>\n", 16 + col * W,
			  y, n * W, class ? " class=\"" class "\"" : "", xml(s))
	if (col + n > columns)
		columns = col + n
}

# a frame has its own height, but the width of the widest
function end_frame() {
	if (top)
		frames = frames sprintf("<rect x=\"6\" y=\"%d\" width=\"WIDTH\" height=\"%d\" %s/>\n",
					top, y + 10 - top, "rx=\"5\" class=\"frame\"")
	top = 0
}

function begin_frame() {
	y += 10
	top = y
	y += 4
}

/^=== / {
	if (top)
		end_frame()
	if (y > 6)
		y += 14
	y += 16
	text(substr($0, 5), 0, "caption")
	next
}

{
	if (!top)
		begin_frame()
	y += H
	col = 0
	s = $0
	while (match(s, /\033\[[0-9;]*m/)) {
		text(substr(s, 1, RSTART - 1), col)
		col += RSTART - 1
		sgr = substr(s, RSTART, RLENGTH)
		s = substr(s, RSTART + RLENGTH)
		reverse = sgr ~ /[[;]7[m;]/
	}
	text(s, col)
}

END {
	end_frame()
	width = columns * W + 20
	gsub(/WIDTH/, sprintf("%.0f", width), frames)
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" "
	printf "width=\"%.0f\" height=\"%d\">\n", width + 12, y + 16
	printf "<title>%s</title>\n<style>%s</style>\n", xml(title), css
	printf "<rect width=\"100%%\" height=\"100%%\" style=\"fill: #f4f4f4\"/>\n"
	printf "%s%s</svg>\n", frames, out
}
