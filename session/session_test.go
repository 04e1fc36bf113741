package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/target"
	"github.com/plimsoll-load/plimsoll/session"
)

// get is a script of one scenario and one request.
const get = `import { scenario } from 'plimsoll'
import http from 'plimsoll/http'
scenario('%s', {}, () => { http.get(__ENV.SERVER_URL + '/', { tags: { name: '%[1]s root' } }) })
`

// script writes a script into a folder of its own.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "loadtest.js")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serve starts a target; the zero config answers everything at once.
func serve(t *testing.T, cfg target.Config) *target.Server {
	t.Helper()
	server, err := target.Start(context.WithoutCancel(t.Context()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// witness is a sink that remembers what it was told.
type witness struct {
	mu         sync.Mutex // a test may look while the session runs
	rows       []any
	events     []session.Event
	iterations uint64
	ends       int
	begun      chan struct{} // closed with the first window in which an iteration began
	failAt     int           // the number of the row that it fails at, from 1; 0: none
}

func newWitness() *witness { return &witness{begun: make(chan struct{})} }

var errWitness = errors.New("no ink")

func (w *witness) Window(m *metric.Window) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	started, ok, failed := m.Iterations()
	w.iterations += ok + failed
	if started > 0 {
		select {
		case <-w.begun:
		default:
			close(w.begun)
		}
	}
	return nil
}

func (w *witness) Row(row any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows = append(w.rows, row)
	if len(w.rows) == w.failAt {
		return errWitness
	}
	return nil
}

func (w *witness) Event(e session.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	return nil
}

func (w *witness) End() error { w.ends++; return nil }

// text is all that it was told of events.
func (w *witness) text() (all string) {
	for _, e := range w.events {
		all += string(e.Kind) + ": " + e.Text + "\n"
	}
	return all
}

// run prepares and runs a session, which must begin.
func run(t *testing.T, o session.Options) session.Result {
	t.Helper()
	s, err := session.Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	result, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// buffer is a file in memory.
type buffer struct {
	bytes.Buffer
	closed bool
}

func (b *buffer) Close() error { b.closed = true; return nil }

func TestARunIsToldToAllSinksAlike(t *testing.T) {
	t.Parallel()
	server, fold, seen, file := serve(t, target.Config{}), session.NewFold(), newWitness(), &buffer{}
	result := run(t, session.Options{
		Script: script(t, fmt.Sprintf(get, "read")), Env: []string{"SERVER_URL=" + server.URL()}, Monitor: []string{"none"},
		Settings: map[string]string{"vus": "3", "iterations": "40"},
		Sinks:    []session.Sink{fold, seen, session.NewRecord(func() (io.WriteCloser, error) { return file, nil })},
	})
	if e := result.End; e.Verdict != "ok" || e.ExitCode != 0 || len(result.Lost) > 0 {
		t.Errorf("ended %s (%s), exit code %d, lost %v", e.Verdict, e.Reason, e.ExitCode, result.Lost)
	}
	written, err := report.Read(&file.Buffer)
	if err != nil {
		t.Fatal(err)
	}
	folded := fold.Run()
	for who, n := range map[string]uint64{
		"the fold": folded.Total.Ended(), "the record": written.Total.Ended(), "a sink of windows": seen.iterations,
		"the target": server.Counts().Requests,
	} {
		if n != 40 {
			t.Errorf("%s has %d iterations, want 40", who, n)
		}
	}
	if _, head := seen.rows[0].(*record.Run); !head || !file.closed || seen.ends != 1 {
		t.Errorf("the first row is %T; file closed: %t; sink ended %d times", seen.rows[0], file.closed, seen.ends)
	}
	if last, ok := seen.rows[len(seen.rows)-1].(*record.End); !ok || last.Verdict != "ok" {
		t.Errorf("the last row is %+v", seen.rows[len(seen.rows)-1])
	}
}

// TestASizingIsDriven is about the way, not the answer: package sizing is tested for that. On a busy machine the
// answer may be that time or the generator was the limit; what is told as found must be right.
func TestASizingIsDriven(t *testing.T) {
	t.Parallel()
	const capacity = 2500
	cfg, err := target.ParseModel(fmt.Sprintf("rejects:%d", capacity))
	if err != nil {
		t.Fatal(err)
	}
	server, seen := serve(t, cfg), newWitness()
	result := run(t, session.Options{
		Script: script(t, fmt.Sprintf(get, "read")), Env: []string{"SERVER_URL=" + server.URL()}, Mode: plan.Size, Monitor: []string{"none"},
		Settings: map[string]string{"budget": "16s", "resolution": "20%"}, Sinks: []session.Sink{seen},
	})
	answer := result.End.Sizing
	if answer == nil || answer.Verdict != result.End.Verdict {
		t.Fatalf("ended %+v", result.End)
	}
	switch answer.Verdict {
	case "found":
		if g := answer.Capacity.Goodput; g < 0.75*capacity || g > 1.25*capacity {
			t.Errorf("found %.1f/s, want about %d", g, capacity)
		}
		if server.Counts().Rejected == 0 {
			t.Error("it was found without a rejection")
		}
	case "budget", "generator", "unstable":
		t.Logf("no answer: %s", answer.Reason)
	default:
		t.Errorf("verdict %s: %s", answer.Verdict, answer.Reason)
	}
	holds, steps, passed := 0, 0, 0
	for _, row := range seen.rows {
		if h, ok := row.(*record.Hold); ok {
			if h.Control == record.ByVUs && h.Verdict == record.Pass && h.InFlight > 0 && h.Goodput > 0 {
				passed++
			}
			holds++
		}
	}
	for _, e := range seen.events {
		if e.Kind == session.Step && e.Step.Phase != "" {
			steps++
		}
	}
	if holds < 3 || steps < 3 {
		t.Errorf("told of %d holds and %d steps, want some of each", holds, steps)
	}
	if b := result.End.Bottleneck; b == nil || b.Name != record.LimitUnwatched {
		t.Errorf("limited by %v: want that nobody watched", b)
	}
	if u := answer.USL; passed > 0 && (u == nil || u.Points != passed) {
		t.Errorf("the scalability law was fitted to %+v, %d loads of virtual users passed", u, passed)
	}
}

// TestSessionsSideBySide is meant for the race detector, too.
func TestSessionsSideBySide(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	for n, name := range []string{"left", "right"} {
		server := serve(t, target.Config{})
		path := script(t, fmt.Sprintf(get, name)+fmt.Sprintf("console.log(%q, __ENV.WHO)\n", name))
		all.Go(func() {
			fold, seen, want := session.NewFold(), newWitness(), uint64(30+10*n)
			s, err := session.Prepare(t.Context(), session.Options{
				Script: path, Env: []string{"SERVER_URL=" + server.URL(), "WHO=" + name},
				Settings: map[string]string{"vus": "4", "iterations": fmt.Sprint(want)}, Sinks: []session.Sink{fold, seen},
			})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := s.Run(t.Context()); err != nil {
				t.Error(err)
				return
			}
			r := fold.Run()
			if len(r.Scenarios) != 1 || r.Scenarios[0].Name != name || len(r.Endpoints) != 1 || !strings.HasPrefix(r.Endpoints[0].Name, name) {
				t.Errorf("%s has the names of %+v, %+v", name, r.Scenarios, r.Endpoints)
			}
			if r.Total.Ended() != want || server.Counts().Requests != want || strings.Count(seen.text(), name+" "+name) == 0 {
				t.Errorf("%s: %d iterations, %d requests, want %d; told %s", name, r.Total.Ended(), server.Counts().Requests, want, seen.text())
			}
		})
	}
}

// codedError chooses an exit code.
type codedError int

func (codedError) Error() string   { return "enough" }
func (c codedError) ExitCode() int { return int(c) }

// endless is a script that only ends when it is stopped.
const endless = `import { scenario, sleep } from 'plimsoll'
scenario('wait', {}, () => sleep(0.01))
`

func TestStop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stop func(s *session.Session, cancel context.CancelFunc)
		code int
		why  string
	}{
		"by its context": {func(_ *session.Session, cancel context.CancelFunc) { cancel() }, 130, context.Canceled.Error()},
		"with a cause":   {func(s *session.Session, _ context.CancelFunc) { s.Stop(codedError(143)) }, 143, "enough"},
		"twice, at once": {func(s *session.Session, _ context.CancelFunc) { s.Stop(codedError(143)); s.Stop(codedError(1)) }, 143, "enough"},
		"both ways":      {func(s *session.Session, cancel context.CancelFunc) { s.Stop(codedError(143)); cancel() }, 143, "enough"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := newWitness()
			s, err := session.Prepare(t.Context(), session.Options{
				Script: script(t, endless), Settings: map[string]string{"duration": "1h"}, Sinks: []session.Sink{seen},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				<-seen.begun
				c.stop(s, cancel)
			}()
			result, err := s.Run(ctx)
			if e := result.End; err != nil || e.Verdict != "interrupted" || e.ExitCode != c.code || e.Reason != c.why {
				t.Errorf("%v; ended %s (%s), exit code %d, want %d", err, e.Verdict, e.Reason, e.ExitCode, c.code)
			}
			if !strings.Contains(seen.text(), "notice: stopping") {
				t.Errorf("told %s", seen.text())
			}
		})
	}
}

func TestASessionThatWasStoppedBeforeItRanEndsAtOnce(t *testing.T) {
	t.Parallel()
	s, err := session.Prepare(t.Context(), session.Options{Script: script(t, endless), Settings: map[string]string{"duration": "1h"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Stop(codedError(143))
	if result, err := s.Run(t.Context()); err != nil || result.End.ExitCode != 143 {
		t.Errorf("%v; ended %+v", err, result.End)
	}
}

func TestASinkThatFailsHarmsNoOther(t *testing.T) {
	t.Parallel()
	bad, good := newWitness(), newWitness()
	bad.failAt = 2
	result := run(t, session.Options{
		Script: script(t, endless), Settings: map[string]string{"iterations": "5"}, Sinks: []session.Sink{bad, good},
	})
	if len(result.Lost) != 1 || result.Lost[0].Sink != bad || !errors.Is(result.Lost[0], errWitness) || result.End.ExitCode != 1 {
		t.Errorf("lost %v, exit code %d, want the bad sink's error and 1", result.Lost, result.End.ExitCode)
	}
	if len(bad.rows) != 2 || bad.ends != 1 {
		t.Errorf("the bad sink got %d rows and was ended %d times, want 2 and 1", len(bad.rows), bad.ends)
	}
	if _, whole := good.rows[len(good.rows)-1].(*record.End); !whole || good.iterations != 5 {
		t.Errorf("the good sink's last row is %T, after %d iterations", good.rows[len(good.rows)-1], good.iterations)
	}
}

func TestASinkThatFailsAtTheHeadKeepsTheSessionFromBeginning(t *testing.T) {
	t.Parallel()
	server, bad := serve(t, target.Config{}), newWitness()
	bad.failAt = 1
	s, err := session.Prepare(t.Context(), session.Options{
		Script: script(t, fmt.Sprintf(get, "read")), Env: []string{"SERVER_URL=" + server.URL()}, Sinks: []session.Sink{bad},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context()); !errors.Is(err, errWitness) || server.Counts().Requests > 0 {
		t.Errorf("%v after %d requests", err, server.Counts().Requests)
	}
	if err := s.Close(); !errors.Is(err, errWitness) || bad.ends != 1 {
		t.Errorf("closed with %v, ended %d times", err, bad.ends)
	}
}

func TestABeforeAllThatThrowsEndsTheRecord(t *testing.T) {
	t.Parallel()
	seen := newWitness()
	s, err := session.Prepare(t.Context(), session.Options{
		Script: script(t, "import { beforeAll } from 'plimsoll'\nbeforeAll(() => { throw new Error('no token') })\n"+endless),
		Sinks:  []session.Sink{seen},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no token") {
		t.Errorf("%v", err)
	}
	if last, ok := seen.rows[len(seen.rows)-1].(*record.End); !ok || last.Verdict != "dead" || last.ExitCode != 3 {
		t.Errorf("the last row is %+v", seen.rows[len(seen.rows)-1])
	}
}

func TestNoSinkSeesASecret(t *testing.T) {
	t.Parallel()
	seen, file := newWitness(), &buffer{}
	run(t, session.Options{
		Script: script(t, `import { scenario, fail } from 'plimsoll'
scenario('a', {}, () => { console.log('it is ' + __ENV.WORD); fail('wrong: ' + __ENV.WORD) })
`),
		Settings: map[string]string{"iterations": "2"}, Secret: []string{"WORD=hunter2-hunter2"}, Command: []string{"x", "--secret", "WORD=hunter2-hunter2"},
		Sinks: []session.Sink{seen, session.NewRecord(func() (io.WriteCloser, error) { return file, nil })},
	})
	if all := seen.text() + file.String(); strings.Contains(all, "hunter2") || !strings.Contains(all, "it is ***") || !strings.Contains(all, "wrong: ***") {
		t.Errorf("told %s", all)
	}
}

func TestWhatIsWrongIsSaidBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o    session.Options
		want string
	}{
		"no script":  {session.Options{Script: "nowhere.js"}, "nowhere.js"},
		"a setting":  {session.Options{Script: script(t, endless), Settings: map[string]string{"vus": "many"}}, "vus"},
		"the seed":   {session.Options{Script: script(t, endless), Settings: map[string]string{"seed": "x"}}, "seed"},
		"a variable": {session.Options{Script: script(t, endless), Environ: []string{"PLIMSOLL_VUS=many"}}, "PLIMSOLL_VUS"},
	} {
		seen := newWitness()
		c.o.Sinks = []session.Sink{seen}
		_, err := session.Prepare(t.Context(), c.o)
		var coded interface{ ExitCode() int }
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &coded) || len(seen.rows) > 0 || seen.ends != 1 {
			t.Errorf("%s: %v; the sink got %d rows and was ended %d times", name, err, len(seen.rows), seen.ends)
		}
	}
}

// Rows are of a second: users of a shorter run are gone when its only row is written.
func TestUsersOfAShortRunAreTold(t *testing.T) {
	t.Parallel()
	sink := newWitness()
	s, err := session.Prepare(t.Context(), session.Options{
		Script:   script(t, `import { scenario, sleep } from 'plimsoll'`+"\n"+`scenario('short', {}, () => { sleep(0.6) })`),
		Settings: map[string]string{"vus": "2", "iterations": "2"}, Sinks: []session.Sink{sink},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	most := 0
	for _, row := range sink.rows {
		if w, ok := row.(*record.Window); ok {
			most = max(most, w.VUs)
		}
	}
	if most != 2 {
		t.Errorf("at most %d virtual users are told, want 2", most)
	}
}
