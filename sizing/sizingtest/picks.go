package sizingtest

// The scenarios are picked as runtime/vu does it: each user by the golden
// ratio, from a point of its own that is spread over the users in the same way.
const (
	goldenPart = 0.6180339887498949
	betweenVUs = 0.4142135623730951
)

// picker is who runs an iteration: a user of the closed load, or of those that
// attend to arrivals the one that was busy last.
func (w *World) picker(user int32) int32 {
	if len(w.model.mix) == 1 {
		return user
	}
	if user < 0 {
		if n := len(w.idle); n > 0 {
			user, w.idle = w.idle[n-1], w.idle[:n-1]
		} else {
			w.attending++
			user = w.attending - 1
		}
	}
	for len(w.points) <= int(user) {
		p := w.first + betweenVUs*float64(len(w.points)+1)
		w.points = append(w.points, p-float64(int(p)))
	}
	return user
}

// pick chooses a scenario by weight.
func (w *World) pick(picker int32) int32 {
	mix := w.model.mix
	if len(mix) == 1 {
		return 0
	}
	at := &w.points[picker]
	if *at += goldenPart; *at >= 1 {
		*at--
	}
	total := 0.0
	for _, s := range mix {
		total += s.weight
	}
	u := *at * total
	for i, s := range mix {
		if u -= s.weight; u < 0 {
			return int32(i)
		}
	}
	return int32(len(mix) - 1)
}
