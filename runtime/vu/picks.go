package vu

import "math/rand/v2"

// picks chooses a user's scenarios: points from 0 to 1 that a weight's share
// of the range takes as often as it should. They are spread as evenly as
// points can be, not drawn: after any number of iterations each scenario has
// run about as often as its weight says, within two or three, so that runs of
// the same script do the same work. Independent draws would let a minute of
// 10 % of dear iterations have 8 % or 12 % of them.
//
// A user goes on by the golden ratio, whose multiples leave no large gaps; the
// users' first points are spread in the same way by another number, so that
// many users that run one iteration each follow the weights, too. All points
// are moved by an offset of the test's seed: what comes first is left to chance.
type picks struct{ at float64 }

const (
	goldenPart  = 0.6180339887498949 // (√5-1)/2
	betweenVUs  = 0.4142135623730951 // √2-1: no simple multiple of the other
	seedOfPicks = 0                  // no user's: those have 1 and more
)

func newPicks(seed uint64, vu int) picks {
	var r rand.PCG
	r.Seed(seed, seedOfPicks)
	at := fraction(r.Uint64()) + betweenVUs*float64(vu)
	return picks{at - float64(int(at))}
}

// next is the point of the next iteration.
func (p *picks) next() float64 {
	at := p.at
	if p.at += goldenPart; p.at >= 1 {
		p.at--
	}
	return at
}

// fraction is a random number from 0 to 1 (exclusive) of 64 random bits.
func fraction(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }
