package sizing

import "math"

// pool is what several holds counted together.
type pool struct {
	count, seconds float64
	holds          float64
	squares        float64 // of their rates, times seconds
}

func (p pool) rate() float64 { return p.count / p.seconds }

// with is the pool and one more hold of a rate.
func (p pool) with(rate, seconds float64) pool {
	return pool{p.count + rate*seconds, p.seconds + seconds, p.holds + 1, p.squares + rate*rate*seconds}
}

// error is the relative standard error of the rate: by its count, whose
// variance is so many times its mean, and at least by how much the holds differ.
func (p pool) error(spread float64) float64 {
	counted := math.Sqrt(spread / p.count)
	if p.holds < 2 {
		return math.Hypot(counted, singleHoldError)
	}
	x := p.rate()
	between := max(0, p.squares/p.seconds-x*x) / (p.holds - 1)
	return max(counted, math.Sqrt(between)/x)
}

// singleHoldError is a relative error that a single hold has besides that of its count.
const singleHoldError = .005

// follow is the pool and one more hold, or that hold alone where it differs by
// more than chance explains: capacity moved.
func (p pool) follow(rate, seconds float64) pool {
	if p.seconds > 0 {
		x := p.rate()
		if math.Abs(rate-x) > 3.5*math.Sqrt(1.5)*math.Sqrt(x/seconds+x/p.seconds) {
			p = pool{}
		}
	}
	return p.with(rate, seconds)
}

// wasted is what failing holds tell of failed iterations: how many of their
// requests succeeded, and how many would have if requests failed independently.
type wasted struct {
	iterations, served, independent float64
}

// servedIfIndependent is how many of the m requests of a failed iteration
// succeed where requests fail independently, so that a share f of the iterations does.
func servedIfIndependent(m, f float64) float64 { return m - m*(1-math.Pow(1-f, 1/m))/f }

// usefulShare is the share of successful requests that belong to successful
// iterations of m requests, where a share p of the iterations fails. A failed
// iteration has had k of its requests served in vain: none if everything is
// turned away at once, nearly all if requests fail one by one. Failing holds
// tell k, against the k that independent failures would leave.
func usefulShare(m, p float64, w wasted) float64 {
	if m <= 1.01 {
		return 1
	}
	k := servedIfIndependent(m, p)
	if w.iterations > 0 {
		k *= clamp(w.served/w.independent, 0, 1)
	}
	return (1 - p) * m / ((1-p)*m + p*k)
}

// usefulShare is that at the limit.
func (c *controller) usefulShare() float64 {
	m, p := c.mix.perIteration(), c.opt.Tolerance
	if m <= 1.01 {
		return 1
	}
	var w wasted
	for _, h := range c.holds {
		if f := h.share(); !h.void && f > p/3 && f < .98 && h.sum.failed >= minFailed && h.length() >= .6*h.mean { // else requests fail whose iterations end later
			w.iterations += h.sum.failed
			w.served += c.servedInVain(h)
			w.independent += h.sum.failed * servedIfIndependent(m, f)
		}
	}
	return usefulShare(m, p, w)
}

// minFailed iterations of a hold say what such iterations are made of.
const minFailed = 20

// servedInVain is how many requests of a hold's failed iterations succeeded.
func (c *controller) servedInVain(h *hold) float64 {
	n := 0.0
	for i, s := range h.scenarios {
		sound := c.mix.sound[i]
		if ended := float64(sound.OK + sound.Failed); ended > 0 {
			n += float64(s.Requests) - float64(s.OK)*float64(sound.Requests)/ended
		}
	}
	return n - h.sum.reqFailed
}

// minPooled requests make the pool a better judge than one hold.
const minPooled = 2000

func (c *controller) pooledEnough() bool {
	return c.open.saturated.count*c.mix.perIteration() >= minPooled
}

// limitEstimate puts the limit of a service that rejects where its pooled goodput says.
type limitEstimate struct {
	perIteration float64 // requests
	perArrival   float64 // goodput per arrival at the limit
	void         bool    // goodput is not flat above the limit
}

// of is the limit in arrivals per second by a pool of saturated goodput; 0
// where the pool is not to be trusted.
func (l limitEstimate) of(saturated pool) float64 {
	if saturated.count*l.perIteration < minPooled || l.void {
		return 0
	}
	return saturated.rate() / l.perArrival
}

func (c *controller) limits() limitEstimate {
	return limitEstimate{c.mix.perIteration(), c.goodputPerArrival(), c.open.falling || !c.policy.has(pools)}
}

// limit is what a rejecting service carries, by its pooled goodput; 0 when that is not to be trusted.
func (c *controller) limit() float64 { return c.limits().of(c.open.saturated) }

// goodputPerArrival turns goodput at full load into the arrivals at the limit: their
// share that is tolerated to fail is not all that the service has worked for in vain.
func (c *controller) goodputPerArrival() float64 { return (1 - c.opt.Tolerance) / c.usefulShare() }
