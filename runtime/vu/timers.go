package vu

import (
	"container/heap"
	"time"
)

// timer is a pending call.
type timer struct {
	id    int
	due   time.Time
	every time.Duration // 0: once
	call  func() error
}

// timers is a heap: the earliest first, then in order of their making.
type timers []*timer

func (t timers) Len() int      { return len(t) }
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t timers) Less(i, j int) bool {
	if t[i].due.Equal(t[j].due) {
		return t[i].id < t[j].id
	}
	return t[i].due.Before(t[j].due)
}
func (t *timers) Push(x any) { *t = append(*t, x.(*timer)) }
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	return last
}

// After calls f in the VM once after a time, and again after each further
// every where that is more than 0. The iteration stays open until then.
func (u *User) After(wait, every time.Duration, f func() error) (id int) {
	u.loop.nextID++
	heap.Push(&u.loop.timers, &timer{id: u.loop.nextID, due: time.Now().Add(wait), every: every, call: f})
	return u.loop.nextID
}

// Cancel takes back what After planned.
func (u *User) Cancel(id int) {
	for i, t := range u.loop.timers {
		if t.id == id {
			heap.Remove(&u.loop.timers, i)
			break
		}
	}
}

// fire runs the earliest timer.
func (u *User) fire() error {
	l := &u.loop
	t := l.timers[0]
	if t.every > 0 {
		t.due = time.Now().Add(t.every)
		heap.Fix(&l.timers, 0)
	} else {
		heap.Pop(&l.timers)
	}
	return t.call()
}
