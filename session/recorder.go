package session

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// rowEvery is how often windows become a row of the record.
const rowEvery = time.Second

// recorder turns a session into rows, and hands windows, rows and events to
// the sinks, of which each fails for itself: a full disk costs the record and not the answer.
type recorder struct {
	start  time.Time
	names  *metric.Names
	hidden *redact.Redactor
	kept   *failure.Keeper // of examples of what fails; nil: none

	mu      sync.Mutex
	sinks   []listener
	lost    []*SinkError
	known   metric.Lengths
	pending metric.Window
	begun   bool
	early   []any // rows from before the first one
	lines   int   // of the script's console
	ended   bool
}

// Of the script's console the record keeps the beginning: a line that each iteration writes must not become the record.
const (
	maxConsole    = 1000 // lines
	maxConsoleLen = 1024 // of one, in bytes
)

// listener is a sink, and whether it failed: it is told no more then.
type listener struct {
	Sink
	failed bool
}

func newRecorder(names *metric.Names, sinks []Sink) *recorder {
	r := &recorder{start: time.Now(), names: names, hidden: redact.New()}
	for _, s := range sinks {
		r.sinks = append(r.sinks, listener{Sink: s})
	}
	return r
}

// open hands on the first row; its error keeps the session from beginning.
func (r *recorder) open(head *record.Run) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = true
	r.write(head)
	if len(r.lost) > 0 {
		return r.lost[0]
	}
	for _, row := range r.early {
		r.write(row)
	}
	r.early = nil
	return nil
}

// window takes a tick's window; each full second becomes a row.
func (r *recorder) window(w *metric.Window) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending.Merge(w)
	if r.pending.Length >= rowEvery-time.Millisecond {
		r.flush()
	}
	r.each(func(s Sink) error { return s.Window(w) })
}

// event marks the time axis. One from before the record begins stands at its beginning.
func (r *recorder) event(kind record.EventKind, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mark(kind, message)
}

func (r *recorder) mark(kind record.EventKind, message string) {
	row := &record.Event{Kind: kind, Message: message}
	if !r.begun {
		r.early = append(r.early, row)
		return
	}
	row.AtS = r.now()
	r.write(row)
}

// console hands on a line that the script wrote.
func (r *recorder) console(text string) {
	r.tell(Event{Kind: Console, Text: text})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lines++; r.lines > maxConsole {
		return
	}
	if len(text) > maxConsoleLen {
		text = strings.ToValidUTF8(text[:maxConsoleLen], "") + "…"
	}
	r.mark(record.EventConsole, text)
}

// now is the time since the start, in seconds.
func (r *recorder) now() float64 { return time.Since(r.start).Seconds() }

// row hands on any row now.
func (r *recorder) row(row any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(row)
}

// tell hands on an event.
func (r *recorder) tell(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Text = r.hidden.Hide(e.Text)
	r.each(func(s Sink) error { return s.Event(e) })
}

// close hands on what is pending and the last row, and ends the sinks.
func (r *recorder) close(end *record.End) []*SinkError {
	r.mu.Lock()
	if r.pending.Length > 0 {
		r.flush()
	}
	r.examples()
	if more := r.lines - maxConsole; more > 0 {
		r.mark(record.EventWarning, fmt.Sprintf("%d more lines of the script's console are not in the record", more))
	}
	r.write(end)
	r.mu.Unlock()
	return r.end()
}

// end ends the sinks, once, and returns what failed.
func (r *recorder) end() []*SinkError {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	r.ended = true
	for i := range r.sinks {
		r.keep(&r.sinks[i], r.sinks[i].End())
	}
	return r.lost
}

func (r *recorder) flush() {
	r.addNames()
	row := record.NewWindow(&r.pending)
	r.write(&row)
	r.pending = metric.Window{}
	r.examples()
}

// addNames hands on names that are new, for the rows that follow.
func (r *recorder) addNames() {
	var added metric.Snapshot
	added, r.known = r.names.Since(r.known)
	if !added.Empty() {
		row := record.Names(added)
		r.write(&row)
	}
	for _, text := range added.Warnings {
		r.write(&record.Event{AtS: r.now(), Kind: record.EventWarning, Message: text})
		text = r.hidden.Hide(text)
		r.each(func(s Sink) error { return s.Event(Event{Kind: Warning, Text: text}) })
	}
}

// examples hands on what was kept of failures.
func (r *recorder) examples() {
	kept := r.kept.Drain()
	if len(kept) > 0 {
		r.addNames()
	}
	for _, e := range kept {
		at := max(e.At.Sub(r.start).Seconds(), 0) // beforeAll may fail before
		r.write(&record.Error{
			AtS: at, Failure: e.Failure, VU: e.VU, Iteration: int64(e.Iteration), Scenario: e.Scenario,
			Where: e.Where, Detail: e.Stack, Exchange: e.Exchange,
		})
	}
}

func (r *recorder) write(row any) {
	row = r.hidden.Row(row)
	r.each(func(s Sink) error { return s.Row(row) })
}

// each calls the sinks that have not failed.
func (r *recorder) each(call func(Sink) error) {
	for i := range r.sinks {
		if s := &r.sinks[i]; !s.failed && !r.ended {
			r.keep(s, call(s.Sink))
		}
	}
}

// keep notes a sink's first error.
func (r *recorder) keep(s *listener, err error) {
	if err != nil && !s.failed {
		s.failed = true
		r.lost = append(r.lost, &SinkError{s.Sink, err})
	}
}
