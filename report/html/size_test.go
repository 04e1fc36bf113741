//go:build !race

// An hour takes its time under the race detector, which has nothing to find in it.

package html_test

import (
	"testing"

	"github.com/plimsoll-load/plimsoll/report/reporttest"
)

// An hour at one second with twelve series is 300 KB at most.
func TestAnHourFitsIntoItsBudget(t *testing.T) {
	t.Parallel()
	got := pageOf(t, fold(t, reporttest.Rows(reporttest.Service{Seconds: 3600, VUs: 400, Ramp: 3000, Unwatched: true, Outage: [2]int{2000, 2020}})))
	if n := len(dataOf(t, got).series()); n < 12 {
		t.Errorf("the page has %d series: this says nothing about 12", n)
	}
	if len(got) > 300_000 {
		t.Errorf("the page has %d bytes, want at most 300,000", len(got))
	}
}
