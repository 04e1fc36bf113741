package metric

import (
	"math"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Values is a histogram of numbers, negative ones and fractions included, for
// the quantiles of a trend. They are kept as millionths with two significant
// digits: a quantile is off by at most 0.4 % of its size, and by a millionth
// where that is more. Beyond 1e12 on either side a value counts as that.
// (Times are kept in seconds: the buckets are those of [Histogram].)
// The zero value is empty and ready; it grows to at most 50 KB for each sign.
type Values struct {
	Above Histogram `json:"values,omitzero"`   // zero and more, in millionths
	Below Histogram `json:"negative,omitzero"` // less than zero, without the sign
}

// valuesMax is 1e12 in millionths.
const valuesMax = int64(1e18)

// Add counts one value, which is finite.
func (v *Values) Add(x float64) {
	side := &v.Above
	if x < 0 {
		side, x = &v.Below, -x
	}
	// By way of billionths: 0.0015 s is 1500 µs, though 0.0015*1e6 may be less than 1500.
	units := int64(math.Floor(min(math.Round(x*1e9)/1e3, float64(valuesMax))))
	if side.h == nil || units > side.h.HighestTrackableValue() {
		side.grow(units)
	}
	_ = side.h.RecordValue(units) // cannot fail: units is within the range
}

// Merge adds all of o.
func (v *Values) Merge(o Values) {
	v.Above.Merge(o.Above)
	v.Below.Merge(o.Below)
}

// Quantile returns what a fraction q (0..1) of the values does not exceed; 0 when empty.
func (v *Values) Quantile(q float64) float64 {
	above, below := v.Above.Count(), v.Below.Count()
	total := above + below
	if total == 0 {
		return 0
	}
	rank := min(max(int64(q*float64(total)+0.5), 1), total)
	if rank <= below {
		return -valueAt(v.Below.h, below-rank+1)
	}
	return valueAt(v.Above.h, rank-below)
}

// valueAt is the value of the rank-th smallest, counted from 1.
func valueAt(h *hdr.Histogram, rank int64) float64 {
	return float64(h.ValueAtQuantile(100*float64(rank)/float64(h.TotalCount()))) / 1e6
}
