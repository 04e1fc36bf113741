package testmode_test

import (
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/testmode"
)

func TestFullByEnvironment(t *testing.T) {
	for value, want := range map[string]int{"1": 200, "": 4, "0": 4} {
		t.Setenv(testmode.FullVariable, value)
		if got := testmode.Runs(200, 4); got != want {
			t.Errorf("%s=%q: %d runs, want %d", testmode.FullVariable, value, got, want)
		}
	}
}
