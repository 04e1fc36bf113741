//go:build real

package main_test

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// The service of the story is the demo target, which carries what it does by
// waiting, and little of it: other work on the machine does not change it.
const (
	serviceNow    = "--demo=queues:120,servers=6"
	serviceSlower = "--demo=queues:96,servers=6" // by 20 %
)

// TestRealPullRequestStory is what a team does: a repository of load tests is
// started, sized from where it was pushed to, and a pull request that makes the
// service slower fails.
func TestRealPullRequestStory(t *testing.T) {
	l, sh := newLab(t), outside(t, "sh")
	plimsoll := l.plimsoll
	s, env := newShelf(t), clones(t)
	command(t, nil, plimsoll, "new", s.work).want(t, 0)
	s.start()
	commit := s.push()
	results := t.TempDir()
	file := func(name string) string { return filepath.Join(results, name) }

	// A real Kinto: what it carries is for others to test, here it is where the answer says it is from.
	k := startKinto(t)
	sized := command(t, env, plimsoll, "size", "--repo", s.fileURL(), "--allow-file", "-e", "SERVER_URL="+k.url, "--budget=40s", "--json",
		"--output", file("kinto.jsonl"), "--html", file("kinto.html"), "--summary", "md,json,junit="+file("kinto"), "capacity")
	k.stop()
	if sized.exit != 0 && sized.exit != 5 { // 5: no firm answer, on a machine that others use
		sized.want(t, 0)
	}
	if got := sized.json(t); got.Plateau == nil || got.Iterations.OK == 0 {
		t.Errorf("a real Kinto was sized as %+v\n%s", got, sized.stderr)
	}
	names(t, commit, file("kinto.jsonl"), file("kinto.html"), file("kinto.md"), file("kinto.json"), file("kinto.xml"))

	// size is before others where it may be; it is tried once more where other work kept the generator from its own.
	size := func(exit int, args ...string) ran {
		t.Helper()
		line := append([]string{plimsoll, "size"}, args...)
		if l.nice != "" {
			line = append([]string{l.nice, "-n", priority}, line...)
		}
		r := command(t, env, line[0], line[1:]...)
		if r.exit == 5 {
			t.Logf("load %s: exit 5 after %.0f s: once more\n%.600s", busy(), r.took.Seconds(), r.stderr)
			r = command(t, env, line[0], line[1:]...)
		}
		return r.want(t, exit)
	}

	// The main branch: the service is sized in full, and the record is the baseline.
	full := size(0, "--repo", s.fileURL(), "--allow-file", serviceNow, "--json",
		"--output", file("baseline.jsonl"), "--html", file("baseline.html"), "--summary", "md,json,junit="+file("baseline"), "capacity")
	names(t, commit, file("baseline.jsonl"), file("baseline.html"), file("baseline.md"), file("baseline.json"), file("baseline.xml"))
	t.Logf("in full: %.0f s, %.1f iterations/s", full.took.Seconds(), full.json(t).Capacity.Goodput)

	// A pull request that changes nothing, from a server: half a minute, and no regression.
	again := size(0, "--repo", s.serve(), "--from", file("baseline.jsonl"), serviceNow, "--json", "--output", file("same.jsonl"), "capacity")
	var answer record.Sizing
	if err := json.Unmarshal([]byte(again.stdout), &answer); err != nil {
		t.Fatal(err)
	}
	t.Logf("with --from: %.1f s of its own, change %+.1f %%", answer.Cost.WallS, 100*answer.Recheck.Change)
	if answer.Cost.WallS > 30 {
		t.Errorf("a second run with --from took %.1f s, want half a minute", answer.Cost.WallS)
	}
	command(t, nil, plimsoll, "compare", file("baseline.jsonl"), file("same.jsonl"), "--max-regression=10%").want(t, 0)

	// A pull request that makes the service slower by a fifth: the recipe of docs/ci.md, in a checkout, fails.
	put(t, file("load.sh"), recipe(t))
	for last := range 2 {
		job := exec.CommandContext(t.Context(), sh, file("load.sh"), serviceSlower)
		job.Dir = s.work
		job.Env = append(os.Environ(), "PATH="+filepath.Dir(plimsoll)+string(os.PathListSeparator)+os.Getenv("PATH"),
			"BASELINE="+file("baseline.jsonl"), "XDG_STATE_HOME="+t.TempDir())
		out, _ := job.CombinedOutput()
		if code := job.ProcessState.ExitCode(); code == 5 && last == 0 {
			t.Logf("load %s: the recipe ends with 5: once more\n%.600s", busy(), out)
			continue
		} else if code != 8 {
			t.Errorf("the recipe ends with %d, want 8\n%s", code, out)
		}
		break
	}
	if page, err := os.ReadFile(filepath.Join(s.work, "plimsoll.html")); err != nil || len(page) == 0 {
		t.Errorf("the recipe left no page: %v", err)
	}
	changed := command(t, nil, plimsoll, "compare", file("baseline.jsonl"), filepath.Join(s.work, "plimsoll.jsonl"), "--max-regression=10%",
		"--summary", "md,junit="+file("change")).want(t, 8)
	if !strings.Contains(changed.stdout, "regression") {
		t.Errorf("compare says\n%s", changed.stdout)
	}
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	text, err := os.ReadFile(file("change.xml"))
	if err != nil || xml.Unmarshal(text, &suites) != nil || suites.Failures == 0 {
		t.Errorf("no case of the comparison failed: %v\n%s", err, text)
	}
}

// names fails the test unless each file names the commit.
func names(t *testing.T, commit string, files ...string) {
	t.Helper()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), commit) {
			t.Errorf("%s does not name the commit %s: %v\n%.1000s", filepath.Base(file), commit, err, text)
		}
	}
}

// recipe is the shell script of docs/ci.md.
func recipe(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root(t), "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```sh\n")
	script, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/ci.md has no sh block")
	}
	return script
}
