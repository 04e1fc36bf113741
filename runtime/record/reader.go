package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// maxLine bounds one row: 5,000 endpoints with histograms of 3 KB each.
const maxLine = 32 << 20

// ErrNotARecord says that a file does not start with a run row.
var ErrNotARecord = errors.New("not a plimsoll record: its first line is no run row")

// VersionError says that a record is of a newer tool.
type VersionError struct{ Version int }

func (e VersionError) Error() string {
	return fmt.Sprintf("record has schema version %d, this tool reads up to %d: use a newer plimsoll", e.Version, SchemaVersion)
}

// Reader reads rows one by one.
type Reader struct {
	lines *bufio.Scanner
	n     int
	cut   bool
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 1<<16), maxLine)
	return &Reader{lines: s}
}

// Cut says whether the last line was incomplete, as after a kill in mid-write.
func (r *Reader) Cut() bool { return r.cut }

// Next returns the next row as a pointer to its type, or io.EOF. Rows of an
// unknown type are passed over; a last line that does not parse is where the run was cut.
func (r *Reader) Next() (any, error) {
	for r.lines.Scan() {
		r.n++
		var envelope row
		if err := json.Unmarshal(r.lines.Bytes(), &envelope); err != nil {
			return nil, r.broken(err)
		}
		if r.n == 1 && envelope.Type != "run" {
			return nil, ErrNotARecord
		}
		into := newRow(envelope.Type)
		if into == nil {
			continue
		}
		if err := json.Unmarshal(envelope.Row, into); err != nil {
			return nil, r.broken(err)
		}
		if run, ok := into.(*Run); ok && run.SchemaVersion > SchemaVersion {
			return nil, VersionError{run.SchemaVersion}
		}
		if row, ok := into.(*Resources); ok && row.State == "" {
			row.State = stateOfNote(row.Note)
		}
		return into, nil
	}
	if err := r.lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", r.n+1, err)
	}
	return nil, io.EOF
}

// broken is io.EOF when the line is the last one, else an error with its number.
func (r *Reader) broken(err error) error {
	line := r.n
	if line == 1 {
		return ErrNotARecord
	}
	if r.lines.Scan() {
		return fmt.Errorf("line %d: %w", line, err)
	}
	r.cut = true
	return io.EOF
}

func newRow(name string) any {
	switch name {
	case "run":
		return &Run{}
	case "names":
		return &Names{}
	case "window":
		return &Window{}
	case "resources":
		return &Resources{}
	case "hold":
		return &Hold{}
	case "event":
		return &Event{}
	case "error":
		return &Error{}
	case "end":
		return &End{}
	}
	return nil
}

// Metric turns a window row back into a window.
func (r *Window) Metric() metric.Window {
	w := metric.Window{Start: seconds(r.StartS), Length: seconds(r.LengthS), VUs: r.VUs, InFlight: r.InFlight, Dropped: r.Dropped, Lateness: r.Lateness}
	for _, s := range r.Scenarios {
		*at(&w.Scenarios, int(s.ID)) = s.ScenarioWindow
	}
	for _, e := range r.Endpoints {
		*at(&w.Endpoints, int(e.ID)) = e.EndpointWindow
	}
	for _, c := range r.Checks {
		*at(&w.Checks, int(c.ID)) = c.CheckWindow
	}
	for _, f := range r.Failures {
		*at(&w.Failures, int(f.ID)) = f.FailureWindow
	}
	for _, s := range r.Series {
		*at(&w.Series, int(s.ID)) = s.SeriesWindow
	}
	return w
}

func seconds(s float64) time.Duration {
	return time.Duration(math.Round(s * float64(time.Second)))
}

func at[T any](s *[]T, i int) *T {
	for len(*s) <= i {
		*s = append(*s, *new(T))
	}
	return &(*s)[i]
}
