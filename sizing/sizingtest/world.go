// Package sizingtest is a laboratory for sizing: services whose capacity is
// known, in virtual time. A [Model] describes a service and what is asked of
// it, [Model.New] makes a [World] of it, and a World is a sizing.Load, so that
// the very controller that runs on real processes is proven here, thousands
// of times, in seconds each. What the right answer is comes from closed forms
// or from long runs at a fixed load ([Model.Truth]), never from a table.
package sizingtest

import "math/rand/v2"

// World is one run: a clock, the events to come, a service and those who use it.
type World struct {
	now     float64 // seconds
	order   uint64  // of events, so that equal times keep their order
	heap    []event
	rng     *rand.Rand
	model   *Model
	service service

	requests
	users
	generator
	counts
}

// event is something that will happen at a time; what arg means depends on the kind.
type event struct {
	at    float64
	order uint64
	kind  kind
	arg   int32
}

type kind uint8

const (
	atService kind = iota // the service's own, arg is its
	atReply               // a request (arg) is answered well
	atReject              // a request is answered badly
	atExpire              // the oldest request may have timed out
	atSend                // an iteration's next request leaves
	atThink               // an iteration's pause is over
	atWake                // a virtual user begins an iteration
	atArrive              // an iteration arrives; arg is the version of the rate
)

// service takes requests and answers each exactly once, by World.answer or an event.
type service interface {
	arrive(w *World, request int32)
	fire(w *World, arg int32)
}

func (w *World) after(d float64, k kind, arg int32) {
	w.order++
	w.push(event{w.now + d, w.order, k, arg})
}

// run lets time go by until t.
func (w *World) run(t float64) {
	for len(w.heap) > 0 && w.heap[0].at <= t {
		e := w.pop()
		w.now = e.at
		w.happen(e)
	}
	w.now = t
}

func (w *World) happen(e event) {
	switch e.kind {
	case atService:
		w.service.fire(w, e.arg)
	case atReply:
		w.answer(e.arg, true)
	case atReject:
		w.answer(e.arg, false)
	case atExpire:
		w.expire()
	case atSend:
		w.send(e.arg)
	case atThink:
		w.proceed(e.arg)
	case atWake:
		w.wake(e.arg)
	case atArrive:
		w.arriveOpen(e.arg)
	}
}

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.order < o.order }

// The heap has four children a node: fewer levels, and they share a cache line or two.
func (w *World) push(e event) {
	w.heap = append(w.heap, e)
	i := len(w.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(w.heap[parent]) {
			break
		}
		w.heap[i] = w.heap[parent]
		i = parent
	}
	w.heap[i] = e
}

func (w *World) pop() event {
	top, last := w.heap[0], len(w.heap)-1
	e := w.heap[last]
	w.heap = w.heap[:last]
	if last == 0 {
		return top
	}
	i := 0
	for {
		first := 4*i + 1
		if first >= last {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, last); c++ {
			if w.heap[c].before(w.heap[least]) {
				least = c
			}
		}
		if !w.heap[least].before(e) {
			break
		}
		w.heap[i] = w.heap[least]
		i = least
	}
	w.heap[i] = e
	return top
}

// exp draws from an exponential distribution.
func (w *World) exp(mean float64) float64 { return w.rng.ExpFloat64() * mean }
