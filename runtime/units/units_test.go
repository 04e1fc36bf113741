package units_test

import (
	"math"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/units"
)

func TestNumbersAreWrittenAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	inf, nan := math.Inf(1), math.NaN()
	for _, row := range []struct{ got, want string }{
		{units.Int(0), "0"},
		{units.Int(999), "999"},
		{units.Int(1_234_567), "1,234,567"},
		{units.Number(0), "0"},
		{units.Number(0.00042), "0.00042"},
		{units.Number(0.1234), "0.123"},
		{units.Number(5), "5"},
		{units.Number(12.34), "12.3"},
		{units.Number(99.94), "99.9"},
		{units.Number(99.96), "100"},
		{units.Number(6200), "6,200"},
		{units.Number(-1500), "-1,500"},
		{units.Number(nan), "–"},
		{units.Number(inf), "–"},
		{units.Precise(6200.7), "6,201"},
		{units.Precise(12.3456), "12.35"},
		{units.Percent(1, 8), "12.5 %"},
		{units.Percent(0, 8), "0 %"},
		{units.Percent(1, 0), "–"},
		{units.Percent(1, 1e6), "<0.01 %"},
		{units.Percent(999_999, 1_000_000), ">99.99 %"},
		{units.Percent(995, 1000), "99.50 %"},
		{units.Percent(1, 1), "100 %"},
		{units.Percent(3, 2), "150 %"},
		{units.Seconds(0), "0 s"},
		{units.Seconds(2.5e-6), "2.5 µs"},
		{units.Seconds(0.0123), "12.3 ms"},
		{units.Seconds(1.5), "1.5 s"},
		{units.Seconds(90), "1 min 30 s"},
		{units.Seconds(120), "2 min"},
		{units.Seconds(3600), "1 h"},
		{units.Seconds(5400), "1 h 30 min"},
		{units.Seconds(400_000), "111 h"},
		{units.Seconds(nan), "–"},
		{units.Bytes(0), "0 B"},
		{units.Bytes(999), "999 B"},
		{units.Bytes(1000), "1 kB"},
		{units.Bytes(2.5e9), "2.5 GB"},
		{units.Bytes(3e15), "3 PB"},
		{units.Cores(1), "1 core"},
		{units.Cores(1.954), "1.95 cores"},
		{units.Precise(123.456), "123.5"},
		{units.Precise(12_970.3), "12,970"},
		{units.Many(1, "request"), "1 request"},
		{units.Many(1200, "request"), "1,200 requests"},
		{units.PerSecond(30, 2), "15/s"},
		{units.PerSecond(30, 0), "–"},
		{units.Clock(0), "0:00"},
		{units.Clock(61.25), "1:01.25"},
		{units.Clock(3725), "1:02:05"},
		{units.Clock(-1), "–"},
		{units.Clock(nan), "–"},
		{units.Signed(-0.051), "−5.1 %"},
		{units.Signed(0.02), "+2.0 %"},
	} {
		if row.got != row.want {
			t.Errorf("got %q, want %q", row.got, row.want)
		}
	}
	if got := units.Rate(30, 0); !math.IsNaN(got) {
		t.Errorf("30 in no time are %v/s", got)
	}
}
