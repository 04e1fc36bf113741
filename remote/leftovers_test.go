package remote

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/cleanup"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

const (
	oneRun     = "20261124-134500-a1b2c3"
	anotherRun = "20261124-150000-d4e5f6"
)

// ours are the tags of a thing of a run.
func ours(run string, expires time.Time, more provider.Tags) provider.Tags {
	t := provider.Tags{plan.TagManaged: "true", plan.TagRun: run, plan.TagExpires: expires.UTC().Format(time.RFC3339)}
	for k, v := range more {
		t[k] = v
	}
	return t
}

func (tr *trial) cleaner(said *[]string) cleanup.Cleaner {
	return cleanup.Cleaner{Clouds: map[string]provider.Cloud{"eu-west-1": tr.cloud()}, Runs: tr.world.Runs, Say: func(s string) { *said = append(*said, s) }}
}

// TestTheGroupOfALiveMachineIsNotOver has groups whose own tag says that their time is over: only machines' leases are put off.
func TestTheGroupOfALiveMachineIsNotOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		machine string // hours until its lease is over; "": there is none
		state   provider.MachineState
		run     string // the machine's
		gone    bool   // the group, by --expired
	}{
		"its machine's lease goes on":                {"1h", provider.Running, oneRun, false},
		"its machine boots":                          {"1h", provider.Pending, oneRun, false},
		"its machine is stopped":                     {"1h", provider.Stopped, oneRun, false},
		"its machine says nothing of its end":        {"?", provider.Running, oneRun, false},
		"its machine has ended":                      {"1h", provider.Terminated, oneRun, true},
		"its machine's lease is over":                {"-1h", provider.Running, oneRun, true},
		"its machine's lease is over, and it boots":  {"-1h", provider.Pending, oneRun, true},
		"its machine is gone":                        {"", "", "", true},
		"a machine of another run goes on":           {"1h", provider.Running, anotherRun, true},
		"a machine of another run, whose end is old": {"-1h", provider.Running, anotherRun, true},
	} {
		for _, dry := range []bool{true, false} {
			tr := newTrial(t)
			synctest.Test(t, func(t *testing.T) {
				tr.groups["sg-1"] = &provider.Group{ID: "sg-1", Name: "plimsoll-" + oneRun, Tags: ours(oneRun, time.Now().Add(-time.Hour), nil)}
				if c.machine != "" {
					life, _ := time.ParseDuration(c.machine) // 0 for what is none
					m := &provider.Machine{ID: "i-1", State: c.state, Launched: time.Now(), Tags: ours(c.run, time.Now().Add(life), nil)}
					if c.run == oneRun {
						m.Groups = []string{"sg-1"}
					}
					if c.machine == "?" {
						m.Tags[plan.TagExpires] = "soon"
					}
					tr.machines["i-1"] = m
				}
				var said []string
				left, err := tr.cleaner(&said).Clean(t.Context(), cleanup.Scope{Expired: true, DryRun: dry})
				if err != nil {
					t.Fatal(err)
				}
				listed := slices.ContainsFunc(left, func(l cleanup.Leftover) bool { return l.ID == "sg-1" })
				if dry && listed != c.gone {
					t.Errorf("%s: the list has %v, want the group in it: %v", name, left, c.gone)
				}
				if _, there := tr.groups["sg-1"]; !dry && (there == c.gone || len(left) > 0) {
					t.Errorf("%s: the group is there: %v; left %v, said %q", name, there, left, said)
				}
			})
		}
	}
}

