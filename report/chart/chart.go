// Package chart draws pictures of a run that need no script: SVG that lives on
// presentation attributes alone, so that a viewer's policy against styles
// leaves it as it is, and PNG for a pull request.
//
// It is the only importer of go-chart, which is archived and has sharp edges:
// it writes text into SVG unescaped, styles through style="…", and picks
// thousands of ticks for a flat series. So only its renderers, ranges and line
// drawing are used; scales and ticks are chosen here, text is escaped, styles
// are rewritten, gaps are kept, and a panic of it is an error.
package chart

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	gochart "github.com/wcharczuk/go-chart/v2"
)

// Picture is panels one below the other, under a title where there is one.
type Picture struct {
	Title, Subtitle string
	Width           int // pixels; 0: 960
	Panels          []Panel
	Bare            bool // one panel for a page: no background, titles or legend
}

// Panel is one chart.
type Panel struct {
	Title  string
	Height int // pixels; 0: 180
	X      []float64
	Lines  []Line
	Bands  []Band
	Mark   *Mark
	// FormatX and FormatY print tick labels.
	FormatX, FormatY func(float64) string
	TimeAxis         bool        // ticks at whole seconds, minutes and hours
	LogX             bool        // doubling loads
	Dots             bool        // each point is marked
	AtLeast          float64     // the y axis reaches at least this
	Knee             float64     // a vertical line; 0: none
	Sure             *[2]float64 // a horizontal band
}

// Line is a series; its values are parallel to the panel's X, NaN is a gap.
type Line struct {
	Name  string
	Color int // of the palette
	Y     []float64
	X     []float64 // where they are not the panel's
}

// xs are the line's positions on a panel's x axis.
func (l Line) xs(p Panel) []float64 {
	if l.X != nil {
		return l.X
	}
	return p.X
}

// Band is a stretch of the x axis.
type Band struct {
	From, To float64
	Alarm    bool
}

// Mark is a horizontal line with a name.
type Mark struct {
	At   float64
	Name string
}

// Sizes of a panel, in pixels of the 960 wide picture.
const (
	usualWidth  = 960
	usualHeight = 180
	left        = 62
	right       = 14
	bottom      = 22
	heading     = 26
	titleHeight = 64
)

// SVG writes the picture as SVG. A panel without a value is left out; a
// picture without a panel is an error.
func SVG(w io.Writer, p Picture) error {
	body, err := p.render(gochart.SVG, 1)
	if err != nil {
		return err
	}
	_, err = w.Write(attributes(body, p.Bare))
	return err
}

