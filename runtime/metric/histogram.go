package metric

import (
	"iter"
	"math"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Histograms hold microseconds from 1 µs to an hour with two significant
// digits: an error of at most 0.4 %, 20 KB each.
const (
	histogramMax    = int64(time.Hour / time.Microsecond)
	histogramDigits = 2
)

// Histogram counts durations. The zero value is empty and ready.
type Histogram struct{ h *hdr.Histogram }

// Add counts one duration; what is longer than an hour counts as an hour.
func (h *Histogram) Add(d time.Duration) {
	if h.h == nil {
		h.h = hdr.New(1, histogramMax, histogramDigits)
	}
	us := min(max(int64(d/time.Microsecond), 0), histogramMax)
	_ = h.h.RecordValue(us) // cannot fail: us is within the range
}

// Merge adds all of o.
func (h *Histogram) Merge(o Histogram) {
	if o.Count() == 0 {
		return
	}
	if h.h == nil || o.h.HighestTrackableValue() > h.h.HighestTrackableValue() {
		h.grow(o.h.HighestTrackableValue())
	}
	h.h.Merge(o.h)
}

// grow makes room for microseconds (or millionths) up to top: an hour at first, then as much as [Values] takes.
func (h *Histogram) grow(top int64) {
	old := h.h
	size := histogramMax
	if top > size {
		size = max(top, valuesMax)
	}
	h.h = hdr.New(1, size, histogramDigits)
	if old != nil {
		h.h.Merge(old)
	}
}

// Count says how many durations were added.
func (h Histogram) Count() int64 {
	if h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// Quantile returns the duration that a fraction q (0..1) of all does not exceed; 0 when empty.
func (h Histogram) Quantile(q float64) time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.h.ValueAtQuantile(q*100)) * time.Microsecond
}

// Mean returns the mean; 0 when empty.
func (h Histogram) Mean() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.h.Mean() * float64(time.Microsecond))
}

// Max returns the longest duration, to the histogram's precision; 0 when empty.
func (h Histogram) Max() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.h.Max()) * time.Microsecond
}

// Min returns the shortest duration, to the histogram's precision; 0 when empty.
func (h Histogram) Min() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.h.Min()) * time.Microsecond
}

// Over counts the durations longer than d, to the histogram's precision.
func (h Histogram) Over(d time.Duration) int64 {
	if h.Count() == 0 {
		return 0
	}
	var over int64
	limit := int64(math.Ceil(float64(d) / float64(time.Microsecond)))
	for _, bar := range h.h.Distribution() {
		if bar.From > limit {
			over += bar.Count
		}
	}
	return over
}

// Bars yields each bucket that holds something, in rising order: its upper
// bound and its count.
func (h Histogram) Bars() iter.Seq2[time.Duration, int64] {
	return func(yield func(time.Duration, int64) bool) {
		if h.Count() == 0 {
			return
		}
		for _, bar := range h.h.Distribution() {
			if bar.Count > 0 && !yield(time.Duration(bar.To)*time.Microsecond, bar.Count) {
				return
			}
		}
	}
}

// Reset empties it and keeps its memory.
func (h *Histogram) Reset() {
	if h.h != nil {
		h.h.Reset()
	}
}

// MarshalText writes HDR's V2 compressed encoding in base64; an empty histogram is empty text.
func (h Histogram) MarshalText() ([]byte, error) {
	if h.Count() == 0 {
		return nil, nil
	}
	return h.h.Encode(hdr.V2CompressedEncodingCookieBase)
}

// UnmarshalText reads what MarshalText wrote.
func (h *Histogram) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		h.h = nil
		return nil
	}
	decoded, err := hdr.Decode(text)
	if err != nil {
		return err
	}
	h.h = decoded
	return nil
}
