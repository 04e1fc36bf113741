package remote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/watch"
)

// mortal is a Glances that ends during the load, and lives again when it is started.
type mortal struct {
	*trial
	guard  sync.Mutex
	state  string          // what glances-state.sh prints
	answer bool            // it answers from here
	died   time.Time       // the last time
	starts []string        // the file of each start
	again  provider.Result // of the second start
}

func newMortal(t *testing.T) *mortal {
	t.Helper()
	m := &mortal{trial: newTrial(t), state: "runs", answer: true, again: ended(0, "", "")}
	m.world.Probe = func(_ context.Context, url string) (int, error) {
		m.guard.Lock()
		defer m.guard.Unlock()
		if strings.Contains(url, "61208") && (!m.answer || m.state != "runs") {
			return 0, errors.New("connection refused")
		}
		return 200, nil
	}
	m.answers = func(c provider.Command) (provider.Result, bool) {
		m.guard.Lock()
		defer m.guard.Unlock()
		switch c.Title {
		case "look at Glances":
			return ended(0, m.state+"\n", ""), true
		case "start Glances":
			m.starts = append(m.starts, variable(c.Script, "csv"))
			if len(m.starts) > 1 {
				if m.again.Status == provider.Succeeded {
					m.state = "runs"
				}
				return m.again, true
			}
		}
		return provider.Result{}, false
	}
	return m
}

// ends lets Glances end after each of these times of the load, which then goes on.
func (m *mortal) ends(state string, after ...time.Duration) {
	m.load = func(ctx context.Context, c Child) (int, error) {
		for _, d := range after {
			_ = provider.Pause(ctx, d)
			m.guard.Lock()
			m.state, m.died = state, time.Now()
			m.guard.Unlock()
		}
		return m.size(ctx, c, nil)
	}
}

const (
	firstFile  = "timestamp,cpu.total,cpu.steal\n2026-11-23 15:26:08,50,1\n2026-11-23 15:2" // its last line was not finished
	secondFile = "timestamp,cpu.steal,cpu.total\n2026-11-23 15:27:08,2,60\n"
)

func TestGlancesIsStartedAgainOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wreck  func(m *mortal)
		starts int
		want   []string // in the notes, in this order; none: there are none
	}{
		"it is killed":           {func(m *mortal) { m.ends("gone 137", 45*time.Second) }, 2, []string{"Glances ended with code 137", "was started again: CPU, memory", "missing until"}},
		"it is removed":          {func(m *mortal) { m.ends("gone -1", 45*time.Second) }, 2, []string{"Glances was removed", "missing until"}},
		"it writes, and is deaf": {func(m *mortal) { m.ends("deaf", 45*time.Second) }, 2, []string{"did not answer any more", "missing until"}},
		"it is killed twice": {
			func(m *mortal) { m.ends("gone 137", 45*time.Second, 5*time.Minute) }, 2,
			[]string{"was started again", "missing until", "Glances ended with code 137", "did not come back: CPU, memory", "missing from then on"},
		},
		"it does not come back": {func(m *mortal) {
			m.ends("gone 1", 45*time.Second)
			m.again = ended(43, "", "no space left on device")
		}, 2, []string{"did not come back (no space left on device)", "missing from then on"}},
		"it does not see the service any more": {func(m *mortal) {
			m.ends("gone 1", 45*time.Second)
			m.again = ended(watch.CodeNoColumn, "", "its file has no column of the container plimsoll-service")
		}, 2, []string{"was started again (its file has no column", "missing until"}},
		"its machine is too busy to answer": {func(m *mortal) {
			m.load = func(ctx context.Context, c Child) (int, error) {
				m.guard.Lock()
				m.answer = false
				m.guard.Unlock()
				return m.size(ctx, c, nil)
			}
		}, 1, nil},
		"nobody can look": {func(m *mortal) {
			m.ends("gone 137", 45*time.Second)
			m.refuse = on("Run look at Glances", 0, refused(provider.Throttled, "ssm:SendCommand", "ThrottlingException"))
		}, 1, nil},
		"it ends as the load does": {func(m *mortal) {
			m.ends("runs")
			before := m.answers
			m.answers = func(c provider.Command) (provider.Result, bool) {
				if c.Title == "gather the files" {
					return ended(0, "watcher false 137\n", ""), true
				}
				return before(c)
			}
		}, 1, []string{"Glances ended with code 137", "did not come back", "missing from then on"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMortal(t)
			test.wreck(m)
			results, err := m.run(t, options("c7.small"))
			if err != nil {
				t.Fatal(err)
			}
			if c, _ := results[0].Capacity(); c != 100 || m.began != 1 || m.left() != nil {
				t.Errorf("capacity %v of %d loads, left %v", c, m.began, m.left())
			}
			if want := []string{plan.WatcherFile, plan.WatcherAgain}[:test.starts]; !slices.Equal(m.starts, want) {
				t.Errorf("Glances was started with %q, want %q", m.starts, want)
			}
			looks := 0
			for _, c := range m.scripts {
				if c.Title == "look at Glances" {
					looks++
				}
			}
			if looks > 6 {
				t.Errorf("%d commands were sent for looks", looks)
			}
			notes := strings.Join(results[0].Notes, "\n")
			order := make([]string, len(test.want))
			for i, w := range test.want {
				order[i] = regexp.QuoteMeta(w)
			}
			if !regexp.MustCompile("(?s)"+strings.Join(order, ".*")).MatchString(notes) || len(test.want) == 0 && notes != "" {
				t.Errorf("notes %q, want %q", notes, test.want)
			}
			if kept, _ := os.ReadFile(results[0].Record); len(test.want) > 0 && !strings.Contains(string(kept), "containers are missing") {
				t.Error("the record does not tell")
			}
		})
	}
}

