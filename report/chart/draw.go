package chart

import (
	"html"
	"math"
	"strings"

	gochart "github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Palette are the colours of series in their order: told apart by people who
// see fewer colours, at least 3:1 against white; series differ by dashes too.
func Palette() []string {
	return []string{"#0b6bcb", "#c2410c", "#0f766e", "#a21caf", "#92660a", "#5b49c9", "#be123c", "#526070"}
}

// Dashes are the patterns of series in their order; nil is a solid line.
func Dashes() [][]float64 {
	return [][]float64{nil, {7, 4}, {2, 3}, {10, 3, 2, 3}, {14, 4}, {5, 2, 1, 2}, {1, 2}, {12, 3, 3, 3}}
}

// Colours of everything but series.
const (
	white = "#ffffff"
	ink   = "#1b1f24"
	soft  = "#5d6570"
	rule  = "#e4e6ea"
	calm  = "#eef3f8"
	alarm = "#fbe9e5"
	red   = "#b3261e"
)

type point struct{ x, y int }

// surface draws with one of go-chart's renderers, scaled.
type surface struct {
	r      gochart.Renderer
	font   gochart.Style // with nothing but the font
	scale  int
	escape bool // the renderer writes text as it is, into XML
}

func (s *surface) box(b gochart.Box, fill string) {
	gochart.Draw.Box(s.r, gochart.Box{Left: b.Left * s.scale, Top: b.Top * s.scale, Right: b.Right * s.scale, Bottom: b.Bottom * s.scale},
		gochart.Style{FillColor: color(fill)})
}

func (s *surface) stroke(points []point, stroke string, width float64, dash []float64) {
	s.r.SetStrokeColor(color(stroke))
	s.r.SetStrokeWidth(width * float64(s.scale))
	s.r.SetStrokeDashArray(scaled(dash, s.scale))
	s.r.MoveTo(points[0].x*s.scale, points[0].y*s.scale)
	for _, p := range points[1:] {
		s.r.LineTo(p.x*s.scale, p.y*s.scale)
	}
	s.r.Stroke()
	s.r.ResetStyle()
}

func (s *surface) dot(p point, fill string) {
	s.r.SetFillColor(color(fill))
	s.r.SetStrokeColor(color(fill))
	s.r.Circle(float64(3*s.scale), p.x*s.scale, p.y*s.scale)
	s.r.FillStroke()
	s.r.ResetStyle()
}

// look is a text's size in pixels and its colour.
type look struct {
	size float64
	fill string
}

// text draws from a point of its base line.
func (s *surface) text(at point, text string, l look) {
	style := s.style(l.size)
	style.FontColor = color(l.fill)
	if s.escape {
		text = html.EscapeString(text)
	}
	gochart.Draw.Text(s.r, text, at.x*s.scale, at.y*s.scale, style)
}

// textRight draws up to a point.
func (s *surface) textRight(at point, text string, l look) {
	s.text(point{at.x - s.width(text, l.size), at.y}, text, l)
}

func (s *surface) width(text string, size float64) int {
	return gochart.Draw.MeasureText(s.r, text, s.style(size)).Width() / s.scale
}

// style converts pixels to go-chart's points.
func (s *surface) style(size float64) gochart.Style {
	style := s.font
	style.FontSize = size * float64(s.scale) * 72 / s.r.GetDPI()
	return style
}

// fit shortens text to a width.
func (s *surface) fit(text string, width int, size float64) string {
	list := []rune(text)
	if len(list) > 400 {
		list = list[:400]
	}
	for n := len(list); n > 0; n-- {
		short := string(list[:n])
		if n < len([]rune(text)) {
			short += "…"
		}
		if s.width(short, size) <= width {
			return short
		}
	}
	return ""
}

func scaled(dash []float64, by int) []float64 {
	var out []float64
	for _, d := range dash {
		out = append(out, d*float64(by))
	}
	return out
}

func color(hex string) drawing.Color { return drawing.ColorFromHex(strings.TrimPrefix(hex, "#")) }

// line draws a series in stretches between its gaps; a value alone is a dot.
func (a *area) line(p Panel, line Line, order int) {
	palette, dashes := Palette(), Dashes()
	stroke, dash := palette[line.Color%len(palette)], dashes[order%len(dashes)]
	var run []point
	flush := func() {
		switch {
		case len(run) > 1:
			a.s.stroke(run, stroke, 2, dash)
		case len(run) == 1 && !p.Dots:
			a.s.dot(run[0], stroke)
		}
		if p.Dots {
			for _, at := range run {
				a.s.dot(at, stroke)
			}
		}
		run = nil
	}
	xs := line.xs(p)
	for i, v := range line.Y {
		if i >= len(xs) || !finite(v) || !finite(xs[i]) {
			flush()
			continue
		}
		run = append(run, point{a.px(xs[i]), a.py(v)})
	}
	flush()
}

// axes draws grid lines, ticks and their labels.
func (p Panel) axes(a *area) {
	for _, v := range niceTicks(a.y.Max, 4) {
		y := a.py(v)
		a.s.stroke([]point{{a.box.Left, y}, {a.box.Right, y}}, rule, 1, nil)
		a.s.textRight(point{a.box.Left - 7, y + 4}, label(p.FormatY, v), look{11, soft})
	}
	free := -1000
	for _, v := range p.ticksX(a.x) {
		x, text := a.px(v), label(p.FormatX, v)
		width := a.s.width(text, 11)
		at := min(max(x-width/2, 2), a.box.Right-width+right-2)
		if at < free {
			continue
		}
		a.s.stroke([]point{{x, a.box.Bottom}, {x, a.box.Bottom + 4}}, soft, 1, nil)
		a.s.text(point{at, a.box.Bottom + 16}, text, look{11, soft})
		free = at + width + 12
	}
	a.s.stroke([]point{{a.box.Left, a.box.Bottom}, {a.box.Right, a.box.Bottom}}, soft, 1, nil)
}

func label(format func(float64) string, v float64) string {
	if format == nil {
		return ""
	}
	return format(v)
}

func (p Panel) ticksX(x *gochart.ContinuousRange) []float64 {
	switch {
	case p.LogX:
		var out []float64
		for e := math.Ceil(x.Min); e <= x.Max && len(out) < 40; e++ {
			out = append(out, math.Exp2(e))
		}
		return out
	case p.TimeAxis:
		return timeTicks(x.Min, x.Max)
	}
	return niceTicks(x.Max, 8)
}

// niceTicks are about n multiples of 1, 2 or 5 times a power of ten, from 0.
func niceTicks(top float64, n int) []float64 {
	if top <= 0 || !finite(top) {
		return nil
	}
	raw := top / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw {
			step = m * power
			break
		}
	}
	var out []float64
	for i := 0; float64(i)*step <= top && i < 50; i++ {
		out = append(out, float64(i)*step)
	}
	return out
}

