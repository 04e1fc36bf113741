package vu

import (
	"errors"
	"sync"
	"time"
)

// teardowns are the afterVU that failed: the first, and how many.
type teardowns struct {
	mu    sync.Mutex
	n     int
	first error
}

// Teardowns says how many users' afterVU failed, and what the first one said.
func (f *Factory) Teardowns() (n int, first error) {
	f.teardowns.mu.Lock()
	defer f.teardowns.mu.Unlock()
	return f.teardowns.n, f.teardowns.first
}

// tellTeardown prints that afterVU failed, and counts it, but for one that had only lastWords and did not end in time.
func (u *User) tellTeardown(err error, limit time.Duration) {
	cut := limit == lastWords && errors.Is(err, errTooLong)
	err = u.explain("afterVU", err)
	u.factory.console.print(Line{VU: u.id, Level: "error", Text: err.Error()}, time.Now())
	if cut {
		return
	}
	t := &u.factory.teardowns
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	if t.first == nil {
		t.first = err
	}
}
