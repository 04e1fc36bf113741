//go:build real

package main_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Of Kinto, the script of one request lists an empty collection.
const (
	emptyList = "/buckets/default/collections/tasks/records"
	kintoAuth = "user:pass"
	listEmpty = `import http from 'plimsoll/http'
const list = __ENV.SERVER_URL.replace('://', '://` + kintoAuth + `@') + '` + emptyList + `'
export default () => { http.get(list) }
`
)

// fixedUsers are the numbers of users of the fixed runs that a sizing is held against.
var fixedUsers = []int{1, 4, 16}

// round is a set of fixed runs, each against a fresh Kinto: goodput by number of users.
type round struct{ ours, bombardier map[int]float64 }

func most(of map[int]float64) (best float64) {
	for _, x := range of {
		best = max(best, x)
	}
	return best
}

// falls says whether sixteen users get clearly less than the best.
func (r *round) falls() bool { return r.ours[16] < .9*most(r.ours) }

// tour is a sizing between two rounds, and what arrivals then did.
type tour struct {
	script        string
	before, after round
	got           *sized
	carried       float64 // arrivals that it says are carried
	held          bool    // for a minute
	beyond        bool    // 1.3 times the peak held, too
	noisy         bool    // the second try: the first moved by more than 10 %
}

// moved is by how much the best of the rounds differ, of their middle.
func moved(before, after map[int]float64) (middle, part float64) {
	middle = (most(before) + most(after)) / 2
	return middle, math.Abs(most(after)-most(before)) / max(middle, 1e-9)
}

// off is how far the peak is from the best of the fixed runs, and what is allowed.
func (v *tour) off(before, after map[int]float64) (off, allowed float64) {
	middle, part := moved(before, after)
	return v.got.Plateau.Goodput/middle - 1, .05 + part/2
}

// TestRealSizingOfKinto holds sizings of a real Kinto against fixed runs, whose
// best it must find, and its answer against arrivals of a minute. Kinto's speed
// follows the machine's: it is measured before and after.
func TestRealSizingOfKinto(t *testing.T) {
	l := newLab(t)
	if err := os.WriteFile(l.script, []byte(listEmpty), 0o600); err != nil {
		t.Fatal(err)
	}
	scripts := []string{l.script}
	if l.full() {
		for range l.runs {
			scripts = append(scripts, filepath.Join(root(t), example))
		}
	}
	var tours []*tour
	held, told := 0, 0
	for _, script := range scripts {
		v := l.tour(script)
		tours = append(tours, v)
		l.table("kinto", kintoTable(l, tours))
		if v.got.Plateau == nil || v.got.Verdict != record.VerdictFound {
			t.Errorf("verdict %s: %s (%s)", v.got.Verdict, v.got.Reason, v.got.record)
			continue
		}
		told++
		if off, allowed := v.off(v.before.ours, v.after.ours); math.Abs(off) > allowed {
			t.Errorf("the peak of %.1f/s is %+.1f %% off the best of fixed runs, %.1f %% are allowed (%s)", v.got.Plateau.Goodput, 100*off, 100*allowed, v.got.record)
		}
		if v.before.bombardier != nil {
			if off, allowed := v.off(v.before.bombardier, v.after.bombardier); math.Abs(off) > allowed {
				t.Errorf("the peak of %.1f/s is %+.1f %% off bombardier's best, %.1f %% are allowed (%s)", v.got.Plateau.Goodput, 100*off, 100*allowed, v.got.record)
			}
		}
		if v.before.falls() && v.after.falls() && v.got.Shape.Retrograde == nil {
			t.Errorf("16 users get less than fewer, and it is not told (%s)", v.got.record)
		}
		if v.beyond {
			t.Errorf("1.3 times the peak of %.1f/s held (%s)", v.got.Plateau.Goodput, v.got.record)
		}
		if v.held {
			held++
		}
	}
	l.Logf("\n%s", kintoTable(l, tours))
	if 5*held < 4*told {
		t.Errorf("what is said to be carried held in %d of %d minutes", held, told)
	}
}

