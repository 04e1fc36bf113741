package exit_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

func TestTheFirstFollowsThePrecedence(t *testing.T) {
	t.Parallel()
	order := []int{130, 143, 1, 2, 3, 7, 6, 4, 5, 8, 0}
	for i, first := range order {
		for _, later := range order[i:] {
			if got := exit.First(later, first, later); got != first {
				t.Errorf("of %d and %d: %d counts, want %d", first, later, got, first)
			}
		}
	}
	if got := exit.First(5, -1, 99); got != exit.Internal {
		t.Errorf("codes that are in no table count as %d, want an internal error", got)
	}
	if got := exit.First(); got != exit.OK {
		t.Errorf("no code at all is %d", got)
	}
}

func TestExitOfASignal(t *testing.T) {
	t.Parallel()
	if got := [2]int{exit.OfSignal(os.Interrupt), exit.OfSignal(syscall.SIGTERM)}; got != [2]int{130, 143} {
		t.Errorf("got %v", got)
	}
}
