package monitor

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// still is a source that always has the same to say.
type still struct{}

func (still) Name() string { return "still" }
func (still) Close() error { return nil }
func (still) Read(context.Context) ([]record.Resources, error) {
	return []record.Resources{{Source: "still", Values: map[string]float64{record.Threads: 1}}}, nil
}

func TestAClockThatIsSetLeavesANoteAndTheTimesAsTheyWere(t *testing.T) {
	var rows []record.Resources
	w := NewWatcher(time.Now(), time.Second, func(r record.Resources) { rows = append(rows, r) })
	w.costs = []Cost{{}}
	g := gap{}
	w.once(t.Context(), still{}, &g, 0)
	w.once(t.Context(), still{}, &g, 0)
	if len(rows) != 2 || rows[1].Note != "" {
		t.Fatalf("a clock that goes as it should: %+v", rows)
	}
	g.wall = g.wall.Add(90 * time.Second) // the wall clock has been set back by so much since
	w.once(t.Context(), still{}, &g, 0)
	w.once(t.Context(), still{}, &g, 0)
	if len(rows) != 5 {
		t.Fatalf("%d rows, want one note and two readings more: %+v", len(rows)-2, rows)
	}
	note := rows[2]
	if !strings.Contains(note.Note, "the clock was set by -90.0 s") || len(note.Values) != 0 {
		t.Errorf("told as %+v", note)
	}
	for i := 1; i < len(rows); i++ {
		if rows[i].AtS < rows[i-1].AtS || rows[i].AtS > 60 {
			t.Errorf("times of the run do not go on: %+v", rows)
		}
	}
}
