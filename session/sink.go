package session

import (
	"io"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

// Sink is told what happens in a session, one call at a time; no sink knows
// another. It changes nothing of what it is given, and returns soon: the
// session waits for it. After its first error it is told no more, but for End;
// the error is in the session's [Result] and harms no other sink. An error for
// the first row, a *record.Run, keeps the session from beginning.
type Sink interface {
	Window(w *metric.Window) error // what happened since the tick before, several a second
	Row(row any) error             // the next row of the record: a pointer to one of record's types
	Event(e Event) error           // what somebody who watches wants to know at once
	End() error                    // nothing comes any more; called once, also when the session never ran
}

// Event is what somebody who watches wants to know at once. Most events stand
// in the record, too, in a form for those who come later.
type Event struct {
	Kind EventKind
	Text string
	Step sizing.Decision // of Step: where a sizing stands
}

// EventKind is what an event is about.
type EventKind string

// The kinds of events.
const (
	Console EventKind = "console" // a line that the script wrote
	Notice  EventKind = "notice"
	Warning EventKind = "warning"
	Step    EventKind = "step" // a sizing turns to its next load
)

// SinkError is a sink's failure.
type SinkError struct {
	Sink Sink
	Err  error
}

func (e *SinkError) Error() string { return e.Err.Error() }

// Unwrap returns what the sink said.
func (e *SinkError) Unwrap() error { return e.Err }

// Ignore is a sink that wants nothing: one that embeds it has only the methods that it needs.
type Ignore struct{}

// Window does nothing.
func (Ignore) Window(*metric.Window) error { return nil }

// Row does nothing.
func (Ignore) Row(any) error { return nil }

// Event does nothing.
func (Ignore) Event(Event) error { return nil }

// End does nothing.
func (Ignore) End() error { return nil }

// Fold is a sink that folds rows into what reports are made of.
type Fold struct {
	Ignore
	*report.Fold
}

// NewFold returns an empty Fold.
func NewFold() *Fold { return &Fold{Fold: report.NewFold()} }

// Row folds the next row.
func (f *Fold) Row(row any) error { return f.Add(row) }

// Record is a sink that writes the rows as a record.
type Record struct {
	Ignore
	create func() (io.WriteCloser, error)
	file   io.WriteCloser
	out    *record.Writer
}

// NewRecord returns a Record that writes to what create makes, which is called with the first row.
func NewRecord(create func() (io.WriteCloser, error)) *Record { return &Record{create: create} }

// Row writes the next row to the file, at once: whatever ends the process, the record is whole up to there.
func (r *Record) Row(row any) (err error) {
	if r.file == nil {
		if r.file, err = r.create(); err != nil {
			return err
		}
		r.out = record.NewWriter(r.file)
	}
	if err := r.out.Write(row); err != nil {
		return err
	}
	err = r.out.Flush()
	if _, first := row.(*record.Run); first {
		return nil // the next row fails with it: a full disk costs the record, and keeps nothing from beginning
	}
	return err
}

// End closes the file.
func (r *Record) End() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// observer collects what a bottleneck is told from.
type observer struct {
	Ignore
	fold *bottleneck.Fold
}

func (o observer) Row(row any) error {
	o.fold.Add(row)
	return nil
}