// TestTheTimeWithoutGlancesIsTold compares what is said with when it was away.
func TestTheTimeWithoutGlancesIsTold(t *testing.T) {
	t.Parallel()
	m := newMortal(t)
	m.ends("gone 137", 47*time.Second)
	results, err := m.run(t, options("c7.small"))
	if err != nil {
		t.Fatal(err)
	}
	notes := fmt.Sprint(results[0].Notes)
	times := regexp.MustCompile(`\d\d:\d\d:\d\d UTC`).FindAllString(notes, -1)
	if len(times) != 2 {
		t.Fatalf("notes %q", notes)
	}
	day := m.died.UTC().Format(time.DateOnly) + " "
	from, err1 := time.Parse("2006-01-02 15:04:05 UTC", day+times[0])
	to, err2 := time.Parse("2006-01-02 15:04:05 UTC", day+times[1])
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	const looks = 10 * time.Second // are so far apart, and the third that is not answered asks docker
	if from.After(m.died) || m.died.Sub(from) > looks || to.Before(m.died) || to.Sub(m.died) > 3*looks {
		t.Errorf("it ended at %s and is said to be away from %s to %s", m.died, from, to)
	}
}

// TestBothFilesOfGlancesComeHome has a Glances that only writes: what it wrote
// before and after stays apart by its headers, and a line that was cut is left out.
func TestBothFilesOfGlancesComeHome(t *testing.T) {
	t.Parallel()
	m := newMortal(t)
	m.answer = false
	m.files[plan.WatcherFile], m.files[plan.WatcherAgain] = firstFile, secondFile
	m.ends("gone 137", 45*time.Second)
	results, err := m.run(t, options("c7.small"))
	if err != nil {
		t.Fatal(err)
	}
	r := results[0]
	if len(m.starts) != 2 || !strings.Contains(fmt.Sprint(r.Notes), "missing until") {
		t.Errorf("%d starts, notes %q", len(m.starts), r.Notes)
	}
	got, err := os.ReadFile(r.CSV)
	if want := firstFile[:strings.LastIndex(firstFile, "\n")+1] + secondFile; err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", r.CSV, got, err, want)
	}
	if _, err := os.Stat(filepath.Join(r.Folder, plan.WatcherAgain)); err == nil {
		t.Error("the second file is there twice")
	}
	began := time.Date(2026, 11, 23, 15, 26, 0, 0, time.UTC)
	if steal := stealInFile(r.CSV, began, 0); !slices.Equal(steal, []reading{{8, 0.01}, {68, 0.02}}) {
		t.Errorf("steal is read as %v", steal)
	}
}

// TestADeafGlancesThatNobodyAsksIsLeft is one that never answered from here: its file is what counts.
func TestADeafGlancesThatNobodyAsksIsLeft(t *testing.T) {
	t.Parallel()
	m := newMortal(t)
	m.answer = false
	m.files[plan.WatcherFile] = firstFile
	m.ends("deaf", 45*time.Second)
	if _, err := m.run(t, options("c7.small")); err != nil || len(m.starts) != 1 {
		t.Errorf("Glances was started %d times: %v", len(m.starts), err)
	}
}

