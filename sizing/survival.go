package sizing

// A service that slows down as more is in flight does not reject what it
// cannot carry: it collapses, some time. A rate is carried if it survives a
// minute in nine runs of ten, that is, if no more are in flight then than were
// ever tried. The curve of goodput over users is the rate of deaths of a
// birth-death process, which says so without a single collapse.
const (
	surviveTime = 60.0
	surviveIn   = .9
	surviveStep = .25 // seconds: implicit steps are stable at any length
)

// stepSize is that of the process, by what holds beyond the best number of users
// completed: one, where completions are as random as
// arrivals are, and less where a full service completes evenly. Arrivals and
// departures in steps of that size drift as before, and spread as they do.
func stepSize(holds []*hold, best int) float64 {
	ticks, d := 4.0, 4.0 // weight of the usual
	for _, h := range holds {
		if h.vus() > best && h.pass && h.ticks() >= 8 {
			k := float64(h.ticks())
			ticks, d = ticks+k, d+k*dispersion(h.good)
		}
	}
	return (1 + clamp(d/ticks, minDispersion, 1)) / 2
}

// minDispersion is the least variance of completions, in multiples of their mean,
// that is reckoned with: those of fixed times still depend on random arrivals.
const minDispersion = .3

// survives is the chance that, after a minute of arrivals from none in flight,
// no more are in flight than the curve has users; beyond its end goodput is
// taken as flat. In flight goes up and down by steps of a size.
func survives(rate float64, curve []float64, step float64) float64 {
	rate /= step
	users := float64(len(curve) - 1)
	last := int(users / step)
	size := 3*last + 1
	deaths := make([]float64, size)
	for i := range deaths {
		n := min(float64(i)*step, users)
		below := min(int(n), len(curve)-2)
		deaths[i] = (curve[below] + (n-float64(below))*(curve[below+1]-curve[below])) / step
	}
	death := func(n int) float64 { return deaths[min(n, size-1)] }
	p, upper := make([]float64, size), make([]float64, size)
	p[0] = 1
	const h = surviveStep
	for range int(surviveTime / h) {
		for i := range p { // implicit step of the tridiagonal system, by elimination
			diagonal := 1.0
			if i < size-1 {
				diagonal += h * rate
			}
			if i > 0 {
				diagonal += h * death(i)
				diagonal += h * rate * upper[i-1]
				p[i] += h * rate * p[i-1]
			}
			p[i] /= diagonal
			upper[i] = -h * death(i+1) / diagonal
		}
		for i := size - 2; i >= 0; i-- {
			p[i] -= upper[i] * p[i+1]
		}
	}
	return sum(p[:last+1])
}
