package monitor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// failing is a source whose readings all fail alike.
type failing struct{ err error }

func (failing) Name() string { return "process 7" }
func (failing) Close() error { return nil }

func (f failing) Read(context.Context) ([]record.Resources, error) { return nil, f.err }

func TestAFailedReadingTellsTheState(t *testing.T) {
	for want, err := range map[record.ResourceState]error{
		record.StateEnded:       hasEnded("process 7"),
		record.StateOutOfMemory: errors.Join(errors.New("looked twice"), &stateError{record.StateOutOfMemory, errors.New("killed")}),
		"":                      errors.New("it does not answer"),
	} {
		synctest.Test(t, func(t *testing.T) {
			var rows []record.Resources
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			defer stop()
			NewWatcher(time.Now(), 250*time.Millisecond, func(r record.Resources) { rows = append(rows, r) }).Run(ctx, failing{err})
			if len(rows) != 1 || rows[0].State != want || rows[0].Note != err.Error() {
				t.Errorf("%v: %+v, want state %q", err, rows, want)
			}
		})
	}
}
