//go:build real

package main_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// recheck is one comparison with a former answer.
type recheck struct {
	model string
	from  string // file with the --json of the former answer
	part  float64
	got   *sized
	err   error
}

const formerCapacity = 400 // requests per second

// TestRealSizingChecksAgain sizes targets, then checks the answers again: on targets that
// carry as much, and on targets that carry a fifth less.
func TestRealSizingChecksAgain(t *testing.T) {
	l := newLab(t)
	models := []string{"rejects"}
	fallen := 1
	if l.full() {
		models, fallen = []string{"rejects", "bucket", "queues"}, 2*l.runs
	}
	formers := make([]string, len(models))
	sideBySide(len(models), func(i int) {
		got, err := l.steady(func() (*sized, error) { return l.sizeAt(l.Context(), models[i], formerCapacity) })
		if err != nil {
			t.Error(err)
			return
		}
		if got.Verdict != record.VerdictFound {
			t.Errorf("%s: verdict %s: %s", models[i], got.Verdict, got.Reason)
			return
		}
		file := filepath.Join(t.TempDir(), "last.json")
		if err := os.WriteFile(file, []byte(got.stdout), 0o600); err != nil {
			t.Error(err)
		}
		formers[i] = file
	})
	if t.Failed() {
		return
	}
	var checks []recheck
	for i := range fallen + len(models) {
		c := recheck{model: models[i%len(models)], from: formers[i%len(models)], part: .8}
		if i >= fallen {
			c.part = 1
		}
		checks = append(checks, c)
	}
	sideBySide(len(checks), func(i int) {
		c := &checks[i]
		got, err := l.steady(func() (*sized, error) {
			return l.sizeAt(l.Context(), c.model, c.part*formerCapacity, "--from="+c.from, "--max-regression=10%")
		})
		l.mu.Lock()
		c.got, c.err = got, err
		done := append([]recheck(nil), checks...)
		l.mu.Unlock()
		l.Logf("load %s: %s", busy(), c.row())
		l.table("recheck", recheckTable(done))
	})
	l.Logf("\n%s", recheckTable(checks))
	for i := range checks {
		c := &checks[i]
		want := 0
		if c.part < 1 {
			want = 8
		}
		switch {
		case c.err != nil:
			t.Error(c.err)
		case c.got.exit != want || c.got.Recheck == nil:
			t.Errorf("exit %d, want %d: %s: %s (%s)", c.got.exit, want, c.row(), c.got.Reason, c.got.record)
		}
	}
}

// sizeAt runs `size` against a fresh target.
func (l *lab) sizeAt(ctx context.Context, model string, capacity float64, args ...string) (*sized, error) {
	s, err := l.serve(ctx, fmt.Sprintf("%s:%g", model, capacity))
	if err != nil {
		return nil, err
	}
	got, err := l.load(ctx, s.url, append([]string{"size", l.script}, args...)...)
	if _, stopped := s.stop(); err == nil {
		err = stopped
	}
	return got, err
}

func (c *recheck) row() string {
	if c.got == nil {
		return fmt.Sprintf("| %s | %+.0f %% | %v | | | |\n", c.model, 100*(c.part-1), c.err)
	}
	told := "no comparison"
	if r := c.got.Recheck; r != nil {
		told = fmt.Sprintf("%+.1f %% ± %.1f %%", 100*r.Change, 100*r.Noise)
	}
	return fmt.Sprintf("| %s | %+.0f %% | %s | %d | %s | %.0f s |\n", c.model, 100*(c.part-1), told, c.got.exit, c.got.Verdict, c.got.Cost.WallS)
}

func recheckTable(checks []recheck) string {
	var out strings.Builder
	out.WriteString("| model | it really changed by | told | exit | verdict | wall |\n|---|---|---|---|---|---|\n")
	for i := range checks {
		if c := &checks[i]; c.got != nil || c.err != nil {
			out.WriteString(c.row())
		}
	}
	return out.String()
}
