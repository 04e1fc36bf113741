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
	http          *http.Client
	rates         rates
	before        *memstats        // the last good ones; nil: none
	birth         func() time.Time // when the process that listens there began; zero: not known
	born          time.Time        // of the process that was asked; zero: not known
	lost          bool             // it did not answer, and may be another process by now
}

// memstats is what is used of runtime.MemStats.
type memstats struct {
	HeapAlloc     number
	NumGC         number
	LastGC        number   // nanoseconds since 1970
	PauseNs       []number // of the last collections: a ring
	GCCPUFraction number   // since the process began, as of LastGC
}

func newExpvar(value string) (*expvar, error) {
	u, err := url.Parse(value)
	if err != nil {
		return nil, &SpecError{"expvar=" + value, err.Error()}
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/debug/vars"
	}
	e := &expvar{address: u.String(), host: u.Host, http: &http.Client{Timeout: minTimeout}, birth: func() time.Time { return time.Time{} }}
	if port, local, err := (Target{URL: value}).port(); err == nil && local && linux() {
		e.birth = func() time.Time { return birthOfListener(port) }
	}
	return e, nil
}

func (e *expvar) Name() string { return record.KindExpvar + " " + e.host }

func (e *expvar) Close() error { e.http.CloseIdleConnections(); return nil }

// every spares the service: it stops its world for an answer.
func (e *expvar) every() time.Duration { return time.Second }

func (e *expvar) Read(ctx context.Context) ([]record.Resources, error) {
	r := e.rates.begin(e.Name())
	now, err := e.ask(ctx)
	if err != nil {
		e.lost = true
		return nil, fmt.Errorf("variables of %s: %w", e.host, err)
	}
	r.set(record.HeapBytes, now.HeapAlloc.value())
	if !sound(now.NumGC.value()) || !sound(now.LastGC.value()) {
		return []record.Resources{r.Resources}, nil
	}
	switch {
	case e.before == nil:
		e.born = e.birth()
	case now.NumGC.v < e.before.NumGC.v || (e.lost && e.another()):
		r.State, r.Note = record.StateRestarted, "the service at "+e.host+" was restarted"
		e.born = e.birth()
		e.rates.forget()
	default:
		e.pauses(r, now)
	}
	e.share(r, now)
	e.before, e.lost = &now, false
	return []record.Resources{r.Resources}, nil
}

// another says whether the process that listens here began later than the one before.
func (e *expvar) another() bool {
	born := e.birth()
	return !born.IsZero() && !e.born.IsZero() && born.Sub(e.born).Abs() > time.Second
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
	if all.Memstats == nil || (len(all.Memstats.PauseNs) == 0 && (e.before == nil || !all.Memstats.HeapAlloc.told)) {
		return memstats{}, errors.New("its answer has no memstats: only Go services that import package expvar do")
	}
	return *all.Memstats, nil
}

// pauses notes those of the collections between two answers.
func (e *expvar) pauses(r *reading, now memstats) {
	ring := len(now.PauseNs)
	last := int(now.NumGC.v) // of a float64 that is sound, and below 2^32 where it is Go that counts
	var all []float64
	for i := range int(min(now.NumGC.v-e.before.NumGC.v, float64(ring), now.NumGC.v)) {
		pause := now.PauseNs[(last-1-i)%ring].value()
		if !sound(pause) {
			return
		}
		all = append(all, pause)
	}
	if len(all) > 0 {
		slices.Sort(all)
		r.set(record.GCPauseS, all[(len(all)*99-1)/100]/1e9)
	}
}

// share notes which part of the time went into collecting: the share since the
// process began becomes that since the answer before, where its age is known.
func (e *expvar) share(r *reading, now memstats) {
	if e.before != nil && e.before.NumGC.v == now.NumGC.v {
		if e.before.HeapAlloc != now.HeapAlloc { // else it is the same answer once more
			r.set(record.GCCPU, 0)
		}
		return
	}
	age := now.LastGC.v/1e9 - float64(e.born.UnixNano())/1e9
	if e.born.IsZero() || now.NumGC.v == 0 || age <= 0 {
		return
	}
	r.ratio(record.GCCPU, now.GCCPUFraction.value()*age, age)
}

// birthOfListener is when the process that listens on a port of this machine began; zero: not known.
func birthOfListener(port int) time.Time {
	t := tree{}
	pids, err := t.listeners(port)
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
