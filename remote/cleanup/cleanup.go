// Package cleanup finds what runs left, by its tags and by the journals of runs, and removes it; it touches nothing else.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Scope says what is to be cleaned up. Without Run, All or Expired it is nothing.
type Scope struct {
	Run     string   // of one run
	All     bool     // of all runs
	Expired bool     // of those whose lease is over
	DryRun  bool     // only list
	Stores  []string // "bucket/prefix": where files of runs are looked for, besides where tags and journals say
}

// Cleaner finds what runs left, by its tags, and removes it. It never touches
// what does not have them.
type Cleaner struct {
	Clouds map[string]provider.Cloud // by region
	Runs   string                    // folder of runs, whose journals tell what tags cannot
	Say    func(string)
}

// Leftover is something of ours that is still there.
type Leftover struct {
	Kind, ID, Region, Run string
	Why                   string
}

func (l Leftover) String() string {
	text := fmt.Sprintf("%s %s in %s, of run %s", l.Kind, l.ID, l.Region, l.Run)
	if l.Why != "" {
		text += ": " + l.Why
	}
	return text
}

// LeftError says that not all could be removed.
type LeftError struct {
	Run     string
	Left    []Leftover
	Expires time.Time // when machines end themselves; zero: not known
	Err     error
}

func (e *LeftError) Error() string {
	b := &strings.Builder{}
	b.WriteString("not all was cleaned up")
	if e.Err != nil {
		fmt.Fprintf(b, ": %v", e.Err)
	}
	for _, l := range e.Left {
		fmt.Fprintf(b, "\n  left: %s", l)
	}
	if !e.Expires.IsZero() {
		fmt.Fprintf(b, "\n  machines end themselves at %s at the latest", plan.Clock(e.Expires))
	}
	return b.String()
}

// Unwrap gives what went wrong.
func (e *LeftError) Unwrap() error { return e.Err }

// Hint says how to try again.
func (e *LeftError) Hint() string {
	if e.Run == "" {
		return "run the same command again: it begins where this one stopped"
	}
	return "`plimsoll remote cleanup --run " + e.Run + "` tries again"
}

// ExitCode is an outside tool's.
func (*LeftError) ExitCode() int { return exit.Outside }

// groupLimit is how long a group may be in use after its machines are gone.
const groupLimit = 3 * time.Minute

// Clean removes what is in scope and returns what is left; the error joins
// what went wrong on the way. It goes on after each failure.
func (c Cleaner) Clean(ctx context.Context, scope Scope) (left []Leftover, err error) {
	for _, region := range slices.Sorted(maps.Keys(c.Clouds)) {
		l, e := c.region(ctx, region, scope)
		left, err = append(left, l...), errors.Join(err, e)
	}
	return left, err
}

func (c Cleaner) region(ctx context.Context, region string, scope Scope) (left []Leftover, failed error) {
	cloud := c.Clouds[region]
	c.waitVisible(ctx, region, scope)
	found, err := cloud.Machines.Find(ctx, scope.query())
	if err != nil {
		return nil, err // nothing is known of this region
	}
	live := scope.live(found)
	machines := slices.DeleteFunc(slices.Clone(found), func(m provider.Machine) bool { return m.State == provider.Terminated || !scope.covers(m.Tags) })
	groups, err := cloud.Firewall.FindGroups(ctx, scope.query())
	failed = errors.Join(failed, err)
	groups = slices.DeleteFunc(groups, func(g provider.Group) bool { return !scope.covers(g.Tags) || live[g.Tags[plan.TagRun]] })
	files, err := c.files(ctx, region, scope, world{found, groups, live})
	failed = errors.Join(failed, err)
	for _, m := range machines {
		left = append(left, Leftover{Kind: journal.KindMachine, ID: m.ID, Region: region, Run: m.Tags[plan.TagRun]})
	}
	for _, g := range groups {
		left = append(left, Leftover{Kind: journal.KindGroup, ID: g.ID, Region: region, Run: g.Tags[plan.TagRun]})
	}
	if scope.DryRun {
		return append(left, leftovers(files, region)...), failed
	}
	left = c.endMachines(ctx, cloud, region, machines)
	patience := groupLimit
	if len(left) > 0 {
		patience = 0 // a machine that stays keeps its group: waiting would not help
	}
	for _, g := range groups {
		if err := deleteGroup(ctx, cloud, g.ID, patience); err != nil {
			left = append(left, Leftover{Kind: journal.KindGroup, ID: g.ID, Region: region, Run: g.Tags[plan.TagRun], Why: err.Error()})
			continue
		}
		c.Say("removed group " + g.ID)
		c.note(g.Tags[plan.TagRun], journal.Entry{Event: "gone", Kind: journal.KindGroup, ID: g.ID, Name: g.Name, Region: region})
	}
	left = append(left, c.removeFiles(ctx, region, files)...)
	l, err := c.removeJournaled(ctx, region, scope)
	for _, one := range l {
		if !slices.ContainsFunc(left, func(o Leftover) bool { return o.Kind == one.Kind && o.ID == one.ID && o.Kind == journal.KindObjects }) {
			left = append(left, one)
		}
	}
	return left, errors.Join(failed, err)
}

