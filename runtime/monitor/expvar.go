package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// expvar reads what a Go service tells of its memory through package expvar (/debug/vars).
type expvar struct {
	address, host string
	port          int // where the service listens on this machine; 0: elsewhere
	http          *http.Client
	rates         rates
	before        memstats
	born          time.Time // of the process; zero: not known
}

// memstats is what is used of runtime.MemStats.
type memstats struct {
	HeapAlloc     float64
	NumGC         uint32
	LastGC        int64   // nanoseconds since 1970
	PauseNs       []int64 // of the last collections: a ring
	GCCPUFraction float64 // since the process began, as of LastGC
}

func newExpvar(value string) (*expvar, error) {
	u, err := url.Parse(value)
	if err != nil {
		return nil, &SpecError{"expvar=" + value, err.Error()}
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/debug/vars"
	}
	e := &expvar{address: u.String(), host: u.Host, http: &http.Client{Timeout: minTimeout}}
	if port, local, err := (Target{URL: value}).port(); err == nil && local {
		e.port = port
	}
	return e, nil
}

func (e *expvar) Name() string { return record.KindExpvar + " " + e.host }

func (e *expvar) Close() error { e.http.CloseIdleConnections(); return nil }

// every spares the service: it stops its world for an answer.
func (e *expvar) every() time.Duration { return time.Second }

func (e *expvar) Read(ctx context.Context) ([]record.Resources, error) {
	now, err := e.ask(ctx)
	if err != nil {
		e.rates.forget()
		e.before, e.born = memstats{}, time.Time{}
		return nil, fmt.Errorf("variables of %s: %w", e.host, err)
	}
	r := e.rates.begin(time.Now(), e.Name())
	r.set(record.HeapBytes, now.HeapAlloc)
	before := e.before
	switch {
	case before.PauseNs == nil:
		e.born = e.birth()
	case now.NumGC < before.NumGC:
		r.State, r.Note = record.StateRestarted, "the service at "+e.host+" was restarted"
		e.born = e.birth()
	default:
		e.collections(r, before, now)
	}
	e.before = now
	return []record.Resources{r.Resources}, nil
}

func (e *expvar) ask(ctx context.Context) (memstats, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.address, nil)
	if err != nil {
		return memstats{}, err
	}
	answer, err := e.http.Do(request)
	if err != nil {
		return memstats{}, err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end or given up
	if answer.StatusCode != http.StatusOK {
		return memstats{}, fmt.Errorf("it answers %s", answer.Status)
	}
	var all struct {
		Memstats *memstats `json:"memstats"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&all); err != nil {
		return memstats{}, fmt.Errorf("its answer is not what package expvar writes: %w", err)
	}
	if all.Memstats == nil || len(all.Memstats.PauseNs) == 0 {
		return memstats{}, errors.New("its answer has no memstats: only Go services that import package expvar do")
	}
	return *all.Memstats, nil
}

// collections notes what was collected between two answers.
func (e *expvar) collections(r *reading, before, now memstats) {
	n := int(now.NumGC - before.NumGC)
	if n == 0 {
		r.set(record.GCCPU, 0)
		return
	}
	var pauses []int64
	ring := len(now.PauseNs)
	for i := range min(n, ring) {
		pauses = append(pauses, now.PauseNs[(int(now.NumGC)-1-i)%ring])
	}
	slices.Sort(pauses)
	r.set(record.GCPauseS, time.Duration(pauses[(len(pauses)*99-1)/100]).Seconds())
	// the share since the process began becomes that since the answer before, where its age is known
	from, to := time.Unix(0, before.LastGC).Sub(e.born).Seconds(), time.Unix(0, now.LastGC).Sub(e.born).Seconds()
	if e.born.IsZero() || before.NumGC == 0 || from <= 0 || to <= from {
		return
	}
	r.set(record.GCCPU, min(max((now.GCCPUFraction*to-before.GCCPUFraction*from)/(to-from), 0), 1))
}

// birth is when the process that listens here began; zero where it is on another machine.
func (e *expvar) birth() time.Time {
	if e.port == 0 || !linux() {
		return time.Time{}
	}
	t := tree{}
	pids, err := t.listeners(e.port)
	if err != nil {
		return time.Time{}
	}
	started, err := t.startOf(slices.Min(pids))
	if err != nil {
		return time.Time{}
	}
	up, err := os.ReadFile(t.proc("uptime"))
	ticks, isNumber := parse([]byte(started))
	seconds, _, _ := bytes.Cut(up, []byte{' '})
	if now, ok := parse(seconds); err == nil && ok && isNumber {
		return time.Now().Add(-time.Duration((now - ticks*jiffy) * float64(time.Second)))
	}
	return time.Time{}
}
