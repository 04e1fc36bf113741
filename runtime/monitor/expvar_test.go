package monitor

import (
	"encoding/json"
	_ "expvar" // a Go service's own
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

func TestAGoServiceTellsItsHeapAndItsCollections(t *testing.T) {
	server := httptest.NewServer(http.DefaultServeMux) // this process, which expvar tells of
	defer server.Close()
	s, err := newExpvar(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keep := make([]byte, 32<<20)
	runtime.GC()
	if rows, err := s.Read(t.Context()); err != nil || rows[0].Values[record.HeapBytes] < 32<<20 {
		t.Fatalf("%v, %v", rows, err)
	}
	for range 20 {
		runtime.GC()
	}
	runtime.KeepAlive(keep)
	rows, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := rows[0].Values
	if v[record.GCPauseS] <= 0 || v[record.GCPauseS] > 5 {
		t.Errorf("pauses of %v s", v[record.GCPauseS])
	}
	if share, ok := v[record.GCCPU]; runtime.GOOS == "linux" && (!ok || share <= 0 || share > 1) {
		t.Errorf("share of the collector %v, %v", share, ok)
	}
}

// told is a service that tells made-up numbers.
func told(t *testing.T, answers ...string) *expvar {
	t.Helper()
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, answers[min(n, len(answers)-1)])
		n++
	}))
	t.Cleanup(server.Close)
	s, err := newExpvar(server.URL + "/debug/vars")
	if err != nil {
		t.Fatal(err)
	}
	s.birth = func() time.Time { return time.Unix(0, 0) }
	t.Cleanup(func() { s.Close() })
	return s
}

// goStats is what the test's services tell of, as runtime.MemStats has it.
type goStats struct {
	HeapAlloc     float64
	NumGC         uint32
	LastGC        int64
	PauseNs       []int64
	GCCPUFraction float64
}

func stats(t *testing.T, m goStats) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"memstats": m})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCollectionsBetweenTwoAnswersAreCounted(t *testing.T) {
	ring := make([]int64, 256)
	ring[254], ring[255], ring[0] = int64(9*time.Second), int64(time.Millisecond), int64(3*time.Millisecond)
	s := told(t,
		stats(t, goStats{HeapAlloc: 100, NumGC: 255, LastGC: 10e9, PauseNs: ring, GCCPUFraction: 0.1}),
		stats(t, goStats{HeapAlloc: 200, NumGC: 257, LastGC: 20e9, PauseNs: ring, GCCPUFraction: 0.3}),
		stats(t, goStats{HeapAlloc: 300, NumGC: 257, LastGC: 20e9, PauseNs: ring, GCCPUFraction: 0.3}),
		stats(t, goStats{HeapAlloc: 50, NumGC: 2, LastGC: 22e9, PauseNs: ring, GCCPUFraction: 0.3}),
	)
	read := func() record.Resources {
		t.Helper()
		rows, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return rows[0]
	}
	if _, told := read().Values[record.GCCPU]; told {
		t.Error("a share without a reading before")
	}
	r := read()
	// 0.3 of 20 s less 0.1 of 10 s, in 10 s; the pause before is not one of these
	check(t, r.Values, map[string]float64{record.HeapBytes: 200, record.GCCPU: 0.5, record.GCPauseS: 0.003})
	if r = read(); r.Values[record.GCCPU] != 0 {
		t.Errorf("nothing was collected, and it took %v", r.Values[record.GCCPU])
	}
	r = read()
	if _, known := r.Values[record.GCCPU]; known || r.State != record.StateRestarted {
		t.Errorf("another process is told as %+v", r)
	}
}

func TestWhatIsNoExpvarIsRefusedWithItsReason(t *testing.T) {
	for answer, want := range map[string]string{
		"<html>": "not what package expvar writes", `{"cmdline":[]}`: "no memstats", `{"memstats":{"HeapAlloc":1}}`: "no memstats",
	} {
		if rows, err := told(t, answer).Read(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, %v; want %q", answer, rows, err, want)
		}
	}
}
