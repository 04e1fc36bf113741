package sizing_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/testmode"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// arrow is one of the diagram in docs/sizing.md, "[*]" being begin and end.
type arrow struct{ from, to string }

var arrowPattern = regexp.MustCompile(`(?m)^\s+(\[\*\]|[a-z_]+) --> (\[\*\]|[a-z_]+)`)

func drawn(t *testing.T) map[arrow]bool {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "docs", "sizing.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "stateDiagram-v2")
	diagram, _, _ := strings.Cut(rest, "```")
	arrows := map[arrow]bool{}
	for _, m := range arrowPattern.FindAllStringSubmatch(diagram, -1) {
		arrows[arrow{strings.ReplaceAll(m[1], "_", " "), strings.ReplaceAll(m[2], "_", " ")}] = true
	}
	return arrows
}

// walked are the ways from phase to phase that a sizing took. A sizing that
// ends without a number may do so from anywhere.
func walked(a record.Sizing) []arrow {
	var ways []arrow
	last := "[*]"
	for _, h := range a.Curve {
		if to := string(h.Phase); to != last {
			ways = append(ways, arrow{last, to})
			last = to
		}
	}
	if a.Verdict == record.VerdictFound {
		ways = append(ways, arrow{last, "[*]"})
	}
	return ways
}

// The diagram of the phases is true: every way that a sizing takes is drawn,
// and, over all models, every way drawn is taken but for the rarest.
func TestThePhasesGoAsTheDiagramSays(t *testing.T) {
	if testmode.UnderRace() {
		t.Skip("statistics of one goroutine: slow under the race detector, and nothing to race")
	}
	arrows := drawn(t)
	if len(arrows) < 10 {
		t.Fatalf("%d arrows in docs/sizing.md", len(arrows))
	}
	quick := []string{"mmcK", "bucket", "slow50", "warm-up", "limiter400", "mmc-noerr", "usl-retro", "slow12", "base10", "wander200"}
	missing, taken := map[arrow]string{}, map[arrow]bool{}
	note := func(what string, a record.Sizing, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range walked(a) {
			taken[w] = true
			if !arrows[w] {
				missing[w] = what
			}
		}
	}
	for _, m := range sizingtest.Models() {
		if !testmode.Full() && !slices.Contains(quick, m.Name) {
			continue
		}
		for seed := range uint64(testmode.Runs(5, 1)) {
			for _, by := range []record.Control{record.ByVUs, record.ByRate, record.BySessions} {
				o := m.Options()
				o.By = by
				if m.Name == "mmcK" || seed%2 == 1 {
					o.Soak = 20 * time.Second
				}
				a, err := sizing.Run(t.Context(), m.New(seed), o, nil)
				note(m.Name+" by "+string(by), a, err)
				if a.Capacity != nil && by == record.ByVUs {
					o.From = &a
					again, err := sizing.Run(t.Context(), m.New(seed), o, nil)
					note(m.Name+" again", again, err)
				}
			}
		}
	}
	for w, what := range missing {
		t.Errorf("%s goes from %s to %s, which is not drawn", what, w.from, w.to)
	}
	if !testmode.Full() {
		return
	}
	rare := map[arrow]bool{ // each in one sizing of several hundred
		{"confirm", "ramp"}: true, {"refine", "probe"}: true, {"refine", "soak"}: true, {"refine", "[*]"}: true,
		{"ramp", "soak"}: true, {"ramp", "[*]"}: true, {"confirm", "probe"}: true, {"retest upper", "probe"}: true,
	}
	for w := range arrows {
		if !taken[w] && !rare[w] {
			t.Errorf("from %s to %s is drawn, and no model goes there", w.from, w.to)
		}
	}
}
