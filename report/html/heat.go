package html

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// heatColumns bounds the width of the heat map; windows are added up to fit.
const heatColumns = 300

// heatData is the latency heat map: for each column of time the counts of
// requests by response time. Bins are of equal width on a logarithmic scale.
type heatData struct {
	From  column   `json:"from"` // start of each column
	To    column   `json:"to"`
	Low   float64  `json:"low"`   // lower bound of the first bin, seconds
	Ratio float64  `json:"ratio"` // upper bound of a bin over its lower one
	Bins  int      `json:"bins"`
	Most  uint64   `json:"most"`  // the highest count of a cell, for the colours
	Cells []string `json:"cells"` // a column each: first bin, then counts, all base 36
}

// heatMap is the same before it is packed.
type heatMap struct {
	from, to   []float64
	cells      [][]uint64 // by column and bin
	first, end int        // bins that hold anything
	most       uint64
}

func mapOf(r *report.Run, columns int) *heatMap {
	m := &heatMap{first: report.HeatBins}
	each := (len(r.Points) + columns - 1) / columns
	for i, p := range r.Points {
		if p.Heat == nil {
			continue
		}
		if n := len(m.from); n == 0 || i/each != (n-1) {
			for len(m.from) <= i/each {
				m.from, m.to, m.cells = append(m.from, p.At), append(m.to, p.At), append(m.cells, make([]uint64, report.HeatBins))
			}
		}
		at := len(m.from) - 1
		m.to[at] = p.At + p.Length
		for bin, n := range p.Heat {
			if n == 0 {
				continue
			}
			m.cells[at][bin] += uint64(n)
			m.most = max(m.most, m.cells[at][bin])
			m.first, m.end = min(m.first, bin), max(m.end, bin+1)
		}
	}
	if m.most == 0 {
		return nil
	}
	return m
}

// ratio is the upper bound of a bin over its lower one.
func ratio() float64 { return math.Pow(report.HeatTo/report.HeatFrom, 1.0/report.HeatBins) }

// low is the lower bound of a bin in seconds.
func low(bin int) float64 { return report.HeatFrom * math.Pow(ratio(), float64(bin)) }

func heatOf(r *report.Run) *heatData {
	m := mapOf(r, heatColumns)
	if m == nil {
		return nil
	}
	d := &heatData{From: packTimes(m.from), To: packTimes(m.to), Low: low(m.first), Ratio: ratio(), Bins: m.end - m.first, Most: m.most}
	for _, cells := range m.cells {
		d.Cells = append(d.Cells, packCells(cells[m.first:m.end]))
	}
	return d
}

// packCells writes the first bin that is not empty, and the counts from there to the last.
func packCells(cells []uint64) string {
	var words []string
	last := 0
	for bin, n := range cells {
		if n > 0 && words == nil {
			words = []string{strconv.FormatInt(int64(bin), 36)}
		}
		if words != nil {
			words = append(words, strconv.FormatUint(n, 36))
		}
		if n > 0 {
			last = len(words)
		}
	}
	return strings.Join(words[:last], " ")
}

// heatLevels are the steps of the static map's shades.
const heatLevels = 5

// shadeOf is the shade of a count; -1 of none.
func shadeOf(n, most uint64) int {
	if n == 0 {
		return -1
	}
	return int(math.Log1p(float64(n)) / math.Log1p(float64(most)) * (heatLevels - 0.001))
}

// heatSVG is the static heat map: one path a shade, of at most 72 columns.
func heatSVG(r *report.Run, label string) string {
	const width, height, left, right, top, bottom = 960, 180, 62, 14, 8, 22
	m := mapOf(r, 72)
	if m == nil {
		return ""
	}
	span := max(m.to[len(m.to)-1], 1e-9)
	x := func(t float64) int { return left + int(t/span*(width-left-right)) }
	bins := m.end - m.first
	y := func(bin int) int { return height - bottom - (bin-m.first)*(height-top-bottom)/bins }
	var shades [heatLevels]strings.Builder
	for i, cells := range m.cells {
		w := max(x(m.to[i])-x(m.from[i]), 1)
		for bin := m.first; bin < m.end; {
			end, shade := bin+1, shadeOf(cells[bin], m.most)
			for end < m.end && shadeOf(cells[end], m.most) == shade {
				end++
			}
			if shade >= 0 {
				fmt.Fprintf(&shades[shade], "M%d %dh%dV%dh-%dz", x(m.from[i]), y(end), w, y(bin), w)
			}
			bin = end
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s" font-family="Inter, system-ui, sans-serif">`, width, height, label)
	for i := range shades {
		if shades[i].Len() > 0 {
			fmt.Fprintf(&out, `<path class="c0-f" fill="#0b6bcb" fill-opacity="%.2f" d="%s"/>`, 0.12+0.88*float64(i)/(heatLevels-1), shades[i].String())
		}
	}
	for bin := m.first; bin <= m.end; bin += max(1, bins/4) {
		fmt.Fprintf(&out, `<text class="soft-f" x="%d" y="%d" font-size="11" fill="#5d6570" text-anchor="end">%s</text>`, left-7, y(bin)+4, units.Seconds(low(bin)))
	}
	fmt.Fprintf(&out, `<path class="soft-s" stroke="#5d6570" d="M%d %dH%d"/></svg>`, left, height-bottom, width-right)
	return out.String()
}
