package cleanup

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// world is what was found of runs in a region.
type world struct {
	machines []provider.Machine // of all runs, those that have ended included
	groups   []provider.Group   // in scope
	live     map[string]bool    // runs that are not over
}

// folder is where the files of a run are, below a place of the user's.
type folder struct{ store, run string }

// filesAge is how old a run is at least whose files are over when none of its machines is there.
const filesAge = 24 * time.Hour

// files finds where runs in scope have files, without their journals: by the
// tags of what else they made, and by their names in the places that were given.
func (c Cleaner) files(ctx context.Context, region string, scope Scope, w world) (all []folder, failed error) {
	add := func(store, run string) {
		f := folder{strings.Trim(store, "/"), run}
		if f.store != "" && plan.IsRunID(run) && !slices.Contains(all, f) { // a tag may say anything
			all = append(all, f)
		}
	}
	for _, m := range w.machines {
		if scope.covers(m.Tags) && !w.live[m.Tags[plan.TagRun]] {
			add(m.Tags[plan.TagStore], m.Tags[plan.TagRun])
		}
	}
	for _, g := range w.groups {
		add(g.Tags[plan.TagStore], g.Tags[plan.TagRun])
	}
	for _, store := range scope.Stores {
		runs, err := c.runsIn(ctx, region, store)
		failed = errors.Join(failed, err)
		for _, run := range runs {
			began := plan.RunBegan(run)
			over := scope.Expired && !w.live[run] && !began.IsZero() && time.Since(began) > filesAge
			if scope.Run == run || scope.Run == "" && (scope.All || over) {
				add(store, run)
			}
		}
	}
	if !scope.DryRun {
		return all, failed
	}
	return slices.DeleteFunc(all, func(f folder) bool { // only what is there is listed
		runs, err := c.runsIn(ctx, region, f.store)
		return err == nil && !slices.Contains(runs, f.run)
	}), failed
}

// store opens a place; its keys begin with the names of runs.
func (c Cleaner) store(region, place string) provider.Store {
	bucket, prefix, _ := strings.Cut(strings.Trim(place, "/"), "/")
	return c.Clouds[region].Store(bucket, prefix)
}

// errFolders is of a store that cannot list.
var errFolders = errors.New("what is there cannot be listed")

func (c Cleaner) runsIn(ctx context.Context, region, place string) ([]string, error) {
	lists, ok := c.store(region, place).(provider.Folders)
	if !ok {
		return nil, errFolders
	}
	names, err := lists.Folders(ctx)
	return slices.DeleteFunc(names, func(name string) bool { return !plan.IsRunID(name) }), err
}

func (f folder) leftover(region, why string) Leftover {
	return Leftover{Kind: journal.KindObjects, ID: path.Join(f.store, f.run), Region: region, Run: f.run, Why: why}
}

func leftovers(files []folder, region string) (all []Leftover) {
	for _, f := range files {
		all = append(all, f.leftover(region, ""))
	}
	return all
}

// removeFiles removes what is in folders of runs, and returns those of which some may be left.
func (c Cleaner) removeFiles(ctx context.Context, region string, files []folder) (left []Leftover) {
	slices.SortFunc(files, func(a, b folder) int { return cmp.Or(cmp.Compare(a.store, b.store), cmp.Compare(a.run, b.run)) })
	for _, f := range files {
		if err := c.store(region, f.store).Delete(ctx, f.run+"/"); err != nil {
			left = append(left, f.leftover(region, err.Error()))
			continue
		}
		c.Say("removed what was in " + path.Join(f.store, f.run))
	}
	return left
}