// timeTicks are at most nine whole seconds, minutes, hours or days.
func timeTicks(from, to float64) []float64 {
	span := to - from
	step := 86400.0
	for _, s := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200} {
		if span/s <= 8 {
			step = s
			break
		}
	}
	step = max(step, math.Ceil(span/8/step)*step)
	var out []float64
	for t := math.Ceil(from/step) * step; t <= to && len(out) < 12; t += step {
		out = append(out, t)
	}
	return out
}

// legend draws the panel's title and, at its right, the names of the lines that are drawn.
func (p Panel) legend(s *surface, width, top int) {
	y := top - 4
	title := s.fit(p.Title, width/2, 13)
	s.text(point{left, y}, title, look{13, ink})
	x := left + s.width(title, 13) + 24
	palette, dashes := Palette(), Dashes()
	for i, line := range p.Lines {
		if line.Name == "" || len(line.Y) == 0 {
			continue
		}
		name := s.fit(line.Name, 220, 11)
		need := 26 + s.width(name, 11) + 14
		if x+need > width-right {
			return
		}
		s.stroke([]point{{x, y - 4}, {x + 20, y - 4}}, palette[line.Color%len(palette)], 2, dashes[i%len(dashes)])
		s.text(point{x + 26, y}, name, look{11, soft})
		x += need
	}
}
