package main

import (
	"io"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// rowEvery is how often windows become a row of the record, and the record reaches the disk.
const rowEvery = time.Second

// recorder turns a run into rows. Rows go to the file and to a listener (the
// summary's own fold), so that a full disk costs the file and not the answer.
type recorder struct {
	start  time.Time
	names  *metric.Names
	listen func(row any)
	hidden secrets

	mu      sync.Mutex
	out     *record.Writer
	file    io.Closer
	known   metric.Lengths
	pending metric.Window
	err     error // the first failure to write
}

// window takes a tick's window; each full second becomes a row.
func (r *recorder) window(w *metric.Window) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending.Merge(w)
	if r.pending.Length >= rowEvery-time.Millisecond {
		r.flush()
	}
}

// event marks the time axis.
func (r *recorder) event(kind, message string) {
	r.row(&record.Event{AtS: time.Since(r.start).Seconds(), Kind: kind, Message: message})
}

// row writes any row now.
func (r *recorder) row(row any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(row)
}

// close writes what is pending and the last row.
func (r *recorder) close(end *record.End) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending.Length > 0 {
		r.flush()
	}
	r.write(end)
	r.keep(r.out.Flush())
	r.keep(r.file.Close())
	return r.err
}

func (r *recorder) flush() {
	var added metric.Snapshot
	added, r.known = r.names.Since(r.known)
	if len(added.Scenarios)+len(added.Endpoints)+len(added.Checks)+len(added.Failures) > 0 {
		r.write(&record.Names{Scenarios: added.Scenarios, Endpoints: added.Endpoints, Checks: added.Checks, Failures: added.Failures})
	}
	row := record.NewWindow(&r.pending)
	r.write(&row)
	r.keep(r.out.Flush())
	r.pending = metric.Window{}
}

func (r *recorder) write(row any) {
	r.hidden.hideIn(row)
	r.listen(row)
	r.keep(r.out.Write(row))
}

func (r *recorder) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}
