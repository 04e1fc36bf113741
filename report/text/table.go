package text

import (
	"strings"
	"unicode"
)

// table sets cells in columns, the first flush left and the others flush
// right; the first gives way where the width does not suffice.
type table struct {
	head []string
	rows [][]string
	left int // columns from this one on are flush left too; 0: none
}

// lines returns the heading and the rows.
func (t table) lines(width int) (head string, rows []string) {
	wide := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			wide[i] = max(wide[i], columns(cell))
		}
	}
	rest := 0
	for _, w := range wide[1:] {
		rest += w + 2
	}
	wide[0] = min(wide[0], max(width-rest, 12))
	for _, row := range t.rows {
		rows = append(rows, t.line(row, wide, width))
	}
	return t.line(t.head, wide, width), rows
}

func (t table) line(row []string, wide []int, width int) string {
	var b strings.Builder
	for i, cell := range row {
		switch {
		case i == 0:
			cell = elide(cell, wide[0])
			b.WriteString(cell + strings.Repeat(" ", wide[0]-columns(cell)))
		case t.left > 0 && i >= t.left:
			b.WriteString("  " + cell + strings.Repeat(" ", wide[i]-columns(cell)))
		default:
			b.WriteString("  " + strings.Repeat(" ", wide[i]-columns(cell)) + cell)
		}
	}
	return elide(strings.TrimRight(b.String(), " "), width)
}

// elide shortens in the middle: names tell most at their ends.
func elide(s string, width int) string {
	wide := columns(s)
	if wide <= width {
		return s
	}
	list := []rune(s)
	left, right := (len(list)+1)/2, len(list)/2 // runes that are kept at both ends
	for wide+1 > width && left+right > 0 {      // with the ellipsis
		if left > right {
			left--
			wide -= runeColumns(list[left])
		} else {
			right--
			wide -= runeColumns(list[len(list)-right-1])
		}
	}
	return string(list[:left]) + "…" + string(list[len(list)-right:])
}

// columns is how wide a terminal draws s.
func columns(s string) int {
	n := 0
	for _, c := range s {
		n += runeColumns(c)
	}
	return n
}

func runeColumns(c rune) int {
	switch {
	case unicode.In(c, unicode.Mn, unicode.Me):
		return 0
	case unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		c >= 0xFF01 && c <= 0xFF60, c >= 0x1F300 && c <= 0x1FAFF, c >= 0x3000 && c <= 0x303F:
		return 2
	}
	return 1
}