// TestFilesAreFoundWithoutAJournal cleans up on another machine than that of the run.
func TestFilesAreFoundWithoutAJournal(t *testing.T) {
	t.Parallel()
	old := time.Now().Add(-48 * time.Hour)
	aged := func(salt string) string { return old.UTC().Format("20060102-150405-") + salt }
	objects := []string{
		"bucket/load/" + oneRun + "/generator/plimsoll", "bucket/load/" + anotherRun + "/x.gz", "bucket/load/theirs/file", "bucket/load/" + oneRun, "bucket/" + oneRun + "/y",
		"elsewhere/" + oneRun + "/z",
	}
	for name, c := range map[string]struct {
		scope cleanup.Scope
		tags  provider.Tags // of the group of one run; nil: there is no group
		state provider.MachineState
		gone  []string // of objects
	}{
		"by the group's tag":               {cleanup.Scope{Run: oneRun}, provider.Tags{plan.TagStore: "bucket/load"}, "", []string{objects[0]}},
		"of all runs, by tag":              {cleanup.Scope{All: true}, provider.Tags{plan.TagStore: "bucket/load/"}, "", []string{objects[0]}},
		"by the tag of an ended machine":   {cleanup.Scope{Run: oneRun}, nil, provider.Terminated, []string{objects[0]}},
		"of a bucket without a prefix":     {cleanup.Scope{Run: oneRun}, provider.Tags{plan.TagStore: "bucket"}, "", []string{objects[4]}},
		"where it is said":                 {cleanup.Scope{Run: oneRun, Stores: []string{"bucket/load"}}, nil, "", []string{objects[0]}},
		"where it is said twice":           {cleanup.Scope{Run: oneRun, Stores: []string{"bucket/load", "/bucket/load/", "elsewhere"}}, nil, "", []string{objects[0], objects[5]}},
		"of all runs, where it is said":    {cleanup.Scope{All: true, Stores: []string{"bucket/load"}}, nil, "", []string{objects[0], objects[1]}},
		"nobody says where":                {cleanup.Scope{All: true}, nil, "", nil},
		"of another run":                   {cleanup.Scope{Run: aged("000000"), Stores: []string{"bucket/load"}}, nil, "", nil},
		"a tag of a run with no such name": {cleanup.Scope{All: true}, provider.Tags{plan.TagStore: "bucket", plan.TagRun: "load"}, "", nil},
		"a tag of a run above":             {cleanup.Scope{All: true}, provider.Tags{plan.TagStore: "bucket/load", plan.TagRun: ".."}, "", nil},
		"those that are over, by tag":      {cleanup.Scope{Expired: true}, provider.Tags{plan.TagStore: "bucket/load"}, "", []string{objects[0]}},
		"those of a live run":              {cleanup.Scope{Expired: true, Stores: []string{"bucket/load"}}, provider.Tags{plan.TagStore: "bucket/load"}, provider.Running, nil},
	} {
		for _, dry := range []bool{true, false} {
			tr := newTrial(t)
			synctest.Test(t, func(t *testing.T) {
				for _, key := range objects {
					tr.objects[key] = []byte("x")
				}
				if c.tags != nil {
					tr.groups["sg-1"] = &provider.Group{ID: "sg-1", Tags: ours(oneRun, time.Now().Add(-time.Hour), c.tags)}
				}
				if c.state != "" {
					tr.machines["i-1"] = &provider.Machine{ID: "i-1", State: c.state, Launched: time.Now(), Tags: ours(oneRun, time.Now().Add(time.Hour), provider.Tags{plan.TagStore: "bucket/load"})}
				}
				c.scope.DryRun = dry
				var said []string
				left, err := tr.cleaner(&said).Clean(t.Context(), c.scope)
				if err != nil {
					t.Fatal(err)
				}
				var gone, listed []string
				for _, key := range objects {
					if _, there := tr.objects[key]; !there {
						gone = append(gone, key)
					}
					if slices.ContainsFunc(left, func(l cleanup.Leftover) bool { return l.Kind == "objects" && strings.HasPrefix(key, l.ID+"/") }) {
						listed = append(listed, key)
					}
				}
				if dry && (gone != nil || !slices.Equal(listed, c.gone)) {
					t.Errorf("%s: %q are listed and %q gone, want %q listed", name, listed, gone, c.gone)
				}
				if !dry && (len(left) > 0 || !slices.Equal(gone, c.gone)) {
					t.Errorf("%s: %q are gone, want %q; left %v", name, gone, c.gone, left)
				}
			})
		}
	}
}

