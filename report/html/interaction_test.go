//go:build real

package html_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/plimsoll-load/plimsoll/report/reporttest"
)

const pressed = `[...document.querySelectorAll('#p-%s .legend button')].map(b => b.getAttribute('aria-pressed') === 'true')`

func (b *browser) pressed(panel string) []bool { return js[[]bool](b, fmt.Sprintf(pressed, panel)) }

// shown are the series that the chart draws.
func (b *browser) shown(panel string) []bool {
	return js[[]bool](b, fmt.Sprintf(`plimsoll.plots.find(p => p.panel && p.panel.id === '%s').u.series.slice(1).map(s => s.show)`, panel))
}

func (b *browser) ranges() [][2]float64 {
	return js[[][2]float64](b, `plimsoll.plots.map(p => [p.u.scales.x.min, p.u.scales.x.max])`)
}

func button(panel string, n int) string {
	return fmt.Sprintf(`#p-%s .legend li:nth-child(%d) button`, panel, n)
}

func sizing() []byte { return reporttest.Sizing(reporttest.Service{}) }

func TestLegendTogglesAndIsolates(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, sizing()), "")
	want := func(step string, states ...bool) {
		t.Helper()
		if got := b.pressed("latency"); fmt.Sprint(got) != fmt.Sprint(states) {
			t.Errorf("%s: buttons say %v, want %v", step, got, states)
		}
		if got := b.shown("latency"); fmt.Sprint(got) != fmt.Sprint(states) {
			t.Errorf("%s: the chart shows %v, want %v", step, got, states)
		}
	}
	want("at first", true, true, true, false)
	b.run(chromedp.Click(button("latency", 2)))
	want("a click", true, false, true, false)
	b.run(chromedp.Click(button("latency", 2)))
	want("another click", true, true, true, false)
	b.doubleClick(button("latency", 2))
	want("a double click", false, true, false, false)
	b.doubleClick(button("latency", 2))
	want("another double click", true, true, true, false)
	b.run(chromedp.Focus(button("latency", 4)), chromedp.KeyEvent("\r"))
	want("Enter", true, true, true, true)
	b.run(chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierShift)))
	want("Shift and Enter", false, false, false, true)
	b.run(chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierShift)))
	want("Shift and Enter again", true, true, true, true)
	b.quiet()
}

