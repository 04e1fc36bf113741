//go:build !race

package vu_test

import (
	"testing"
	"time"
)

// The one allocation is goja's: the stack of a call from Go.
func TestIterationAllocatesNothingOfItsOwn(t *testing.T) {
	_, u := start(t, `import { scenario } from 'plimsoll'
scenario('empty', () => {})`)
	u.Iterate(t.Context(), "", time.Time{})
	if n := testing.AllocsPerRun(200, func() { u.Iterate(t.Context(), "", time.Time{}) }); n > 1 {
		t.Errorf("an empty iteration allocates %v times, want 1", n)
	}
}
