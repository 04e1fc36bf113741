package record

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Writer writes rows. It is safe for concurrent use. After an error it
// refuses all further rows with that error, so that the run can go on and say so once.
type Writer struct {
	mu  sync.Mutex
	out *bufio.Writer
	err error
}

// NewWriter returns a Writer onto w; [Writer.Flush] makes rows visible to readers.
func NewWriter(w io.Writer) *Writer { return &Writer{out: bufio.NewWriterSize(w, 1<<16)} }

// Write adds one row: any of this package's row types, by value or pointer.
func (w *Writer) Write(r any) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	line, err := json.Marshal(row{Type: typeName(r), Row: body})
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		_, w.err = w.out.Write(append(line, '\n'))
	}
	return w.err
}

// Flush hands what was written to the operating system.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}

// typeName is the row type's name in lower case: "run", "window", …
func typeName(r any) string {
	t := reflect.TypeOf(r)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.ToLower(t.Name())
}

// NewWindow makes the row of a window.
func NewWindow(w *metric.Window) Window {
	r := Window{StartS: w.Start.Seconds(), LengthS: w.Length.Seconds(), VUs: w.VUs, InFlight: w.InFlight, Dropped: w.Dropped, Lateness: w.Lateness}
	for i, s := range w.Scenarios {
		if !s.Empty() {
			r.Scenarios = append(r.Scenarios, ScenarioCounts{metric.ScenarioID(i), s})
		}
	}
	for i, e := range w.Endpoints {
		if !e.Empty() {
			r.Endpoints = append(r.Endpoints, EndpointCounts{metric.EndpointID(i), e})
		}
	}
	for i, c := range w.Checks {
		if !c.Empty() {
			r.Checks = append(r.Checks, CheckCounts{metric.CheckID(i), c})
		}
	}
	for i, f := range w.Failures {
		if !f.Empty() {
			r.Failures = append(r.Failures, FailureCounts{metric.FailureID(i), f})
		}
	}
	for i, s := range w.Series {
		if !s.Empty() {
			r.Series = append(r.Series, SeriesCounts{metric.SeriesID(i), s})
		}
	}
	return r
}
