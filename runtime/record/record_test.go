package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// sample writes a small record and returns its bytes and its rows.
func sample(tb testing.TB) ([]byte, []any) {
	tb.Helper()
	var w metric.Window
	w.Start, w.Length, w.VUs, w.InFlight = time.Second, time.Second, 4, 3
	w.Scenarios = []metric.ScenarioWindow{{}, {Started: 5, OK: 3, Failed: 1, Requests: 9}}
	w.Scenarios[1].Duration.Add(20 * time.Millisecond)
	w.Endpoints = []metric.EndpointWindow{{OK: 9, BytesIn: 100, Status: []metric.StatusCount{{Status: 200, Count: 9}}}}
	w.Endpoints[0].Latency.Add(3 * time.Millisecond)
	window := record.NewWindow(&w)
	rows := []any{
		&record.Run{SchemaVersion: record.SchemaVersion, Tool: "plimsoll", Mode: "run", Started: time.Unix(1, 0).UTC()},
		&record.Names{Scenarios: []string{"a", "b"}, Endpoints: []metric.Endpoint{{Method: "GET", Name: "</script>\x00\u202e"}}},
		&window,
		&record.Resources{AtS: 1, Source: "host", Values: map[string]float64{"cpu": 0.5}},
		&record.Hold{N: 1, Phase: "ramp", Verdict: "pass"},
		&record.Event{AtS: 1, Kind: "note", Message: "line\nbreak"},
		&record.Error{AtS: 1, Detail: "at loadtest.js:3:7"},
		&record.End{Verdict: "ok"},
	}
	var file bytes.Buffer
	out := record.NewWriter(&file)
	for _, r := range rows {
		if err := out.Write(r); err != nil {
			tb.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes(), rows
}

func readAll(r *record.Reader) (rows []any, err error) {
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	file, want := sample(t)
	got, err := readAll(record.NewReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if w, ok := want[i].(*record.Window); ok {
			back, orig := got[i].(*record.Window).Metric(), w.Metric()
			if back.VUs != orig.VUs || back.Scenarios[1].OK != 3 || back.Scenarios[1].Duration.Count() != 1 || back.Endpoints[0].Status[0].Count != 9 {
				t.Errorf("window came back as %+v", back)
			}
			continue
		}
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("row %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestARecordCutAnywhereIsReadUpToThere(t *testing.T) {
	t.Parallel()
	file, rows := sample(t)
	for n := range len(file) {
		r := record.NewReader(bytes.NewReader(file[:n]))
		got, err := readAll(r)
		if whole := bytes.Count(file[:n], []byte("\n")); err == nil && len(got) < whole {
			t.Fatalf("cut at byte %d: %d rows, but %d lines are whole", n, len(got), whole)
		} else if err != nil && whole > 0 {
			t.Fatalf("cut at byte %d: %v", n, err)
		}
		if len(got) > len(rows) {
			t.Fatalf("cut at byte %d: %d rows out of %d", n, len(got), len(rows))
		}
	}
}

func TestWhatIsNoRecordIsRefused(t *testing.T) {
	t.Parallel()
	newer := fmt.Sprintf(`{"type":"run","row":{"schema_version":%d}}`+"\n", record.SchemaVersion+1)
	file, _ := sample(t)
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"another file":      {"hello\nworld\n", nil},
		"one line of prose": {"hello", record.ErrNotARecord},
		"no run row":        {`{"type":"window","row":{}}` + "\n", record.ErrNotARecord},
		"a newer version":   {newer, record.VersionError{Version: record.SchemaVersion + 1}},
		"broken in between": {string(file[:bytes.IndexByte(file, '\n')+1]) + "{oops\n" + string(file), nil},
	} {
		_, err := readAll(record.NewReader(bytes.NewReader([]byte(c.text))))
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
	}
}

func TestAWriterThatFailedSaysSoAndGoesOn(t *testing.T) {
	t.Parallel()
	full := record.NewWriter(fullDisk{})
	var err error
	for range 10_000 {
		err = full.Write(record.Event{Message: "some text to fill the buffer"})
	}
	if !errors.Is(err, errFull) || !errors.Is(full.Flush(), errFull) {
		t.Errorf("got %v, want the disk's error", err)
	}
}

var errFull = errors.New("no space left on device")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestStoreKeepsTheNewest(t *testing.T) {
	t.Parallel()
	s := record.Store{Dir: filepath.Join(t.TempDir(), "not", "yet", "there")}
	if _, err := s.Newest(); !errors.Is(err, record.ErrNoRecord) {
		t.Errorf("empty store: %v", err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var last string
	for i := range record.Kept + 5 {
		f, err := s.Create(now.Add(time.Duration(i)*time.Minute), "run")
		if err != nil {
			t.Fatal(err)
		}
		last = f.Name()
		f.Close()
	}
	files, err := os.ReadDir(s.Dir)
	if err != nil || len(files) != record.Kept {
		t.Errorf("%d records are left (%v), want %d", len(files), err, record.Kept)
	}
	if got, err := s.Newest(); err != nil || got != last {
		t.Errorf("newest = %s (%v), want %s", got, err, last)
	}
}

func FuzzReader(f *testing.F) {
	file, _ := sample(f)
	f.Add(file)
	f.Add(append(append([]byte(nil), file...), file...))
	f.Add(bytes.ReplaceAll(file, []byte("start_s"), []byte("length_s")))
	f.Fuzz(func(_ *testing.T, data []byte) {
		rows, _ := readAll(record.NewReader(bytes.NewReader(data)))
		for _, r := range rows {
			if w, ok := r.(*record.Window); ok {
				m := w.Metric()
				m.Iterations()
			}
		}
	})
}
