package sched

import "time"

// idle holds the VUs that wait for an arrival: the one that was busy last is
// the first to be taken, since its connections are warm. One that failed has
// perhaps lost its connections: a service that was overloaded and accepts only
// so many would wait for it, while those that it accepted lie idle. So those
// that failed last are taken when no other is left.
type idle struct {
	list       []*vu
	failedIdle int // so many of them, the first, failed last
}

func (i *idle) len() int  { return len(i.list) }
func (i *idle) any() bool { return len(i.list) > 0 }

// park puts a VU among them.
func (i *idle) park(v *vu) {
	i.list = append(i.list, v)
	v.idleIndex = len(i.list)
	if v.failed {
		i.swap(v.idleIndex-1, i.failedIdle)
		i.failedIdle++
	}
}

// pop takes the next one.
func (i *idle) pop() *vu {
	last := len(i.list) - 1
	v := i.list[last]
	i.list = i.list[:last]
	i.failedIdle = min(i.failedIdle, last)
	v.idleIndex = 0
	return v
}

// unpark takes a VU out, if it is there.
func (i *idle) unpark(v *vu) {
	if v.idleIndex == 0 {
		return
	}
	if v.idleIndex <= i.failedIdle {
		i.failedIdle--
		i.swap(v.idleIndex-1, i.failedIdle)
	}
	i.swap(v.idleIndex-1, len(i.list)-1)
	i.pop()
}

// swap changes the places of two.
func (i *idle) swap(a, b int) {
	i.list[a], i.list[b] = i.list[b], i.list[a]
	i.list[a].idleIndex, i.list[b].idleIndex = a+1, b+1
}

func (i *idle) clear() {
	for _, v := range i.list {
		v.idleIndex = 0
	}
	i.list, i.failedIdle = i.list[:0], 0
}

// fifo is a queue that keeps its memory.
type fifo struct {
	list []time.Time
	head int
}

func (q *fifo) len() int         { return len(q.list) - q.head }
func (q *fifo) first() time.Time { return q.list[q.head] }
func (q *fifo) push(t time.Time) { q.list = append(q.list, t) }
func (q *fifo) clear()           { q.list, q.head = q.list[:0], 0 }

func (q *fifo) pop() time.Time {
	t := q.list[q.head]
	if q.head++; q.head == len(q.list) {
		q.clear()
	}
	return t
}