// TestFilesOfAnOldRunAreOver looks at a place by a time table.
func TestFilesOfAnOldRunAreOver(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	synctest.Test(t, func(t *testing.T) {
		runs := map[string]bool{}
		for hours, over := range map[int]bool{0: false, 1: false, 23: false, 25: true, 48: true, 9000: true} {
			runs[time.Now().Add(-time.Duration(hours)*time.Hour).UTC().Format("20060102-150405-")+"a1b2c3"] = over
		}
		runs["20261399-996199-a1b2c3"] = false // this is no time
		for run := range runs {
			tr.objects["bucket/"+run+"/x"] = []byte("x")
		}
		var said []string
		if left, err := tr.cleaner(&said).Clean(t.Context(), cleanup.Scope{Expired: true, Stores: []string{"bucket"}}); err != nil || left != nil {
			t.Fatal(left, err)
		}
		for run, over := range runs {
			if _, there := tr.objects["bucket/"+run+"/x"]; there == over {
				t.Errorf("%s: its files are there: %v", run, there)
			}
		}
	})
}

func TestFilesThatCannotBeRemovedOrListedAreTold(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{"Delete": "bucket/" + oneRun, "Folders": "AccessDenied"} {
		tr := newTrial(t)
		tr.objects["bucket/"+oneRun+"/x"] = []byte("x")
		tr.refuse = on(call, 0, refused(provider.Denied, "s3:"+call, "AccessDenied"))
		synctest.Test(t, func(t *testing.T) {
			var said []string
			left, err := tr.cleaner(&said).Clean(t.Context(), cleanup.Scope{Run: oneRun, Stores: []string{"bucket"}})
			if got := fmt.Sprint(left, err); !strings.Contains(got, want) {
				t.Errorf("%s is refused: %s", call, got)
			}
		})
	}
}

// TestALongLineOfAJournalHidesNothing cleans up what the other lines tell, and says which one was not read.
func TestALongLineOfAJournalHidesNothing(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.objects["bucket/"+oneRun+"/x"] = []byte("x")
	dir := filepath.Join(tr.world.Runs, oneRun)
	text := `{"event":"note","text":"` + strings.Repeat("x", 2<<20) + `"}` + "\n" +
		`{"event":"intends","kind":"objects","name":"bucket/` + oneRun + `","region":"eu-west-1"}` + "\n"
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "journal.jsonl"), []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var said []string
		_, err := tr.cleaner(&said).Clean(t.Context(), cleanup.Scope{Run: oneRun})
		if err == nil || !strings.Contains(err.Error(), "line 1") || len(tr.objects) > 0 {
			t.Errorf("%v; there are %d files", err, len(tr.objects))
		}
	})
}

// TestWhatAServicePrintedIsShownPlain has a service that sets titles, hides lines and speaks in the name of others.
func TestWhatAServicePrintedIsShownPlain(t *testing.T) {
	t.Parallel()
	hostile := "ready\x1b]0;owned\x07\n\x1b[2K\x1b[1Aplimsoll: exit code 0\x1b[8m\nlast\x07\u202eline\n"
	tr := newTrial(t)
	tr.answers = func(c provider.Command) (provider.Result, bool) {
		return ended(33, hostile, hostile), strings.HasPrefix(c.Title, "start kinto")
	}
	_, err := tr.run(t, options("c7.small"))
	for what, text := range map[string]string{"the error": fmt.Sprint(err), "what was said": tr.said.String(), "what was printed": tr.printed.String()} {
		if i := strings.IndexAny(text, "\x1b\x07\u202e"); i >= 0 {
			t.Errorf("%s has %q", what, text[i:])
		}
	}
	if err == nil || !strings.Contains(err.Error(), "ready") || !strings.Contains(err.Error(), "lastline") && !strings.Contains(err.Error(), "last\uFFFDline") {
		t.Errorf("its words are lost: %v", err)
	}
	tr = newTrial(t)
	tr.answers = func(provider.Command) (provider.Result, bool) { return ended(0, hostile, ""), true }
	if text, err := Logs(t.Context(), tr.cloud(), provider.Machine{ID: "i-1"}); err != nil || strings.ContainsAny(text, "\x1b\x07\u202e") || !strings.Contains(text, "last") {
		t.Errorf("%q, %v", text, err)
	}
}
