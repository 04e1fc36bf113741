package vu

import "sync/atomic"

// maxPending is how many events of one source wait for the VM; beyond that
// the source waits.
const maxPending = 64

// source is where events come from: a socket, a stream. Its goroutine hands
// them over; they are taken in the user's.
type source struct {
	stop    func()
	pending chan struct{} // holds one for each event that waits
	ended   atomic.Bool
	gone    chan struct{} // closed when nobody takes events any more
}

// Listen keeps the iteration open for any number of events. Emit hands over
// what is to be done in the VM for one of them; it is for one other goroutine
// at a time, waits while many are pending, and returns false once nobody
// listens any more. End says that there are no more. Where the iteration fails
// or is interrupted before that, stop is called in the user's goroutine.
func (u *User) Listen(stop func()) (emit func(then func()) bool, end func()) {
	l := &u.loop
	l.ready()
	s := &source{stop: stop, pending: make(chan struct{}, maxPending), gone: make(chan struct{})}
	l.sources = append(l.sources, s)
	emit = func(then func()) bool {
		if s.ended.Load() {
			return false
		}
		select {
		case <-s.gone:
			return false
		case s.pending <- struct{}{}:
		}
		l.push(job{source: s, then: then})
		return true
	}
	end = func() {
		if !s.ended.Swap(true) {
			l.push(job{source: s, last: true})
		}
	}
	return emit, end
}

// take says whether an event is still listened to; after the last one it is not.
func (l *loop) take(j job) bool {
	for i, s := range l.sources {
		if s != j.source {
			continue
		}
		if j.last {
			l.sources = append(l.sources[:i], l.sources[i+1:]...)
			close(s.gone)
		} else {
			<-s.pending
		}
		return true
	}
	return false
}

// closeSources ends all sources: their goroutines learn of it when they next
// have something to say, and by stop.
func (l *loop) closeSources() {
	open := l.sources
	l.sources = nil
	for _, s := range open {
		s.ended.Store(true)
		close(s.gone)
		if s.stop != nil {
			s.stop()
		}
	}
}