// live are the runs that have a machine which is there and whose lease is not
// over: what else they have is not over, whatever its own tag says, for only
// machines' leases are put off.
func (s Scope) live(machines []provider.Machine) map[string]bool {
	runs := map[string]bool{}
	for _, m := range machines {
		if s.Expired && m.State != provider.Terminated && plan.Managed(m.Tags) && !s.covers(m.Tags) {
			runs[m.Tags[plan.TagRun]] = true
		}
	}
	return runs
}

func (s Scope) query() provider.Query {
	q := provider.Query{Tags: provider.Tags{plan.TagManaged: "true"}}
	if s.Run != "" {
		q.Tags[plan.TagRun] = s.Run
	}
	return q
}

// covers is the last word about touching something: a cloud that answers with more than was asked for changes nothing.
func (s Scope) covers(t provider.Tags) bool {
	switch {
	case !plan.Managed(t) || t[plan.TagRun] == "":
		return false
	case s.Run != "":
		return t[plan.TagRun] == s.Run
	case s.Expired:
		expires, err := time.Parse(time.RFC3339, t[plan.TagExpires])
		return err == nil && time.Now().After(expires)
	}
	return s.All
}

// endMachines terminates machines one by one, so that one that resists keeps no other, and waits for all.
func (c Cleaner) endMachines(ctx context.Context, cloud provider.Cloud, region string, machines []provider.Machine) (left []Leftover) {
	var ending []string
	for _, m := range machines {
		if err := cloud.Machines.Terminate(ctx, []string{m.ID}); err != nil {
			left = append(left, Leftover{Kind: journal.KindMachine, ID: m.ID, Region: region, Run: m.Tags[plan.TagRun], Why: err.Error()})
			continue
		}
		ending = append(ending, m.ID)
	}
	if len(ending) == 0 {
		return left
	}
	if err := provider.WaitTerminated(ctx, cloud, ending); err != nil {
		for _, m := range machines {
			if slices.Contains(ending, m.ID) {
				left = append(left, Leftover{Kind: journal.KindMachine, ID: m.ID, Region: region, Run: m.Tags[plan.TagRun], Why: "it was told to end, and that it did was not seen: " + err.Error()})
			}
		}
		return left
	}
	for _, id := range ending {
		c.Say("ended machine " + id)
	}
	return left
}

// deleteGroup removes a group, which a machine that has just ended may still hold for a while.
func deleteGroup(ctx context.Context, cloud provider.Cloud, id string, patience time.Duration) error {
	began := time.Now()
	return provider.Poll(ctx, cloud.Look(), func() (bool, error) {
		err := cloud.Firewall.DeleteGroup(ctx, id)
		if errors.Is(err, provider.InUse) && time.Since(began) < patience {
			return false, nil
		}
		return true, err
	})
}

// removeJournaled removes what has no tags: our containers on machines of others, and files in buckets.
func (c Cleaner) removeJournaled(ctx context.Context, region string, scope Scope) (left []Leftover, failed error) {
	runs := []string{scope.Run}
	if scope.Run == "" {
		var err error
		if runs, err = journal.Runs(c.Runs); err != nil {
			return nil, err
		}
	}
	for _, run := range runs {
		entries, err := journal.Read(filepath.Join(c.Runs, run))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it was made on another machine: tags are all that is known
			failed = errors.Join(failed, err)
		}
		for _, e := range slices.Concat(journal.Left(entries, journal.KindContainers), journal.Left(entries, journal.KindObjects)) {
			if e.Region != region || scope.Expired {
				continue
			}
			if err := c.removeEntry(ctx, run, e); err != nil {
				left = append(left, Leftover{Kind: e.Kind, ID: e.ID + e.Name, Region: region, Run: run, Why: err.Error()})
			}
		}
	}
	return left, failed
}

// removeEntry removes one thing that a journal told of, and writes that it is gone.
func (c Cleaner) removeEntry(ctx context.Context, run string, e journal.Entry) error {
	cloud := c.Clouds[e.Region]
	var err error
	switch e.Kind {
	case journal.KindContainers:
		if _, err = provider.FindLive(ctx, cloud.Machines, e.ID); err == nil {
			_, err = plan.CleanStep(run).Run(ctx, cloud.Commands, e.ID)
		}
		var gone *provider.EndedError
		if errors.As(err, &gone) {
			err = nil // its containers are gone with it
		}
	case journal.KindObjects:
		bucket, prefix, _ := strings.Cut(e.Name, "/")
		err = cloud.Store(bucket, strings.TrimSuffix(prefix, run)).Delete(ctx, run+"/")
	}
	if err != nil {
		return err
	}
	c.Say("removed " + e.Kind + " " + e.ID + e.Name)
	j, err := journal.Open(filepath.Join(c.Runs, run))
	if err != nil {
		return err
	}
	e.Event = "gone"
	return errors.Join(j.Write(e), j.Close())
}
