package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// heard keeps what a sink is told.
type heard struct {
	Ignore
	rows   []any
	events []Event
}

func (h *heard) Row(row any) error {
	h.rows = append(h.rows, row)
	return nil
}

func (h *heard) Event(e Event) error {
	h.events = append(h.events, e)
	return nil
}

func TestTheRecorderWritesOwnMetricsAndWarnsOfFullTables(t *testing.T) {
	t.Parallel()
	names, sink := metric.NewNames(), &heard{}
	rec := newRecorder(names, []Sink{sink})
	rec.hidden = redact.New("s3cret")
	start := time.Now()
	counts := metric.NewCollector(names, start, 1)
	buffer := counts.Buffer()
	orders, err := names.Metric("orders", metric.Counter, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := counts.Subscribe("orders", metric.Tag{Key: "user", Value: "s3cret"}); err != nil {
		t.Fatal(err)
	}
	for i := range metric.MaxEndpoints + 2 {
		names.Endpoint(metric.Endpoint{Method: "GET", Name: fmt.Sprint("/s3cret/", i)})
	}
	for i := range 3 {
		buffer.Value(start, orders, metric.Sample{Value: 2})
		buffer.Flush()
		w := counts.Collect(start.Add(time.Duration(i+1)*time.Second), 1)
		rec.window(&w)
	}
	var table *record.Names
	var warnings, windows int
	for _, row := range sink.rows {
		switch row := row.(type) {
		case *record.Names:
			if table != nil {
				t.Error("names are written again")
			}
			table = row
		case *record.Event:
			warnings++
			if row.Kind != "warning" || !strings.Contains(row.Message, "GET /***/1000 ") {
				t.Errorf("event %+v", row)
			}
		case *record.Window:
			windows++
			if len(row.Series) != 1 || row.Series[0].ID != orders.ID || row.Series[0].Sum != 2 {
				t.Errorf("window %d has %+v", windows, row.Series)
			}
		}
	}
	if windows != 3 || warnings != 1 || len(sink.events) != 1 || sink.events[0].Kind != Warning || !strings.Contains(sink.events[0].Text, "/***/1000") {
		t.Errorf("%d windows, %d warnings, events %+v", windows, warnings, sink.events)
	}
	if table == nil || len(table.Series) != 2 || table.Series[1].Filter != "user:***" {
		t.Errorf("names %+v", table.Series)
	}
}
