package remote

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// generated lets the load of a trial be made on a machine of its own, for so long each time.
func (tr *trial) generated(t *testing.T, o *plan.Options, length time.Duration) {
	t.Helper()
	tr.world.Own = filepath.Join(t.TempDir(), "plimsoll")
	if err := os.WriteFile(tr.world.Own, []byte("the program"), 0o755); err != nil {
		t.Fatal(err)
	}
	tr.world.Binary = tr.world.Own // whatever this machine's processor is
	o.GeneratorType, o.Store = "c7.large", "bucket/load"
	var began time.Time
	tr.answers = func(c provider.Command) (provider.Result, bool) {
		switch {
		case strings.HasPrefix(c.Title, "ask "):
			return ended(0, "status 200 0.002\n", ""), true
		case c.Title == "start the load":
			for _, name := range []string{"program", "bundle"} {
				if _, err := tr.fetched(variable(c.Script, name)); err != nil {
					return ended(22, "", err.Error()), true
				}
			}
			tr.began++
			began = time.Now()
		case c.Title == "look at the load":
			if time.Since(began) < length {
				return ended(0, "says half done\n", ""), true
			}
			path := filepath.Join(t.TempDir(), "record.jsonl")
			sizing := &record.Sizing{Verdict: "found", Capacity: &record.Capacity{Goodput: 100 * float64(tr.began)}, Unloaded: record.Unloaded{RequestsPerIteration: 2}}
			if err := writeRecord(path, []any{record.Run{SchemaVersion: record.SchemaVersion, Mode: "size", Started: began}, record.End{AtS: 120, Verdict: "found", Sizing: sizing}}); err != nil {
				t.Error(err)
			}
			text, _ := os.ReadFile(path)
			key, err := tr.fetched(variable(c.Script, "url"))
			if err != nil {
				return ended(22, "", err.Error()), true
			}
			tr.mu.Lock()
			tr.objects[key] = pack(string(text))
			tr.mu.Unlock()
			return ended(0, "sent\ncode 0\n", ""), true
		default:
			return provider.Result{}, false
		}
		return ended(0, "", ""), true
	}
}

// fetched is the key that a presigned address stands for, while it is valid.
func (tr *trial) fetched(address string) (key string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	expires, err := strconv.ParseInt(u.Query().Get("expires"), 10, 64)
	if err != nil || time.Now().Unix() > expires {
		return "", fmt.Errorf("curl: (22) The requested URL returned error: 403 (%s)", u.Path)
	}
	return strings.TrimPrefix(u.Path, "/"), nil
}

// TestALongSweepWithAGenerator is longer than any presigned address holds, and than any machine lives by itself.
func TestALongSweepWithAGenerator(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	o := options("c7.small", "c7.large", "c7.huge")
	tr.generated(t, &o, 3*time.Hour)
	results, err := tr.run(t, o)
	if err != nil || tr.began != 3 {
		t.Fatalf("%d loads: %v", tr.began, err)
	}
	for i, r := range results {
		if c, _ := r.Capacity(); c != 100*float64(i+1) || r.Err != nil {
			t.Errorf("%s: capacity %v, %v, notes %v", r.Type.Name, c, r.Err, r.Notes)
		}
	}
	g := results[0].Generator
	if g == nil || g.Price.PerHour != 0.1 || g.Rented < 9*time.Hour || g.Rented > 9*time.Hour+15*time.Minute {
		t.Fatalf("the generator's rent is %+v", g)
	}
	for _, want := range []string{fmt.Sprintf("Generator   c7.large (0.1000 USD an hour (test), %s for %s), a cost of its own", g.cost(), g.Rented.Round(time.Second)), "USD for all machines"} {
		if !strings.Contains(tr.printed.String(), want) {
			t.Errorf("%q is not in what was printed:\n%s", want, tr.printed)
		}
	}
	if s := g.summary(); s.Type != "c7.large" || s.Instance != "i-002" || *s.PricePerHour != 0.1 || *s.Cost != g.cost().Amount {
		t.Errorf("the object's generator is %+v", s)
	}
	if left := tr.left(); left != nil {
		t.Errorf("left: %v", left)
	}
}

func TestAGeneratorIsInThePlansCost(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	o := options("c7.small")
	o.GeneratorType, o.Store, o.MaxCost = "c7.large", "bucket/load", 0.04
	planner := plan.Planner{Cloud: tr.world.Cloud, Address: tr.world.Address}
	_, err := planner.Plan(t.Context(), "r", o) // 19 minutes at 0.05 and at 0.1 an hour
	if err == nil || !strings.Contains(err.Error(), "about 0.0475 USD, more than --max-cost 0.040") {
		t.Errorf("the plan's cost is told as %v", err)
	}
	o.MaxCost = 0.05
	p, err := planner.Plan(t.Context(), "r", o)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if p.Write(&b); !strings.Contains(b.String(), "about 0.0475 USD, for about 19 minutes each; 0.0317 USD of it for the generator") {
		t.Errorf("the plan does not tell the generator's cost:\n%s", b.String())
	}
}

// TestAGeneratorIsNotKept: a later run has no use for it, and it would cost money until its own end.
func TestAGeneratorIsNotKept(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	o := options("c7.small")
	tr.generated(t, &o, time.Minute)
	o.Keep = time.Hour
	if _, err := tr.run(t, o); err != nil {
		t.Fatal(err)
	}
	if generator, service := tr.machines["i-002"], tr.machines["i-003"]; generator.State != provider.Terminated || service.State != provider.Running {
		t.Errorf("the generator is %s, the service's machine %s", generator.State, service.State)
	}
}
