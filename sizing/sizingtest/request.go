package sizingtest

// requests holds what is under way: requests and the iterations they belong
// to, in slices that are used again, so that an event allocates nothing.
type requests struct {
	reqs     []request
	freeReqs []int32
	iters    []iteration
	freeIter []int32
	waiting  []deadline // in the order of their deadlines: the time-out is the same for all
	oldest   int
	watching bool // an atExpire is pending
	epoch    int32
}

type request struct {
	iter   int32
	sent   float64
	cost   float64 // service demand, as a multiple
	epoch  int32   // of the service: a crash loses what it held
	serial uint32
	over   bool // the client has seen its end
}

type deadline struct {
	at     float64
	req    int32
	serial uint32
}

type iteration struct {
	scenario int32
	step     int32
	user     int32 // -1: an arrival
	picker   int32 // whose picks it takes
	began    float64
	good     bool
}

// generator makes the load; each request costs it CPU time, in order.
type generator struct {
	busy float64 // CPU seconds so far
	free float64 // when it is done with what it has
}

// begin starts an iteration for a user, or for nobody (-1).
func (w *World) begin(user int32) {
	var i int32
	if n := len(w.freeIter); n > 0 {
		i, w.freeIter = w.freeIter[n-1], w.freeIter[:n-1]
	} else {
		w.iters = append(w.iters, iteration{})
		i = int32(len(w.iters) - 1)
	}
	picker := w.picker(user)
	s := w.pick(picker)
	w.iters[i] = iteration{scenario: s, user: user, picker: picker, began: w.now, good: true}
	w.tick.Scenarios[s].Started++
	w.tick.InFlight++
	w.leave(i)
}

// leave sends the next request as soon as the generator has time for it.
func (w *World) leave(i int32) {
	cost := w.model.generatorCost
	if cost == 0 {
		w.send(i)
		return
	}
	w.free = max(w.free, w.now) + cost
	w.busy += cost
	w.after(w.free-w.now, atSend, i)
}

func (w *World) send(i int32) {
	it := &w.iters[i]
	var r int32
	if n := len(w.freeReqs); n > 0 {
		r, w.freeReqs = w.freeReqs[n-1], w.freeReqs[:n-1]
	} else {
		w.reqs = append(w.reqs, request{})
		r = int32(len(w.reqs) - 1)
	}
	serial := w.reqs[r].serial + 1
	w.reqs[r] = request{
		iter: i, sent: w.now, cost: w.model.mix[it.scenario].steps[it.step].cost,
		epoch: w.epoch, serial: serial,
	}
	w.waiting = append(w.waiting, deadline{w.now + w.model.timeout, r, serial})
	if !w.watching {
		w.watching = true
		w.after(w.model.timeout, atExpire, 0)
	}
	w.service.arrive(w, r)
}

// answer is the service's end of a request; the client may have given it up before.
func (w *World) answer(r int32, ok bool) {
	q := &w.reqs[r]
	over, ok := q.over, ok && q.epoch == w.epoch
	w.freeReqs = append(w.freeReqs, r)
	if !over {
		w.end(r, ok)
	}
}

// expire ends the requests whose time is up. The service goes on with them, as real ones do.
func (w *World) expire() {
	w.watching = false
	for w.oldest < len(w.waiting) {
		d := w.waiting[w.oldest]
		q := &w.reqs[d.req]
		pending := q.serial == d.serial && !q.over
		if pending && d.at > w.now {
			break
		}
		w.oldest++
		if pending {
			w.tick.TimedOut++
			w.end(d.req, false)
		}
	}
	if w.oldest < len(w.waiting) && !w.watching { // what ended may have sent anew, and watches already
		w.watching = true
		w.after(max(0, w.waiting[w.oldest].at-w.now), atExpire, 0)
	}
	if w.oldest > 4096 && 2*w.oldest > len(w.waiting) {
		w.waiting = w.waiting[:copy(w.waiting, w.waiting[w.oldest:])]
		w.oldest = 0
	}
}

// end is the client's end of a request.
func (w *World) end(r int32, ok bool) {
	q := &w.reqs[r]
	q.over = true
	took := w.now - q.sent
	if ok {
		w.tick.RequestsOK++
	} else {
		w.tick.RequestsFailed++
	}
	for i, o := range w.model.Objectives {
		if !ok || took > o.Limit.Seconds() {
			w.tick.Slow[i]++
		}
	}
	it := &w.iters[q.iter]
	it.good = it.good && ok
	pause := w.model.mix[it.scenario].steps[it.step].think
	it.step++
	if pause > 0 && (it.good || !w.model.abort) {
		w.after(pause*(.5+w.rng.Float64()), atThink, q.iter)
		return
	}
	w.proceed(q.iter)
}

// proceed sends the iteration's next request, or ends it.
func (w *World) proceed(i int32) {
	it := w.iters[i]
	if int(it.step) < len(w.model.mix[it.scenario].steps) && (it.good || !w.model.abort) {
		w.leave(i)
		return
	}
	w.freeIter = append(w.freeIter, i)
	if it.user < 0 && it.picker >= 0 {
		w.idle = append(w.idle, it.picker)
	}
	s, took := &w.tick.Scenarios[it.scenario], w.now-it.began
	w.tick.InFlight--
	s.Requests += uint64(it.step)
	if it.good {
		s.OK++
		s.Seconds += took
	} else {
		s.Failed++
	}
	if it.user >= 0 {
		w.rest(it, took)
	}
}