// PNG writes the picture as PNG, with two pixels for each of its own.
func PNG(w io.Writer, p Picture) error {
	body, err := p.render(gochart.PNG, 2)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

func (p Picture) render(with gochart.RendererProvider, scale int) (body []byte, err error) {
	defer func() {
		if bad := recover(); bad != nil {
			err = fmt.Errorf("chart: cannot be drawn: %v", bad)
		}
	}()
	if p.Width <= 0 {
		p.Width = usualWidth
	}
	p.Panels = slices.DeleteFunc(slices.Clone(p.Panels), func(panel Panel) bool { return !panel.drawable() })
	if len(p.Panels) == 0 {
		return nil, fmt.Errorf("chart: nothing to draw")
	}
	height := 0
	if p.Title != "" {
		height = titleHeight
	}
	for i := range p.Panels {
		if p.Panels[i].Height <= 0 {
			p.Panels[i].Height = usualHeight
		}
		height += p.Panels[i].Height + p.head()
	}
	renderer, err := with(p.Width*scale, height*scale)
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	font, err := defaultFont()
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	renderer.SetFont(font)
	s := &surface{r: renderer, font: gochart.Style{Font: font}, scale: scale, escape: scale == 1}
	y := p.titles(s, height)
	for _, panel := range p.Panels {
		y += p.head()
		panel.draw(s, p, y)
		y += panel.Height
	}
	var out bytes.Buffer
	if err := renderer.Save(&out); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return out.Bytes(), nil
}

// defaultFont is go-chart's, which parses it in a race when it is first asked for it twice.
var defaultFont = sync.OnceValues(gochart.GetDefaultFont)

func (p Picture) head() int {
	if p.Bare {
		return 0
	}
	return heading
}

// titles draws the background and the titles, and returns where the panels begin.
func (p Picture) titles(s *surface, height int) int {
	if !p.Bare {
		s.box(gochart.Box{Right: p.Width, Bottom: height}, white)
	}
	if p.Title == "" {
		return 0
	}
	s.text(point{left, 30}, s.fit(p.Title, p.Width-left-right, 17), look{17, ink})
	s.text(point{left, 50}, s.fit(p.Subtitle, p.Width-left-right, 11), look{11, soft})
	return titleHeight
}

// drawable says whether there is a value to draw, and time or load to draw it over.
func (p Panel) drawable() bool {
	for _, l := range p.Lines {
		xs := l.xs(p)
		for i, v := range l.Y {
			if i < len(xs) && finite(v) && finite(xs[i]) {
				return true
			}
		}
	}
	return false
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// area is where a panel's lines are drawn, and its scales.
type area struct {
	s    *surface
	box  gochart.Box
	x, y *gochart.ContinuousRange
	log  bool
}

func (p Panel) draw(s *surface, pic Picture, top int) {
	a := area{s: s, log: p.LogX}
	a.box = gochart.Box{Left: left, Right: pic.Width - right, Top: top + 8, Bottom: top + p.Height - bottom}
	a.x, a.y = p.ranges(a.box)
	if !pic.Bare {
		p.legend(s, pic.Width, top)
	}
	p.backdrop(&a)
	p.axes(&a)
	for i, line := range p.Lines {
		a.line(p, line, i)
	}
	p.marks(&a)
}

// ranges never leaves a range to go-chart: both ends are finite and apart.
func (p Panel) ranges(box gochart.Box) (x, y *gochart.ContinuousRange) {
	x = &gochart.ContinuousRange{Min: math.Inf(1), Max: math.Inf(-1), Domain: box.Width()}
	for _, list := range append([]Line{{X: p.X}}, p.Lines...) {
		for _, v := range list.X {
			if v = p.scaleX(v); finite(v) {
				x.Min, x.Max = min(x.Min, v), max(x.Max, v)
			}
		}
	}
	if p.TimeAxis {
		x.Min = min(x.Min, 0)
	}
	if x.Max <= x.Min {
		x.Min, x.Max = x.Min-0.5, x.Max+0.5
	}
	top := p.AtLeast
	for _, line := range p.Lines {
		for _, v := range line.Y {
			if finite(v) {
				top = max(top, v)
			}
		}
	}
	if p.Mark != nil && finite(p.Mark.At) {
		top = max(top, p.Mark.At*1.6)
	}
	if top <= 0 {
		top = 1
	}
	return x, &gochart.ContinuousRange{Min: 0, Max: top * 1.06, Domain: box.Height()}
}

func (p Panel) scaleX(v float64) float64 {
	if p.LogX {
		return math.Log2(max(v, 0.5))
	}
	return v
}

func (a *area) px(v float64) int {
	if a.log {
		v = math.Log2(max(v, 0.5))
	}
	return a.box.Left + min(max(a.x.Translate(v), 0), a.box.Width())
}

func (a *area) py(v float64) int {
	return a.box.Bottom - min(max(a.y.Translate(v), 0), a.box.Height())
}

// backdrop draws bands under everything else.
func (p Panel) backdrop(a *area) {
	for _, b := range p.Bands {
		fill := calm
		if b.Alarm {
			fill = alarm
		}
		if from, to := a.px(b.From), a.px(b.To); to > from {
			a.s.box(gochart.Box{Left: from, Top: a.box.Top, Right: to, Bottom: a.box.Bottom}, fill)
		}
	}
	if p.Sure != nil {
		top := a.py(p.Sure[1])
		a.s.box(gochart.Box{Left: a.box.Left, Top: top, Right: a.box.Right, Bottom: max(a.py(p.Sure[0]), top+2)}, calm)
	}
}

func (p Panel) marks(a *area) {
	if p.Mark != nil {
		y := a.py(p.Mark.At)
		a.s.stroke([]point{{a.box.Left, y}, {a.box.Right, y}}, red, 1, []float64{5, 4})
		a.s.textRight(point{a.box.Right - 4, y - 4}, p.Mark.Name, look{10, red})
	}
	if p.Knee > 0 {
		x := a.px(p.Knee)
		a.s.stroke([]point{{x, a.box.Top}, {x, a.box.Bottom}}, soft, 1, []float64{2, 3})
		a.s.text(point{x + 4, a.box.Top + 10}, "knee", look{10, soft})
	}
}
