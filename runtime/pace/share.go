package pace

// Share is part K of N, counted from 0, of what N generators do together. Of
// VUs and of iterations, numbered from 0 over all generators, it has those
// whose number leaves K when it is divided by N. So the shares add up to the
// whole at any time, and each follows the plan's shape. The zero value is all
// of it, as is 0 of 1; else 0 ≤ K < N.
type Share struct{ K, N int }

// Of returns how many of the first n are the share's; over all K they add up to n.
func (s Share) Of(n int) int {
	if n <= s.K {
		return 0
	}
	return (n - s.K + s.parts() - 1) / s.parts()
}

// Number returns which number, of all, the share's i-th has; both count from 0.
func (s Share) Number(i int) int { return s.K + i*s.parts() }

func (s Share) parts() int { return max(s.N, 1) }