// doubleClick does what a hand does: a click, and a second one that counts two.
func (b *browser) doubleClick(selector string) {
	b.Helper()
	b.run(chromedp.ScrollIntoView(selector))
	at := js[[2]float64](b, fmt.Sprintf(`(() => { const r = document.querySelector('%s').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector))
	for clicks := 1; clicks <= 2; clicks++ {
		b.mouse(chromedp.MousePressed, at[0], at[1], clicks)
		b.mouse(chromedp.MouseReleased, at[0], at[1], clicks)
	}
}

// plotBox is where a chart's area is on the screen.
func (b *browser) plotBox(panel string) (x, y, width, height float64) {
	b.run(chromedp.ScrollIntoView("#p-" + panel))
	box := js[[4]float64](b, fmt.Sprintf(`(() => { const r = document.querySelector('#p-%s .u-over').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()`, panel))
	return box[0], box[1], box[2], box[3]
}

func (b *browser) mouse(kind input.DispatchMouseEventType, x, y float64, clicks int) {
	button := input.MouseButtonLeft
	if clicks == 0 {
		button = input.MouseButtonNone
	}
	b.run(chromedp.MouseEvent(kind, x, y, chromedp.ButtonType(button), chromedp.ClickCount(clicks)))
}

func TestDragZoomsAllChartsAndDoubleClickResets(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, sizing()), "")
	all := b.ranges()
	x, y, width, height := b.plotBox("throughput")
	b.mouse(chromedp.MouseMoved, x+width*0.25, y+height/2, 0)
	b.mouse(chromedp.MousePressed, x+width*0.25, y+height/2, 1)
	for _, at := range []float64{0.3, 0.4, 0.5} {
		b.mouse(chromedp.MouseMoved, x+width*at, y+height/2, 1)
	}
	b.mouse(chromedp.MouseReleased, x+width*0.5, y+height/2, 1)
	zoomed := b.ranges()
	for i, r := range zoomed {
		if math.Abs(r[0]-all[0][1]/4) > 0.5 || math.Abs(r[1]-all[0][1]/2) > 0.5 || r != zoomed[0] {
			t.Errorf("chart %d of %d shows %v, want a quarter to a half of %v", i, len(zoomed), r, all[0])
		}
	}
	if hidden := js[bool](b, `document.querySelector('#bar button').hidden`); hidden {
		t.Error("nothing offers to show all again")
	}
	b.doubleClick("#p-throughput .u-over")
	if got := b.ranges(); fmt.Sprint(got) != fmt.Sprint(all) {
		t.Errorf("after a double click %v, want %v", got, all)
	}
	b.quiet()
}

func TestCursorIsSharedAndTellsValues(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, sizing()), "")
	x, y, width, height := b.plotBox("failures")
	b.mouse(chromedp.MouseMoved, x+width*0.45, y+height/2, 0)
	b.mouse(chromedp.MouseMoved, x+width*0.5, y+height/2, 0)
	b.run(chromedp.Poll[chromedp.Void](`document.querySelector('#p-load .value').textContent !== ''`))
	indexes := js[[]int](b, `plimsoll.plots.map(p => p.u.cursor.idx)`)
	for i, at := range indexes {
		if at != indexes[0] {
			t.Errorf("chart %d has its cursor at %d, the first at %d", i, at, indexes[0])
		}
	}
	values := js[[]string](b, `[...document.querySelectorAll('.charts .legend .value')].map(v => v.textContent)`)
	for i, v := range values {
		if v == "" {
			t.Errorf("legend %d of %d has no value", i, len(values))
		}
	}
	if at := js[string](b, `document.querySelector('#bar .at').textContent`); !strings.HasPrefix(at, "0:2") {
		t.Errorf("the bar says %q, want a time in the middle of 47 s", at)
	}
	b.quiet()
}

func TestKeysMoveZoomAndTell(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, sizing()), "")
	b.run(chromedp.Focus("#p-throughput .plot"), chromedp.KeyEvent("\u0303"), chromedp.KeyEvent("\u0303"))
	if live := js[string](b, `document.getElementById('live').textContent`); !strings.Contains(live, "successful iterations") || !strings.Contains(live, "/s") {
		t.Errorf("after two arrow keys a screen reader is told %q", live)
	}
	all := b.ranges()[0]
	b.run(chromedp.KeyEvent("+"))
	if r := b.ranges()[0]; r[1]-r[0] > (all[1]-all[0])*0.6 {
		t.Errorf("plus shows %v of %v", r, all)
	}
	b.run(chromedp.KeyEvent("0"))
	if r := b.ranges()[0]; r != all {
		t.Errorf("0 shows %v, want %v", r, all)
	}
	b.run(chromedp.Focus("#curve .plot"), chromedp.KeyEvent("\u0303"))
	if note := js[string](b, `document.getElementById('live').textContent`); !strings.Contains(note, "ramp 1 VU") {
		t.Errorf("the load curve tells %q", note)
	}
	b.quiet()
}

// An hour is drawn in at most 1,000 times a series; zoomed in, all are there.
func TestLongRunsAreThinnedUntilZoomed(t *testing.T) {
	t.Parallel()
	body := reporttest.Run(reporttest.Service{Seconds: 1800, VUs: 50, Unwatched: true, Outage: [2]int{900, 901}})
	b := visit(t, page(t, body), "")
	if n := js[int](b, `plimsoll.plots[1].u.data[0].length`); n > 1000 || n < 800 {
		t.Errorf("%d times are drawn, want at most 1,000", n)
	}
	if top := js[float64](b, `Math.max(...plimsoll.plots.find(p => p.panel && p.panel.id === 'failures').u.data[1])`); top != 1 {
		t.Errorf("the one bad second shows %v, want 1: thinning lost it", top)
	}
	b.js(`plimsoll.zoom([100, 200])`)
	if n := js[int](b, `plimsoll.plots[1].u.data[0].length`); n < 100 || n > 104 {
		t.Errorf("zoomed to 100 s, %d times are drawn", n)
	}
	b.quiet()
}

func TestDataReachTheChartsUnchanged(t *testing.T) {
	t.Parallel()
	source := page(t, reporttest.Run(reporttest.Service{Seconds: 60, Gap: [2]int{20, 30}}))
	b := visit(t, source, "")
	d := dataOf(t, source)
	for _, p := range d.Panels {
		for i, l := range p.Lines {
			got := js[[]*float64](b, fmt.Sprintf(`plimsoll.plots.find(p => p.panel && p.panel.id === '%s').columns[%d]`, p.ID, i))
			for k, want := range l.Values.unpack() {
				if math.IsNaN(want) != (got[k] == nil) || got[k] != nil && math.Abs(*got[k]-want) > 1e-9+math.Abs(want)*1e-9 {
					t.Fatalf("%s %s at %d: %v, want %v", p.ID, l.Name, k, got[k], want)
				}
			}
		}
	}
	b.quiet()
}

func TestDownloadsHoldTheData(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, sizing()), "")
	b.js(`window.kept = []; URL.createObjectURL = (blob) => { kept.push(blob); return 'blob:kept'; }; HTMLAnchorElement.prototype.click = function () { kept.push(this.download); }`)
	b.run(chromedp.Click(`#downloads button:nth-child(1)`), chromedp.Click(`#downloads button:nth-child(2)`))
	csv, object := js[string](b, `kept[0].text()`, chromedp.EvalAwaitPromise), js[string](b, `kept[2].text()`, chromedp.EvalAwaitPromise)
	if lines := strings.Split(strings.TrimSpace(csv), "\r\n"); len(lines) != 48 || !strings.HasPrefix(lines[0], `seconds,"Virtual users: virtual users [count]"`) {
		t.Errorf("CSV of %d lines begins %.80q", len(lines), csv)
	}
	var parsed struct {
		Series []struct{ Values []*float64 }
		Bands  []any
	}
	if err := json.Unmarshal([]byte(object), &parsed); err != nil || len(parsed.Series) < 12 || len(parsed.Series[0].Values) != 47 || len(parsed.Bands) != 11 {
		t.Errorf("JSON: %v, %d series, %d bands", err, len(parsed.Series), len(parsed.Bands))
	}
	if name := js[string](b, `kept[1]`); name != "loadtest.js-20261124-093000.csv" {
		t.Errorf("the file is called %q", name)
	}
	b.quiet()
}

func TestTablesSortAndUnfold(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, reporttest.Run(reporttest.Service{Seconds: 60, Endpoints: 60})), "")
	visible := `[...document.querySelectorAll('#t-endpoints tbody')].filter(t => !t.hidden).reduce((n, t) => n + t.rows.length, 0)`
	before := js[int](b, visible)
	b.js(`[...document.querySelectorAll('#tables button')].find(x => x.textContent.startsWith("Show ")).click()`)
	if after := js[int](b, visible); before != 25 || after <= 25 {
		t.Errorf("%d rows at first and %d unfolded", before, after)
	}
	b.run(chromedp.Click(`#t-endpoints thead th:nth-child(2) button`), chromedp.Click(`#t-endpoints thead th:nth-child(2) button`))
	counts := js[[]float64](b, `[...document.querySelector('#t-endpoints tbody').rows].map(r => +r.cells[1].dataset.v)`)
	for i := range counts[1:] {
		if counts[i] > counts[i+1] {
			t.Fatalf("sorted upwards by count: %v", counts)
		}
	}
	b.quiet()
}

func TestJenkinsPolicyLeavesTheStillPage(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, sizing()), "sandbox; default-src 'none'; img-src 'self'; style-src 'self';")
	shot := b.look(1280, 1800, "light")
	if dark := shot.share(func(r, g, b uint32) bool { return r < 0x30 && g < 0x30 && b < 0x30 }); dark > 0.08 {
		t.Errorf("%.0f %% of the page is black: a chart lost its colours", dark*100)
	}
	if blue := shot.share(func(r, g, b uint32) bool { return b > r+0x40 }); blue < 0.0005 {
		t.Error("no line of a chart is to be seen")
	}
	if len(b.sent) > 0 {
		t.Errorf("the page asks the network for %q", b.sent)
	}
}

