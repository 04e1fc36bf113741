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

// usefulShare is the share of successful requests that belong to successful
// iterations, at the limit. A failed iteration of m requests has had k of them
// served in vain: none if everything is turned away at once, nearly all if
// requests fail one by one. Failing holds tell k, against the k that
// independent failures would leave.
func (c *controller) usefulShare() float64 {
	m, p := c.mix.perIteration(), c.opt.Tolerance
	if m <= 1.01 {
		return 1
	}
	vain := func(f float64) float64 { return m - m*(1-math.Pow(1-f, 1/m))/f }
	var served, failed, independent float64
	for _, h := range c.holds {
		if f := h.share(); !h.void && f > p/3 && f < .98 && h.sum.failed >= minFailed && h.length() >= .6*h.mean { // else requests fail whose iterations end later
			served += c.servedInVain(h)
			failed += h.sum.failed
			independent += h.sum.failed * vain(f)
		}
	}
	k := vain(p)
	if failed > 0 {
		k *= clamp(served/independent, 0, 1)
	}
	return (1 - p) * m / ((1-p)*m + p*k)
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

// limit is what a rejecting service carries, by its pooled goodput; 0 when that is not to be trusted.
func (c *controller) limit() float64 { return c.limitOf(c.open.saturated) }

func (c *controller) limitOf(full pool) float64 {
	if full.count*c.mix.perIteration() < minPooled || c.open.falling || !c.policy.has(pools) {
		return 0
	}
	return full.rate() / c.goodputPerArrival()
}

// goodputPerArrival turns goodput at full load into the arrivals at the limit: their
// share that is tolerated to fail is not all that the service has worked for in vain.
func (c *controller) goodputPerArrival() float64 { return (1 - c.opt.Tolerance) / c.usefulShare() }
