package vu

import (
	"math"
	"testing"
)

// count says how often points fall into shares of 20, 70 and 10 %.
func count(n *[3]int, at float64) {
	switch {
	case at < .2:
		n[0]++
	case at < .9:
		n[1]++
	default:
		n[2]++
	}
}

func worst(n [3]int) float64 {
	total := float64(n[0] + n[1] + n[2])
	return max(math.Abs(float64(n[0])-.2*total), math.Abs(float64(n[1])-.7*total), math.Abs(float64(n[2])-.1*total))
}

func TestAUserFollowsTheWeightsFromTheStart(t *testing.T) {
	for seed := range uint64(200) {
		p, n := newPicks(seed, int(seed%7)+1), [3]int{}
		for i := range 2000 {
			count(&n, p.next())
			if off := worst(n); off > 3 {
				t.Fatalf("seed %d: after %d iterations %v, which is off by %.1f", seed, i+1, n, off)
			}
		}
	}
}

func TestManyUsersOfFewIterationsFollowTheWeights(t *testing.T) {
	for _, iterations := range []int{1, 2, 3, 5} {
		for seed := range uint64(50) {
			n := [3]int{}
			for vu := range 300 {
				p := newPicks(seed, vu+1)
				for range iterations {
					count(&n, p.next())
				}
			}
			// Independent draws would be off by 8 · √iterations.
			if off := worst(n); off > 3+2*float64(iterations) {
				t.Errorf("seed %d: 300 users of %d iterations picked %v, which is off by %.1f", seed, iterations, n, off)
			}
		}
	}
}

// Over many tests each iteration of each user, the first as well, picks by weight.
func TestPicksAreUnbiased(t *testing.T) {
	const tests = 20_000
	for _, vu := range []int{1, 2, 77} {
		for _, at := range []int{0, 1, 5} {
			n := [3]int{}
			for seed := range uint64(tests) {
				p := newPicks(seed, vu)
				for range at {
					p.next()
				}
				count(&n, p.next())
			}
			if off := worst(n); off > 4*math.Sqrt(.7*.3*tests) {
				t.Errorf("iteration %d of user %d: %v in %d tests, which is off by %.0f", at+1, vu, n, tests, off)
			}
		}
	}
}

func TestPicksAreTheSeeds(t *testing.T) {
	a, b, c := newPicks(1, 3), newPicks(1, 3), newPicks(2, 3)
	same := true
	for range 10 {
		x := a.next()
		if x != b.next() {
			t.Fatal("equal seeds pick differently")
		}
		same = same && x == c.next()
	}
	if same {
		t.Error("another seed picks the same")
	}
}
