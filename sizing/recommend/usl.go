package recommend

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// USL is the Universal Scalability Law, X(n) = γn / (1 + σ(n-1) + κn(n-1)):
// γ is what one does alone, σ the share that is served one at a time, κ the
// cost of agreeing with each other.
type USL struct{ Gamma, Sigma, Kappa float64 }

// Point is a goodput at a concurrency (or number of replicas).
type Point struct {
	N, X float64
	SE   float64 // relative standard error of X; 0: as the others
}

// Goodput at n.
func (u USL) Goodput(n float64) float64 { return n / u.Time(n) }

// Time is the mean time at n, by Little's law.
func (u USL) Time(n float64) float64 { return (1 + u.Sigma*(n-1) + u.Kappa*n*(n-1)) / u.Gamma }

// Concurrency at which goodput is x: the smaller one, before the peak; NaN
// where x is never reached.
func (u USL) Concurrency(x float64) float64 {
	// κn² + (σ - κ - γ/x)n + (1 - σ) = 0
	b, c := u.Sigma-u.Kappa-u.Gamma/x, 1-u.Sigma
	if u.Kappa == 0 {
		if n := -c / b; n > 0 {
			return n
		}
		return math.NaN()
	}
	return 2 * c / (-b + math.Sqrt(b*b-4*u.Kappa*c)) // no cancellation for small κ
}

// ConcurrencyAt is n where the mean time is r; NaN for a time that one alone does not reach.
func (u USL) ConcurrencyAt(r float64) float64 {
	// κn² + (σ - κ)n + (1 - σ - γr) = 0
	b, c := u.Sigma-u.Kappa, 1-u.Sigma-u.Gamma*r
	root := math.Sqrt(b*b - 4*u.Kappa*c)
	if u.Kappa == 0 || b > 0 {
		return -2 * c / (b + root)
	}
	return (-b + root) / (2 * u.Kappa)
}

// GoodputAt is that where the mean time is r.
func (u USL) GoodputAt(r float64) float64 { return u.ConcurrencyAt(r) / r }

// Peak is the concurrency with the largest goodput; false when there is none.
func (u USL) Peak() (float64, bool) {
	if u.Kappa <= 0 {
		return 0, false
	}
	return max(1, math.Sqrt((1-u.Sigma)/u.Kappa)), true
}

// Limit is the largest goodput at any concurrency; false when it grows for ever.
func (u USL) Limit() (float64, bool) {
	if n, ok := u.Peak(); ok {
		return u.Goodput(n), true
	}
	return u.Gamma / u.Sigma, u.Sigma > 0
}

// knee is the share of the limit from which on more concurrency brings little.
const knee = .9

// Knee is the concurrency at which goodput reaches 90 % of its limit; false when there is none.
func (u USL) Knee() (float64, bool) {
	limit, ok := u.Limit()
	if !ok {
		return 0, false
	}
	return u.Concurrency(knee * limit), true
}

// What it takes to tell the three parameters from one another.
const (
	fewestPoints = 6
	leastRange   = 10.0
)

// RefusedError says why points do not identify a law.
type RefusedError struct{ Why string }

func (e RefusedError) Error() string { return "no scalability law can be fitted: " + e.Why }

// Fit finds the law of points, weighted by their errors, or refuses: with
// fewer than six points, less than tenfold concurrency or none beyond the knee
// the parameters cannot be told apart.
func Fit(ps []Point) (USL, error) {
	if len(ps) < fewestPoints {
		return USL{}, RefusedError{fmt.Sprintf("%d points, and it takes %d", len(ps), fewestPoints)}
	}
	least, most := math.Inf(1), 0.0
	for _, p := range ps {
		if !(p.N > 0 && p.X > 0) {
			return USL{}, RefusedError{fmt.Sprintf("a point of %s/s at %s is none", units.Precise(p.X), units.Precise(p.N))}
		}
		least, most = min(least, p.N), max(most, p.N)
	}
	if most < leastRange*least {
		return USL{}, RefusedError{fmt.Sprintf("concurrency from %s to %s only, and it takes tenfold", units.Number(least), units.Number(most))}
	}
	u := fitWithin(ps)
	if n, ok := u.Knee(); !ok || most < n {
		return USL{}, RefusedError{"goodput still rises at the largest concurrency: nothing is known of what comes then"}
	}
	if u.Gamma <= 0 || determination(u, ps) < .8 {
		return USL{}, RefusedError{"the points do not follow it"}
	}
	return u, nil
}

