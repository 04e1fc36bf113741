package progress_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/report/out/progress"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/session"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// tell lets a run of so many seconds be told, with one event of each kind in it.
func tell(t *testing.T, o progress.Options, seconds int) string {
	t.Helper()
	var out bytes.Buffer
	p := progress.New(&out, o)
	lo := 12.5
	steps := []func() error{
		func() error { return p.Row(&record.Run{}) },
		func() error {
			return p.Event(session.Event{Kind: session.Step, Step: sizing.Decision{Phase: record.PhaseRamp, Left: time.Minute}})
		},
		func() error { return p.Row(&record.Hold{Interval: record.Bounds{Lo: &lo}}) },
	}
	for i := range 4 * seconds {
		w := &metric.Window{Start: time.Duration(i) * 250 * time.Millisecond, Length: 250 * time.Millisecond, VUs: 3, Dropped: metric.Dropped{NoVU: 1, Late: 1}}
		steps = append(steps, func() error { return p.Window(w) })
	}
	for kind, text := range map[session.EventKind]string{session.Console: "vu 1: hello", session.Warning: "mind the gap", session.Notice: "stopping"} {
		steps = append(steps, func() error { return p.Event(session.Event{Kind: kind, Text: text}) })
	}
	for _, step := range append(steps, p.End) {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestWhatIsTold(t *testing.T) {
	t.Parallel()
	const codes = "\r\x1b[K"
	for name, c := range map[string]struct {
		o       progress.Options
		seconds int
		lines   int // of progress
		codes   bool
		want    []string
		never   []string
	}{
		"a terminal":               {progress.Options{Columns: 200}, 5, 5, true, []string{"ramp", "8 dropped", "limit 12.5..?/s", "about 1:00 left"}, nil},
		"a narrow one":             {progress.Options{Columns: 20}, 5, 5, true, []string{"ramp"}, []string{"dropped"}},
		"a terminal, for a moment": {progress.Options{Columns: 200}, 0, 0, false, []string{"vu 1: hello"}, nil},
		"a file":                   {progress.Options{}, 25, 2, false, []string{"80 dropped", "plimsoll: stopping\n", "plimsoll: warning: mind the gap\n", "vu 1: hello\n"}, nil},
		"a file, a short run":      {progress.Options{}, 9, 0, false, []string{"plimsoll: stopping\n"}, nil},
		"quiet, a file":            {progress.Options{Quiet: true}, 25, 0, false, []string{"plimsoll: warning: mind the gap\n", "vu 1: hello\n"}, []string{"stopping", "it/s"}},
		"quiet, a terminal":        {progress.Options{Quiet: true, Columns: 200}, 25, 0, false, []string{"plimsoll: warning: mind the gap\n", "vu 1: hello\n"}, []string{"stopping", "it/s"}},
	} {
		text := tell(t, c.o, c.seconds)
		if n := strings.Count(text, "3 VU"); n != c.lines && c.o.Columns != 20 || strings.Contains(text, codes) != c.codes || strings.Contains(text, "\x1b") != c.codes {
			t.Errorf("%s: %d lines of progress, want %d; codes: want %t; told\n%q", name, n, c.lines, c.codes, text)
		}
		for _, word := range c.want {
			if !strings.Contains(text, word) {
				t.Errorf("%s: told %q, want %q", name, text, word)
			}
		}
		for _, word := range c.never {
			if strings.Contains(text, word) {
				t.Errorf("%s: told %q, want no %q", name, text, word)
			}
		}
		for line := range strings.SplitSeq(text, codes) {
			if before, _, _ := strings.Cut(line, "\n"); c.o.Columns > 0 && !c.o.Quiet && strings.Contains(before, "ramp") && len([]rune(before)) >= c.o.Columns {
				t.Errorf("%s: a line is as wide as the terminal, or wider: %q", name, before)
			}
		}
	}
}