func TestTheStateOfGlancesIsToldByItsContainer(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{Dialect: dialect.Dialect(), Run: "r"}
	for name, test := range map[string]struct {
		docker string
		deaf   bool
		want   string
		code   int
	}{
		"it runs":            {`echo "true 0"`, false, "runs", 0},
		"it does not answer": {`echo "true 0"`, true, "deaf", 0},
		"it was killed":      {`echo "false 137"`, true, "gone 137", 0},
		"it was removed":     {`echo "Error: No such object: plimsoll-glances" >&2; exit 1`, false, "gone -1", 0},
		"docker is away":     {`echo "Cannot connect to the Docker daemon" >&2; exit 1`, false, "", 44},
	} {
		dir, run := machineHere(t, map[string]string{"docker": test.docker + "\n"})
		if test.deaf {
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "r"), 0o755), os.WriteFile(filepath.Join(dir, "r", "glances-deaf"), nil, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if got, _, code := run(p.GlancesState()); strings.TrimSpace(got) != test.want || code != test.code {
			t.Errorf("%s: %q with code %d, want %q with %d", name, got, code, test.want, test.code)
		}
	}
}

// TestASecondGlancesKeepsTheFileOfTheFirst runs the scripts with a docker that writes what Glances would.
func TestASecondGlancesKeepsTheFileOfTheFirst(t *testing.T) {
	t.Parallel()
	o := options("c7.small")
	if err := o.Check(dialect.Dialect()); err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{Dialect: dialect.Dialect(), Run: "r", Life: time.Hour, Options: o}
	dir, run := machineHere(t, map[string]string{"docker": `case $1 in
run) for last; do :; done
	echo "$last" >>"$DIR/started"
	printf 'timestamp,containers.plimsoll-service.name\n1,%s\n2,%s\n' "$last" "$last" >"$DIR/r/$last" ;;
logs) echo "it said why" ;;
stop) : >"$DIR/stopped" ;;
inspect) [ -e "$DIR/stopped" ] && echo "watcher false 0" || echo "watcher true 0" ;;
esac
`})
	for _, csv := range []string{plan.WatcherFile, plan.WatcherAgain} {
		deaf := filepath.Join(dir, "r", "glances-deaf")
		if err := errors.Join(os.MkdirAll(filepath.Dir(deaf), 0o755), os.WriteFile(deaf, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		if _, stderr, code := run(p.Glances(csv)); code != 0 {
			t.Fatalf("it ended with %d: %s", code, stderr)
		}
		if _, err := os.Stat(deaf); err == nil {
			t.Error("a new Glances is taken for deaf")
		}
	}
	for _, csv := range []string{plan.WatcherFile, plan.WatcherAgain} {
		if got, _ := os.ReadFile(filepath.Join(dir, "r", csv)); strings.Count(string(got), csv) != 2 {
			t.Errorf("%s holds %q", csv, got)
		}
	}
	listing, _, _ := run(p.Collect())
	var names []string
	for _, f := range listed(listing) {
		names = append(names, f.name)
	}
	for _, want := range []string{plan.WatcherFile, plan.WatcherAgain, "glances-before.log"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not gathered: %q", want, listing)
		}
	}
	dog := watch.Watcher{}.During(t.Context(), watch.Sources{Glances: true}, func() {})
	if note := dog.EndNote(listing); note != "" {
		t.Errorf("%s: %q", note, listing)
	}
}

// TestAGlancesThatStopsAnsweringSaysSo runs what the container runs, with a stand-in whose server ends at once.
func TestAGlancesThatStopsAnsweringSaysSo(t *testing.T) {
	t.Parallel()
	o := options("c7.small")
	if err := o.Check(dialect.Dialect()); err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{Dialect: dialect.Dialect(), Run: "r", Life: time.Hour, Options: o}
	dir, run := machineHere(t, map[string]string{"docker": `case $1 in
run) while [ "$1" != -c ]; do shift; done
	text=$(printf %s "$2" | sed "s#/out/#$DIR/r/#g")
	shift 2
	sh -c "$text" "$@" ;;
inspect) echo true ;;
esac
`, "glances": `case " $* " in
*" -w "*) exit 1 ;;
esac
while [ "$1" != --export-csv-file ]; do shift; done
printf 'timestamp,containers.plimsoll-service.name\n1,a\n2,a\n' >"$2"
`})
	if _, stderr, code := run(p.Glances(plan.WatcherAgain)); code != 0 {
		t.Fatalf("it ended with %d: %s", code, stderr)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "r", plan.WatcherAgain)); err != nil || strings.Count(string(got), "\n") != 3 {
		t.Errorf("the file holds %q (%v)", got, err)
	}
	for { // without the mark this test never ends
		if _, err := os.Stat(filepath.Join(dir, "r", "glances-deaf")); err == nil {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}