// fitWithin is the best law with 0 ≤ σ < 1 and κ ≥ 0.
func fitWithin(ps []Point) USL {
	best, least := USL{}, math.Inf(1)
	for _, use := range [][]bool{{true, true, true}, {true, true, false}, {true, false, true}, {true, false, false}} {
		u := solve(ps, use)
		valid := u.Gamma > 0 && u.Sigma >= 0 && u.Sigma < 1 && u.Kappa >= 0
		if r := residual(u, ps); valid && r < least {
			best, least = u, r
		}
	}
	return best
}

// solve fits n/x = a + b(n-1) + cn(n-1), which is linear in a = 1/γ, b = σ/γ and
// c = κ/γ; its relative errors are those of x. Parameters not used are zero.
func solve(ps []Point, use []bool) USL {
	var m [3][4]float64
	for _, p := range ps {
		row := [4]float64{1, p.N - 1, p.N * (p.N - 1), p.N / p.X}
		w := 1 / (row[3] * row[3] * p.error() * p.error())
		for i := range 3 {
			for j := range 4 {
				m[i][j] += w * row[i] * row[j]
			}
		}
	}
	for i, used := range use {
		if !used {
			m[i] = [4]float64{}
			m[0][i], m[1][i], m[2][i] = 0, 0, 0
			m[i][i] = 1
		}
	}
	abc := eliminate(m)
	return USL{Gamma: 1 / abc[0], Sigma: abc[1] / abc[0], Kappa: abc[2] / abc[0]}
}

func (p Point) error() float64 {
	if p.SE <= 0 {
		return .03
	}
	return math.Hypot(p.SE, .01) // no point is exact: the law is not
}

// eliminate solves three equations by Gauss' elimination with pivots.
func eliminate(m [3][4]float64) [3]float64 {
	for i := range 3 {
		pivot := i
		for j := i + 1; j < 3; j++ {
			if math.Abs(m[j][i]) > math.Abs(m[pivot][i]) {
				pivot = j
			}
		}
		m[i], m[pivot] = m[pivot], m[i]
		for j := i + 1; j < 3; j++ {
			f := m[j][i] / m[i][i]
			for k := i; k < 4; k++ {
				m[j][k] -= f * m[i][k]
			}
		}
	}
	var x [3]float64
	for i := 2; i >= 0; i-- {
		x[i] = m[i][3]
		for j := i + 1; j < 3; j++ {
			x[i] -= m[i][j] * x[j]
		}
		x[i] /= m[i][i]
	}
	return x
}

// residual is the weighted sum of squared relative errors.
func residual(u USL, ps []Point) float64 {
	r := 0.0
	for _, p := range ps {
		e := (p.X*u.Time(p.N)/p.N - 1) / p.error()
		r += e * e
	}
	return r
}

// determination is the share of the variation of ln(x) that the law explains.
func determination(u USL, ps []Point) float64 {
	mean, total, left := 0.0, 0.0, 0.0
	for _, p := range ps {
		mean += math.Log(p.X) / float64(len(ps))
	}
	for _, p := range ps {
		total += math.Pow(math.Log(p.X)-mean, 2)
		left += math.Pow(math.Log(p.X/u.Goodput(p.N)), 2)
	}
	if total == 0 {
		return 0
	}
	return 1 - left/total
}

// OfCurve fits the law to a sizing's curve, over the mean number in flight,
// for loads within tolerance.
func OfCurve(s record.Sizing) record.USL {
	var ps []Point
	for _, h := range s.Curve {
		if h.Verdict == record.Pass && h.Control == record.ByVUs && h.InFlight > 0 && h.Goodput > 0 {
			ps = append(ps, Point{N: h.InFlight, X: h.Goodput, SE: h.SE})
		}
	}
	u, err := Fit(ps)
	r := record.USL{Points: len(ps)}
	if err != nil {
		r.Refused = err.Error()
		return r
	}
	r.Gamma, r.Sigma, r.Kappa, r.R2 = u.Gamma, u.Sigma, u.Kappa, determination(u, ps)
	if sum := r.Gamma + r.Sigma + r.Kappa + r.R2; math.IsNaN(sum) || math.IsInf(sum, 0) { // JSON has no word for these
		return record.USL{Points: len(ps), Refused: "the fit has no finite answer"}
	}
	if n, ok := u.Peak(); ok {
		r.PeakN = &n
	}
	if x, ok := u.Limit(); ok {
		r.Peak = &x
	}
	return r
}
