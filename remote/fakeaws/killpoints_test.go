package fakeaws_test

import (
	"slices"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

func TestKillPointsHaveBothEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		calls, offset int
		full          bool
		want          []int
	}{
		{1, 0, false, []int{1}},
		{2, 3, false, []int{1, 2}},
		{5, 0, true, []int{1, 2, 3, 4, 5}},
		{5, 7, true, []int{1, 2, 3, 4, 5}},
		{42, 0, false, []int{1, 2, 12, 22, 32, 42}},
		{42, 13, false, []int{1, 5, 15, 25, 35, 42}},
	} {
		if got := fakeaws.KillPoints(test.calls, test.offset, test.full); !slices.Equal(got, test.want) {
			t.Errorf("of %d calls from %d: %v, want %v", test.calls, test.offset, got, test.want)
		}
	}
	seen := map[int]bool{}
	for offset := range 10 {
		for _, k := range fakeaws.KillPoints(42, offset, false) {
			seen[k] = true
		}
	}
	if len(seen) != 42 {
		t.Errorf("all offsets together come to %d of 42 calls", len(seen))
	}
}
