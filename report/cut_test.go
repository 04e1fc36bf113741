//go:build !race

// Thousands of cuts take their time under the race detector, which has nothing to find in them.

package report_test

import (
	"bytes"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/reporttest"
)

func TestARecordCutAtAnyByteIsRead(t *testing.T) {
	t.Parallel()
	body := reporttest.Run(reporttest.Service{Seconds: 1, VUs: 2, Outage: [2]int{0, 1}})
	head := bytes.IndexByte(body, '\n')
	for n := range body {
		r, err := report.Read(bytes.NewReader(body[:n]))
		switch {
		case n < head && err == nil, n >= head && err != nil:
			t.Fatalf("cut at byte %d of %d (head %d): %v", n, len(body), head, err)
		case err == nil && n%29 == 0:
			show(t, r)
		}
	}
}