// tour makes one tour; when Kinto itself moved too much meanwhile, once more.
func (l *lab) tour(script string) *tour {
	l.Helper()
	v := l.tourOnce(script)
	_, part := moved(v.before.ours, v.after.ours)
	end, ends := l.Deadline()
	if (part > .10 || v.got.Verdict == record.VerdictGenerator) && (!ends || time.Until(end) > 2*patience) {
		l.Logf("load %s: fixed runs moved by %.0f %%, verdict %s: once more", busy(), 100*part, v.got.Verdict)
		v = l.tourOnce(script)
		v.noisy = true
	}
	if v.got.Plateau == nil || v.got.Capacity == nil {
		return v
	}
	v.carried = v.got.Capacity.OfferedConfirmed
	if v.carried == 0 {
		v.carried = v.got.Capacity.Goodput
	}
	v.held = l.carries(script, v.carried, time.Minute)
	if !v.held && !l.full() { // one run in ten may break down: see retrograde.go
		v.held = l.carries(script, v.carried, time.Minute)
	}
	v.beyond = l.carries(script, 1.3*v.got.Plateau.Goodput, time.Minute/2)
	return v
}

func (l *lab) tourOnce(script string) *tour {
	l.Helper()
	v := &tour{script: script, before: l.round(script)}
	k := l.kinto()
	got, err := l.load(l.Context(), k.url, "size", script)
	k.stop()
	if err != nil {
		l.Fatal(err)
	}
	v.got = got
	l.Logf("load %s: %s: %s, peak %s after %.0f s: %s", busy(), filepath.Base(script), got.Verdict, peak(got), got.Cost.WallS, got.Reason)
	v.after = l.round(script)
	return v
}

// kinto is a fresh Kinto on the target's core, at the priority of the load.
func (l *lab) kinto() *kinto {
	l.Helper()
	k := startKinto(l.T)
	if l.taskset != "" {
		pid := strconv.Itoa(k.server.Process.Pid)
		if out, err := exec.CommandContext(l.Context(), l.taskset, "-a", "-c", "-p", strconv.Itoa(targetCore), pid).CombinedOutput(); err != nil {
			l.Fatalf("Kinto cannot be pinned: %v: %s", err, out)
		}
	}
	if threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", k.server.Process.Pid)); err == nil && l.nice != "" {
		for _, thread := range threads {
			_ = exec.CommandContext(l.Context(), "renice", "-n", priority, "-p", thread.Name()).Run() // else it has that of all others
		}
	}
	return k
}

func (l *lab) round(script string) round {
	l.Helper()
	length := 4 * time.Second
	if l.full() {
		length = 8 * time.Second
	}
	r := round{ours: map[int]float64{}}
	if script == l.script {
		r.bombardier = map[int]float64{}
	}
	for _, n := range fixedUsers {
		k := l.kinto()
		got, err := l.load(l.Context(), k.url, "run", script, fmt.Sprintf("--vus=%d", n), "--duration="+length.String())
		k.stop()
		if err != nil {
			l.Fatal(err)
		}
		r.ours[n] = got.Iterations.Goodput
		if r.bombardier != nil {
			k := l.kinto()
			r.bombardier[n] = l.bombardier(k.url+emptyList, n, length)
			k.stop()
		}
	}
	l.Logf("load %s: %s: fixed runs %s, bombardier %s", busy(), filepath.Base(script), byUsers(r.ours), byUsers(r.bombardier))
	return r
}

// carries says whether arrivals at a rate are carried: within the tolerance,
// and a shade for chance, all succeed while they last. A backlog prolongs the
// run, and so lowers its goodput.
func (l *lab) carries(script string, rate float64, length time.Duration) bool {
	l.Helper()
	k := l.kinto()
	defer k.stop()
	got, err := l.load(l.Context(), k.url, "run", script, fmt.Sprintf("--rate=%.3f/s", rate), "--arrivals=poisson", "--duration="+length.String())
	if err != nil {
		l.Fatal(err)
	}
	part := got.Iterations.Goodput / rate
	l.Logf("load %s: %s: %.1f arrivals/s for %v: %.1f %% carried, %d failed, over after %.1f s",
		busy(), filepath.Base(script), rate, length, 100*part, got.Iterations.Failed, got.Load.DurationS)
	return part >= 1-tolerated-2/math.Sqrt(rate*length.Seconds())
}

