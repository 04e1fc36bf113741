package report_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/reporttest"
	"github.com/plimsoll-load/plimsoll/report/text"
)

// FuzzRead: whatever is read is shown without a panic; the rest is a clear error.
func FuzzRead(f *testing.F) {
	for _, body := range [][]byte{
		reporttest.Run(reporttest.Service{Seconds: 2, VUs: 300, Outage: [2]int{1, 2}}),
		reporttest.Undecided(reporttest.Service{}, "baseline", 4),
	} {
		f.Add(body)
		f.Add(body[:len(body)/2])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := report.Read(bytes.NewReader(body))
		if err != nil {
			if r != nil || err.Error() == "" {
				t.Errorf("run %v with error %q", r, err)
			}
			return
		}
		if err := text.Write(io.Discard, r, text.Options{}); err != nil {
			t.Error(err)
		}
		if _, err := report.JSON(r); err != nil {
			t.Error(err)
		}
	})
}
