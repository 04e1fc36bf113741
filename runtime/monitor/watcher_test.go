package monitor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// scripted is a source that does what its function says.
type scripted struct {
	name   string
	read   func(ctx context.Context, n int) error
	n      int
	closed bool
}

func (s *scripted) Name() string { return s.name }

func (s *scripted) Close() error { s.closed = true; return nil }

func (s *scripted) Read(ctx context.Context) ([]record.Resources, error) {
	s.n++
	if err := s.read(ctx, s.n); err != nil {
		return nil, err
	}
	return []record.Resources{{Source: s.name, Values: map[string]float64{record.CPUCores: float64(s.n)}}}, nil
}

func well(context.Context, int) error { return nil }

func watch(t *testing.T, d time.Duration, sources ...monitor.Source) (map[string][]record.Resources, []monitor.Cost) {
	t.Helper()
	rows := map[string][]record.Resources{}
	w := monitor.NewWatcher(time.Now(), 250*time.Millisecond, func(r record.Resources) {
		rows[r.Source] = append(rows[r.Source], r)
	})
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	w.Run(ctx, sources...)
	return rows, w.Costs()
}

func TestASlowSourceDoesNotDelayOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &scripted{name: "slow", read: func(ctx context.Context, _ int) error {
			select {
			case <-time.After(700 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		fast := &scripted{name: "fast", read: well}
		rows, costs := watch(t, 2100*time.Millisecond, slow, fast)
		if n := len(rows["fast"]); n != 9 { // at 0, 0.25 … 2.0
			t.Errorf("%d rows of the fast source, want 9", n)
		}
		for i, r := range rows["fast"] {
			if want := float64(i) * 0.25; r.AtS != want {
				t.Errorf("row %d at %v s, want %v", i, r.AtS, want)
			}
		}
		if n := len(rows["slow"]); n < 2 || n > 3 {
			t.Errorf("%d rows of the slow source", n)
		}
		if !slow.closed || !fast.closed {
			t.Error("sources were not closed")
		}
		if costs[0].Spent < 1400*time.Millisecond || costs[1].Spent > time.Millisecond || costs[1].Readings != 9 {
			t.Errorf("costs %+v", costs)
		}
		if s := rows["slow"][0].Values[record.SampleS]; s != 0.7 {
			t.Errorf("a reading of 0.7 s is said to have taken %v s", s)
		}
	})
}

func TestAFailedReadingIsAGapWithANote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{name: "process 7", read: func(_ context.Context, n int) error {
			if n >= 3 && n <= 50 {
				return errors.New("process 7 has ended")
			}
			return nil
		}}
		rows, costs := watch(t, 14*time.Second, s)
		var notes []float64
		for _, r := range rows["process 7"] {
			if r.Note != "" {
				notes = append(notes, r.AtS)
				if len(r.Values) != 0 || r.Note != "process 7 has ended" || r.State != "" {
					t.Errorf("a gap with values or the wrong note: %+v", r)
				}
			}
		}
		if len(notes) != 2 || notes[0] != 0.5 || notes[1] != 10.5 {
			t.Errorf("notes at %v, want once when it begins and once more after 10 s", notes)
		}
		if costs[0].Failed != 48 {
			t.Errorf("%d failed readings counted, want 48", costs[0].Failed)
		}
		if last := rows["process 7"][len(rows["process 7"])-1]; last.Values[record.CPUCores] == 0 {
			t.Error("the series does not go on after the gap")
		}
	})
}

func TestAReadingThatHangsEndsByTimeOutAndTheRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{name: "glances", read: func(ctx context.Context, n int) error {
			if n == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
		rows, _ := watch(t, 3*time.Second, s)
		if len(rows["glances"]) < 3 || rows["glances"][0].Note == "" || rows["glances"][0].AtS != 2 {
			t.Errorf("rows %+v", rows["glances"])
		}
	})
}

func TestRunEndsThoughAReadingIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &scripted{name: "stuck", read: func(context.Context, int) error { <-release; return nil }}
		began := time.Now()
		rows, _ := watch(t, time.Second, s)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v to end, want 1 s of run and 2 s of patience", took)
		}
		close(release)
		synctest.Wait()
		if len(rows) != 0 {
			t.Errorf("rows after the end: %v", rows)
		}
	})
}
