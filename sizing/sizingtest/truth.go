package sizingtest

import (
	"context"
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/sizing"
)

// Truth is what a service carries: arrivals per second, and of these the successful ones.
type Truth struct{ Offered, Goodput float64 }

// Truth computes it, from a closed form or by long runs, once.
func (m *Model) Truth() Truth {
	if m.truth == nil {
		return Truth{}
	}
	return m.truth()
}

// rejects is a service that always completes c a second once more arrive: c = (1-p)·offered.
func rejects(c float64) func(*Model) Truth {
	return func(*Model) Truth { return Truth{c / (1 - Tolerance), c} }
}

// carries is a service that fails nothing and completes c a second.
func carries(c float64) func(*Model) Truth {
	return func(*Model) Truth { return Truth{c, c} }
}

// erlang is the load at which M/M/c/c+k turns away the tolerated share.
func erlang(c, k int, mean float64) func(*Model) Truth {
	return func(*Model) Truth {
		full := float64(c) / mean
		l := largest(full/3, 3*full, func(l float64) bool { return blocked(l*mean, c, k) <= Tolerance })
		return Truth{l, l * (1 - Tolerance)}
	}
}

// blocked is the share that M/M/c/c+k turns away at a offered load of a servers.
func blocked(a float64, c, k int) float64 {
	b := 1.0 // Erlang's B, then one place of the queue after the other
	for n := 1; n <= c; n++ {
		b = a * b / (float64(n) + a*b)
	}
	rho := a / float64(c)
	for range k {
		b = rho * b / (1 + rho*b)
	}
	return b
}

// tail is the load at which M/M/c with an endless queue just keeps the objective.
func tail(c int, mean float64) func(*Model) Truth {
	return func(m *Model) Truth {
		o := m.Objectives[0]
		l := largest(0, float64(c)/mean, func(l float64) bool {
			return late(l, 1/mean, c, o.Limit.Seconds()) <= 1-o.Share
		})
		return Truth{l, l}
	}
}

// late is the share of M/M/c's requests that take longer than t.
func late(l, mu float64, c int, t float64) float64 {
	a := l / mu
	if a >= float64(c) {
		return 1
	}
	b := blocked(a, c, 0)
	wait := b / (1 - a/float64(c)*(1-b))
	k := float64(c) - 1 - a
	g := mu * t
	if math.Abs(k) > 1e-9 {
		g = (1 - math.Exp(-mu*t*k)) / k
	}
	return math.Exp(-mu*t) * (1 + wait*g)
}

// largest is the largest x with f true, of which all smaller ones are.
func largest(lo, hi float64, f func(float64) bool) float64 {
	for range 50 {
		if x := (lo + hi) / 2; f(x) {
			lo = x
		} else {
			hi = x
		}
	}
	return lo
}

// horizon is how long a load beyond which a service collapses must be carried, in nine runs of ten.
const (
	horizon      = 60
	survivors    = .9
	overwhelming = 100 // in flight: there is no way back
)

// survives is the highest rate that leaves fewer than 100 in flight after a
// minute in nine runs of ten, from the birth-death process that the service is.
func survives(rate func(float64) float64) func(*Model) Truth {
	return func(*Model) Truth {
		l := largest(.3*rate(1), 1.2*rate(1), func(l float64) bool {
			return below(l, rate, horizon, overwhelming) >= survivors
		})
		return Truth{l, l}
	}
}

// below is the chance that fewer than n are in the process after a time, from
// none: births at rate l, deaths at rate mu(n), by implicit steps of a tridiagonal system.
func below(l float64, mu func(float64) float64, span float64, n int) float64 {
	const step = .02
	size := 6 * n // what goes farther stays there
	p, upper := make([]float64, size), make([]float64, size)
	p[0] = 1
	for range int(span / step) {
		// (I - step·Q)ᵀ p' = p, by Thomas' algorithm
		for i := range p {
			diagonal := 1.0
			if i < size-1 {
				diagonal += step * l
			}
			if i > 0 {
				diagonal += step * mu(float64(i))
			}
			if i > 0 {
				diagonal -= -step * l * upper[i-1]
				p[i] = (p[i] + step*l*p[i-1]) / diagonal
			} else {
				p[i] /= diagonal
			}
			upper[i] = -step * mu(float64(i+1)) / diagonal
		}
		for i := size - 2; i >= 0; i-- {
			p[i] -= upper[i] * p[i+1]
		}
	}
	sum := 0.0
	for _, x := range p[:n] {
		sum += x
	}
	return sum
}

// survivesObjective is the highest rate that keeps objective and tolerance over a minute in nine runs of ten.
func survivesObjective(lo, hi float64) func(*Model) Truth {
	return func(m *Model) Truth {
		const runs, rounds = 80, 5
		for range rounds {
			rate, good := (lo+hi)/2, 0
			for seed := range uint64(runs) {
				if o := m.open(rate, 3, horizon, 9000+seed); o.within(m) {
					good++
				}
			}
			if float64(good) >= survivors*runs {
				lo = rate
			} else {
				hi = rate
			}
		}
		return Truth{lo, lo}
	}
}

// longOpen looks for the highest rate within tolerance by long runs between two rates.
func longOpen(lo, hi float64) func(*Model) Truth {
	return func(m *Model) Truth {
		const runs, rounds = 3, 10
		for range rounds {
			rate := (lo + hi) / 2
			var all outcome
			for seed := range uint64(runs) {
				all.add(m.open(rate, 60, 300, 7000+seed))
			}
			if all.within(m) {
				lo = rate
			} else {
				hi = rate
			}
		}
		return Truth{lo, lo * (1 - Tolerance)}
	}
}

// outcome sums up a long run.
type outcome struct {
	seconds, ok, failed, requests float64
	slow                          []float64
}

func (o *outcome) add(p outcome) {
	o.seconds, o.ok, o.failed, o.requests = o.seconds+p.seconds, o.ok+p.ok, o.failed+p.failed, o.requests+p.requests
	for len(o.slow) < len(p.slow) {
		o.slow = append(o.slow, 0)
	}
	for i, s := range p.slow {
		o.slow[i] += s
	}
}

func (o *outcome) within(m *Model) bool {
	for i, objective := range m.Objectives {
		if o.slow[i] > (1-objective.Share)*o.requests {
			return false
		}
	}
	return o.failed <= Tolerance*(o.ok+o.failed)
}

// open runs arrivals and counts after a while.
func (m *Model) open(rate, warm, span float64, seed uint64) outcome {
	w := m.New(seed)
	w.setRate(rate)
	return w.measure(warm, span)
}

// closed runs virtual users and counts after a while.
func (m *Model) closed(n int, warm, span float64, seed uint64) outcome {
	w := m.New(seed)
	w.resize(n)
	return w.measure(warm, span)
}

func (w *World) measure(warm, span float64) outcome {
	w.run(w.now + warm)
	w.tick = w.emptyTick()
	w.began = w.now
	t, err := w.Tick(context.Background(), time.Duration(span*float64(time.Second)))
	if err != nil {
		panic("sizingtest: " + err.Error())
	}
	return summed(t)
}

func summed(t sizing.Tick) outcome {
	o := outcome{seconds: t.Length.Seconds(), requests: float64(t.RequestsOK + t.RequestsFailed)}
	for _, s := range t.Scenarios {
		o.ok += float64(s.OK)
		o.failed += float64(s.Failed)
	}
	for _, s := range t.Slow {
		o.slow = append(o.slow, float64(s))
	}
	return o
}