// bombardier is the rate of a plain run of it.
func (l *lab) bombardier(url string, connections int, length time.Duration) float64 {
	l.Helper()
	tool := l.tool("bombardier", func(folder string) *exec.Cmd {
		c := exec.CommandContext(l.Context(), "go", "install", "github.com/codesenberg/bombardier@latest")
		c.Env = append(c.Environ(), "GOFLAGS=", "GOBIN="+folder)
		return c
	})
	out, err := l.on(l.Context(), generatorCore, tool, "-c", strconv.Itoa(connections), "-d", length.String(), "-p", "r", "-o", "json",
		"-H", "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(kintoAuth)), url).Output()
	if err != nil {
		l.Fatalf("bombardier: %v", err)
	}
	var got struct {
		Result struct {
			Seconds float64 `json:"timeTakenSeconds"`
			OK      float64 `json:"req2xx"`
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		l.Fatalf("bombardier: %v\n%s", err, out)
	}
	return got.Result.OK / got.Result.Seconds
}

func byUsers(of map[int]float64) string {
	var list []string
	for _, n := range fixedUsers {
		if x, ok := of[n]; ok {
			list = append(list, fmt.Sprintf("%d: %.1f/s", n, x))
		}
	}
	return strings.Join(list, ", ")
}

func peak(s *sized) string {
	if s.Plateau == nil {
		return "none"
	}
	return fmt.Sprintf("%.1f/s", s.Plateau.Goodput)
}

func kintoTable(l *lab, tours []*tour) string {
	var out strings.Builder
	out.WriteString("| script | best of fixed runs, before | after | peak | off | allowed | bombardier | off | fall at 16 users | told | carries | a minute of that | 1.3 × peak | wall |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, v := range tours {
		if v.got.Plateau == nil {
			fmt.Fprintf(&out, "| %s | %.1f/s | %.1f/s | %s: %s | | | | | | | | | | |\n", filepath.Base(v.script), most(v.before.ours), most(v.after.ours), v.got.Verdict, v.got.Reason)
			continue
		}
		off, allowed := v.off(v.before.ours, v.after.ours)
		other, otherOff := "–", "–"
		if v.before.bombardier != nil {
			middle, _ := moved(v.before.bombardier, v.after.bombardier)
			apart, _ := v.off(v.before.bombardier, v.after.bombardier)
			other, otherOff = fmt.Sprintf("%.1f/s", middle), percentOf(apart, "%+.1f %%")
		}
		told := "–"
		if r := v.got.Shape.Retrograde; r != nil {
			told = fmt.Sprintf("%.0f/s at %d", r.Goodput, r.AtVUs)
		}
		name := filepath.Base(v.script)
		if v.noisy {
			name += " (second try)"
		}
		fmt.Fprintf(&out, "| %s | %.1f/s | %.1f/s | %s | %+.1f %% | %.1f %% | %s | %s | %+.0f %%, %+.0f %% | %s | %.1f/s | %s | %s | %.0f s |\n",
			name, most(v.before.ours), most(v.after.ours), peak(v.got), 100*off, 100*allowed, other, otherOff,
			100*(v.before.ours[16]/most(v.before.ours)-1), 100*(v.after.ours[16]/most(v.after.ours)-1), told,
			v.carried, holdsOrNot(v.held), holdsOrNot(v.beyond), v.got.Cost.WallS)
	}
	fmt.Fprintf(&out, "\nKinto with its data in memory, restarted for each run; fixed runs of %v users; %s.\n", fixedUsers, l.pinned())
	return out.String()
}

func holdsOrNot(held bool) string {
	if held {
		return "holds"
	}
	return "does not hold"
}
