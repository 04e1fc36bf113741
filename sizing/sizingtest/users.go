package sizingtest

// users is the closed loop: virtual users that run iterations back to back.
type users struct {
	list      []user
	running   int
	mean      []float64 // running mean of successful iterations, by scenario
	seen      []float64
	perPause  float64   // arrivals per second of the open loop; 0: none
	version   int32     // of that rate: arrivals of an older one are void
	points    []float64 // where each user's picks are, as in runtime/vu
	first     float64
	attending int32
	idle      []int32 // users for arrivals: the one that was busy last is taken first
}

type user struct{ on, parked bool }

// ownCost is what the generator itself adds between two iterations.
const ownCost = .0002

// resize sets the number of running users: new ones start spread over one
// iteration, surplus ones stop at the end of theirs.
func (w *World) resize(n int) {
	spread := 0.0
	for _, m := range w.mean {
		spread = max(spread, m)
	}
	spread = min(spread, 5)
	w.running = n
	for i := range max(n, len(w.list)) {
		if i == len(w.list) {
			w.list = append(w.list, user{parked: true})
		}
		u := &w.list[i]
		u.on = i < n
		if u.on && u.parked {
			u.parked = false
			w.after(w.rng.Float64()*spread, atWake, int32(i))
		}
	}
}

func (w *World) wake(i int32) {
	if u := &w.list[i]; !u.on {
		u.parked = true
		return
	}
	w.begin(i)
}

// rest is what a user does after an iteration: nothing after a good one, and
// after a failed one it waits until a good one would have been over.
func (w *World) rest(it iteration, took float64) {
	s := it.scenario
	if it.good {
		w.seen[s]++
		w.mean[s] += (took - w.mean[s]) / min(w.seen[s], max(20, 2*float64(w.running)))
		w.after(ownCost+w.model.delay, atWake, it.user)
		return
	}
	pause := ownCost + w.model.delay
	if !w.model.spinning {
		pause += max(0, w.usual(s)-took) * (.5 + w.rng.Float64())
	}
	w.after(pause, atWake, it.user)
}

// usual is how long a good iteration of a scenario takes: without one, as
// long as the slowest scenario's, or a tenth of a second.
func (w *World) usual(s int32) float64 {
	if w.seen[s] > 0 {
		return w.mean[s]
	}
	slowest := 0.0
	for _, m := range w.mean {
		slowest = max(slowest, m)
	}
	if slowest == 0 {
		return .1
	}
	return slowest
}

// setRate lets iterations arrive at random, whatever becomes of them.
func (w *World) setRate(perSecond float64) {
	w.perPause = perSecond
	w.version++
	if perSecond > 0 {
		w.after(w.exp(1/perSecond), atArrive, w.version)
	}
}

func (w *World) arriveOpen(version int32) {
	if version != w.version {
		return
	}
	w.begin(-1)
	w.after(w.exp(1/w.perPause), atArrive, version)
}
