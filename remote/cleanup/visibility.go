package cleanup

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// waitVisible waits until the cloud shows what journals say was made a moment ago:
// what cannot be found yet would be taken for gone, and stay.
func (c Cleaner) waitVisible(ctx context.Context, region string, scope Scope) {
	if scope.DryRun || scope.Expired {
		return
	}
	young := c.made(region, scope)
	_ = provider.Poll(ctx, min(time.Second, c.Clouds[region].Look()), func() (bool, error) { // without an answer there is nothing to wait for
		hidden := false
		for _, e := range young {
			limit := c.Clouds[region].VisibleLimit()
			if e.ID == "" {
				limit = c.Clouds[region].LostLimit()
			}
			if time.Since(e.At) >= limit {
				continue
			}
			seen, err := c.visible(ctx, e)
			if err != nil {
				return false, err
			}
			hidden = hidden || !seen
		}
		return !hidden, nil
	})
}

// made is what the journals in scope say was made in a region.
func (c Cleaner) made(region string, scope Scope) []journal.Entry {
	var all []journal.Entry
	for _, run := range c.runs(scope) {
		entries, _ := journal.Read(filepath.Join(c.Runs, run)) // none: it was made on another machine, and not a moment ago
		for _, e := range slices.Concat(journal.Made(entries, journal.KindMachine), journal.Made(entries, journal.KindGroup)) {
			if e.Region == region {
				all = append(all, e)
			}
		}
	}
	return all
}

// runs are those whose journals are in scope.
func (c Cleaner) runs(scope Scope) []string {
	if scope.Run != "" {
		return []string{scope.Run}
	}
	all, _ := journal.Runs(c.Runs) // without journals tags are all that is known
	return all
}

// note writes to the journal of a run, where there is one: a hint that saves the next one from waiting.
func (c Cleaner) note(run string, e journal.Entry) {
	folder := filepath.Join(c.Runs, run)
	if _, err := journal.Read(folder); errors.Is(err, fs.ErrNotExist) || run != filepath.Base(run) { // a tag may say anything
		return
	}
	if j, err := journal.Open(folder); err == nil {
		_ = errors.Join(j.Write(e), j.Close())
	}
}

// visible says whether the cloud shows a thing.
func (c Cleaner) visible(ctx context.Context, e journal.Entry) (bool, error) {
	cloud := c.Clouds[e.Region]
	switch {
	case e.Kind == journal.KindGroup && e.ID == "":
		found, err := cloud.Firewall.FindGroups(ctx, provider.Query{Name: e.Name})
		return len(found) > 0, err
	case e.Kind == journal.KindGroup:
		found, err := cloud.Firewall.FindGroups(ctx, provider.Query{IDs: []string{e.ID}})
		return len(found) > 0, err
	case e.ID == "":
		return false, nil
	}
	found, err := cloud.Machines.Find(ctx, provider.Query{IDs: []string{e.ID}})
	return len(found) > 0, err
}