func TestWithoutScriptTheStillPageStays(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, sizing()), "", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	shot := b.look(1280, 3000, "light")
	if blue := shot.share(func(r, g, b uint32) bool { return b > r+0x40 }); blue < 0.0005 {
		t.Error("no line of a chart is to be seen")
	}
	b.quiet()
}

func TestHostileNamesRunNothing(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, reporttest.Run(reporttest.Service{Prefix: hostile, VUs: 300, Ramp: 20})), "")
	if n := js[int](b, `document.querySelectorAll('img, script[src], iframe, [onerror]').length`); n != 0 {
		t.Errorf("%d elements came out of a name", n)
	}
	b.quiet()
}

func TestNarrowPagesDoNotScrollSideways(t *testing.T) {
	t.Parallel()
	b := visit(t, page(t, sizing()), "", chromedp.EmulateViewport(360, 800))
	if over := js[[]string](b, `[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, pre, .unseen, .skip, details') && e.getBoundingClientRect().right > 361).map(e => e.tagName + '.' + e.className)`); len(over) > 0 {
		t.Errorf("wider than 360 pixels: %v", over)
	}
	b.quiet()
}

func TestComparisonWorksLikeARun(t *testing.T) {
	t.Parallel()
	b := visit(t, comparison(t, ""), "")
	if n := js[int](b, `plimsoll.plots.length`); n != 4 {
		t.Errorf("%d charts over time, want 4", n)
	}
	b.run(chromedp.Focus("#p-goodput .plot"), chromedp.KeyEvent("\u0303"), chromedp.KeyEvent("\u0303"))
	if told := js[string](b, `document.getElementById('live').textContent`); !strings.HasPrefix(told, "set ") {
		t.Errorf("the load curve tells %q, want whose point it is", told)
	}
	b.quiet()
}
