package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-load/plimsoll/report/chart"
)

var update = flag.Bool("update", false, "rewrite golden files")

func number(v float64) string { return fmt.Sprint(v) }

func panel(y ...float64) chart.Panel {
	p := chart.Panel{Title: "Throughput", TimeAxis: true, FormatX: number, FormatY: number, Lines: []chart.Line{{Name: "a", Y: y}, {Name: "b", Color: 1, Y: y}}}
	for i := range y {
		p.X = append(p.X, float64(i))
	}
	return p
}

func svg(t *testing.T, p chart.Picture) string {
	t.Helper()
	var out bytes.Buffer
	if err := chart.SVG(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// attributesOf parses the picture strictly and hands over each element.
func attributesOf(t *testing.T, picture string, see func(xml.StartElement)) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("no XML: %v\n%s", err, picture)
		}
		if e, ok := token.(xml.StartElement); ok {
			see(e)
		}
	}
}

func TestSVGIsAsLookedAt(t *testing.T) {
	t.Parallel()
	p := panel(0, 10, 20, math.NaN(), 40, 41)
	p.Mark, p.Bands = &chart.Mark{At: 30, Name: "limit"}, []chart.Band{{From: 1, To: 3}, {From: 4, To: 5, Alarm: true}}
	curve := chart.Panel{Title: "Load curve", X: []float64{1, 2, 4, 64}, LogX: true, Dots: true, Knee: 8, Sure: &[2]float64{30, 33}, FormatX: number, FormatY: number, Lines: []chart.Line{{Name: "goodput", Y: []float64{1, 9, 20, 31}}}}
	got := svg(t, chart.Picture{Title: "carries 1,000 iterations/s", Subtitle: "loadtest.js", Panels: []chart.Panel{p, curve}})
	file := filepath.Join("testdata", "picture.svg.golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != got {
		t.Errorf("%s differs (%v); after a look at it: go test ./report/chart -update", file, err)
	}
}

func TestSVGLivesOnPresentationAttributes(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{
		"xmlns": true, "viewBox": true, "font-family": true, "width": true, "height": true, "stroke-linejoin": true, "d": true, "class": true, "fill": true,
		"stroke": true, "stroke-width": true, "stroke-dasharray": true, "x": true, "y": true, "font-size": true, "cx": true, "cy": true, "r": true,
	}
	attributesOf(t, svg(t, chart.Picture{Title: "t", Panels: []chart.Panel{panel(1, 2, 3)}}), func(e xml.StartElement) {
		for _, a := range e.Attr {
			if !allowed[a.Name.Local] {
				t.Errorf("<%s> has %s=%q", e.Name.Local, a.Name.Local, a.Value)
			}
		}
	})
}

func TestNamesAreEscaped(t *testing.T) {
	t.Parallel()
	p := panel(1, 2)
	p.Title, p.Lines[0].Name, p.Mark = `<script>alert(1)</script>`, `"><img src=x>`, &chart.Mark{At: 1, Name: `]]>&<b>`}
	got := svg(t, chart.Picture{Title: `</svg><script>`, Subtitle: `<!--`, Panels: []chart.Panel{p}})
	attributesOf(t, got, func(e xml.StartElement) {
		if n := e.Name.Local; n != "svg" && n != "path" && n != "text" && n != "circle" {
			t.Errorf("a name became <%s>", n)
		}
	})
}

func TestFlatSeriesStaySmall(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{0, 1, 1e-9, 1e12} {
		y := make([]float64, 600)
		for i := range y {
			y[i] = v
		}
		got := svg(t, chart.Picture{Panels: []chart.Panel{panel(y...)}})
		if n := strings.Count(got, "<text"); len(got) > 20_000 || n > 40 {
			t.Errorf("a flat line at %v takes %d bytes and %d labels", v, len(got), n)
		}
	}
}

func TestGapsAreNotBridged(t *testing.T) {
	t.Parallel()
	whole := svg(t, chart.Picture{Panels: []chart.Panel{panel(1, 1, 1, 1, 1)}})
	gap := svg(t, chart.Picture{Panels: []chart.Panel{panel(1, 1, math.NaN(), 1, 1)}})
	if a, b := strings.Count(whole, `stroke-width="2"`), strings.Count(gap, `stroke-width="2"`); b != a+2 {
		t.Errorf("two lines with a gap each are drawn in %d strokes, without in %d: want two more", b, a)
	}
	if alone := svg(t, chart.Picture{Panels: []chart.Panel{panel(math.NaN(), 1, math.NaN())}}); !strings.Contains(alone, "<circle") {
		t.Error("a value between gaps is not drawn")
	}
}

func TestWhatCannotBeDrawnIsAnError(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for name, p := range map[string]chart.Picture{
		"no panel":      {},
		"no value":      {Panels: []chart.Panel{panel()}},
		"only gaps":     {Panels: []chart.Panel{panel(nan, nan)}},
		"only infinite": {Panels: []chart.Panel{panel(math.Inf(1), math.Inf(-1))}},
		"no width":      {Width: 3, Panels: []chart.Panel{{X: []float64{nan}, Lines: []chart.Line{{Y: []float64{1}}}}}},
	} {
		for kind, draw := range map[string]func(io.Writer, chart.Picture) error{"SVG": chart.SVG, "PNG": chart.PNG} {
			var out bytes.Buffer
			if err := draw(&out, p); err == nil {
				t.Errorf("%s of %s: no error, %d bytes", kind, name, out.Len())
			}
		}
	}
}

func TestOddValuesAreDrawn(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]chart.Panel{
		"one value": panel(7), "negative": panel(-1, -2), "huge": panel(1e300, 1e301), "tiny": panel(1e-300, 2e-300),
		"more values than times": {X: []float64{0}, Lines: []chart.Line{{Y: []float64{1, 2, 3}}}},
		"doubling from zero":     {X: []float64{0, 1, 1e9}, LogX: true, Lines: []chart.Line{{Y: []float64{1, 2, 3}}}},
		"three years":            {X: []float64{0, 1e8}, TimeAxis: true, FormatX: number, Lines: []chart.Line{{Y: []float64{1, 2}}}},
	} {
		got := svg(t, chart.Picture{Panels: []chart.Panel{p}})
		if strings.Contains(got, "-9223372036854775") || strings.Contains(got, "NaN") {
			t.Errorf("%s leaves the picture: %s", name, got)
		}
		attributesOf(t, got, func(xml.StartElement) {})
	}
}

func TestPNGHasTwoPixelsForEach(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := chart.PNG(&out, chart.Picture{Title: "t", Width: 400, Panels: []chart.Panel{panel(1, 2, 3)}}); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if w := picture.Bounds().Dx(); w != 800 {
		t.Errorf("%d pixels wide, want 800", w)
	}
	coloured := 0
	for y := range picture.Bounds().Dy() {
		for x := range 800 {
			if r, _, b, _ := picture.At(x, y).RGBA(); b > r+0x4000 {
				coloured++
			}
		}
	}
	if coloured < 200 {
		t.Errorf("%d blue pixels: no line was drawn", coloured)
	}
}

func TestPicturesAreDrawnAtTheSameTime(t *testing.T) {
	t.Parallel()
	want := svg(t, chart.Picture{Title: "t", Panels: []chart.Panel{panel(1, 2, 3)}})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var out bytes.Buffer
			if err := chart.SVG(&out, chart.Picture{Title: "t", Panels: []chart.Panel{panel(1, 2, 3)}}); err != nil || out.String() != want {
				t.Errorf("another picture than alone (%v)", err)
			}
		})
	}
	all.Wait()
}
