package pace

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// Arrivals says when the iterations of an open load are due. Both kinds count
// the area under the rate: an even load has one arrival for each unit of it,
// the first at once, as in k6 (a rate of r for d seconds, the end excluded, has
// ⌈r·d⌉); a Poisson load leaves exponential gaps of mean one. So ramps need no
// steps, and a rate that changes keeps its phase. A share takes every N-th
// arrival of the whole load, at the very same times.
type Arrivals struct {
	segments []segment // what is still to come; the last has no end
	from     float64   // seconds; where what is left of the first segment begins
	passed   float64   // the area before that
	mark     float64   // the area at which the next arrival is due
	share    Share
	random   *rand.Rand // of a Poisson load
}

// segment is a rate that changes linearly.
type segment struct {
	rate, slope float64 // arrivals per second at its start; change of it per second
	begin, end  float64 // seconds
}

// NewArrivals makes a share of even arrivals that follow stages of rates, from
// zero at time zero on; the last target stays.
func NewArrivals(stages []plan.Stage, share Share) *Arrivals {
	a := &Arrivals{share: share, mark: float64(share.K)}
	from, begin := 0.0, 0.0
	for _, s := range stages {
		length := s.Duration.Seconds()
		if length > 0 {
			a.segments = append(a.segments, segment{rate: from, slope: (s.Target - from) / length, begin: begin, end: begin + length})
		}
		from, begin = s.Target, begin+length
	}
	a.segments = append(a.segments, segment{rate: from, begin: begin, end: math.Inf(1)})
	return a
}

// NewPoisson is NewArrivals with independent gaps; a seed gives the same ones
// again. All shares of a load have the same seed.
func NewPoisson(stages []plan.Stage, seed uint64, share Share) *Arrivals {
	a := NewArrivals(stages, share)
	a.random = rand.New(rand.NewPCG(seed, arrivalStream))
	a.mark = 0
	a.move(share.K + 1)
	return a
}

// arrivalStream tells the arrivals' random numbers from others of the same seed.
const arrivalStream = 0x61727269

// Due returns when the next arrival is due; false when none comes with the rates as they are.
func (a *Arrivals) Due() (time.Duration, bool) {
	at, ok := a.due()
	return time.Duration(math.Round(at * 1e9)), ok
}

// Take counts the arrival that Due told; the next one follows. It does nothing when none comes.
func (a *Arrivals) Take() {
	at, ok := a.due()
	if !ok {
		return
	}
	a.advance(at)
	a.move(a.share.parts())
}

// move goes on by so many arrivals of the whole load.
func (a *Arrivals) move(arrivals int) {
	if a.random == nil {
		a.mark += float64(arrivals)
		return
	}
	for range arrivals {
		a.mark += a.random.ExpFloat64()
	}
}

// SetRate replaces all rates from a time on by one, in arrivals per second of
// the whole load. What of the present gap has passed by then stays passed: at
// double the rate the rest of it takes half as long. Arrivals due before at
// are to be taken first.
func (a *Arrivals) SetRate(at time.Duration, perSecond float64) {
	t := max(at.Seconds(), a.from)
	for _, s := range a.segments {
		a.passed += s.area(max(a.from, s.begin), min(t, s.end))
	}
	a.from = t
	a.segments = append(a.segments[:0], segment{rate: max(perSecond, 0), begin: t, end: math.Inf(1)})
}

// Rate returns the share's arrivals per second at a time not before the last arrival taken.
func (a *Arrivals) Rate(at time.Duration) float64 {
	t := at.Seconds()
	for _, s := range a.segments {
		if t < s.end {
			return s.at(t) / float64(a.share.parts())
		}
	}
	return 0 // not reached: the last segment has no end
}

func (a *Arrivals) due() (float64, bool) {
	need := max(a.mark-a.passed, 0)
	for _, s := range a.segments {
		from := max(a.from, s.begin)
		if need <= 0 && (s.at(from) > 0 || s.slope > 0) {
			return from, true
		}
		if t := s.reach(from, need); t <= s.end {
			return t, !math.IsInf(t, 1)
		}
		need -= s.area(from, s.end)
	}
	return 0, false
}

// advance forgets the segments that end before a time. The rest is counted
// from where it begins, not from one arrival to the next: so rounding does not
// add up, and all shares round alike.
func (a *Arrivals) advance(t float64) {
	for len(a.segments) > 1 && a.segments[0].end <= t {
		s := a.segments[0]
		a.passed += s.area(max(a.from, s.begin), s.end)
		a.from = s.end
		a.segments = a.segments[1:]
	}
}

func (s segment) at(t float64) float64 { return max(s.rate+s.slope*(t-s.begin), 0) }

// area is the number of arrivals from one time to another; none when they are the wrong way round.
func (s segment) area(from, to float64) float64 {
	if to <= from {
		return 0
	}
	if s.slope == 0 {
		return s.rate * (to - from)
	}
	return (s.at(from) + s.at(to)) / 2 * (to - from)
}

// reach returns when the area from a time on comes to need; +Inf when the rate falls to zero before.
func (s segment) reach(from, need float64) float64 {
	rate := s.at(from)
	square := rate*rate + 2*s.slope*need
	if square < 0 {
		return math.Inf(1)
	}
	sum := rate + math.Sqrt(square) // the root's stable form: no difference of like numbers
	if sum == 0 {
		return math.Inf(1)
	}
	return from + 2*need/sum
}
