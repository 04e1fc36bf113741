package remote

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

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
func (c Cleaner) made(region string, scope Scope) []Entry {
	var all []Entry
	for _, run := range c.runs(scope) {
		entries, err := ReadJournal(filepath.Join(c.Runs, run))
		if err != nil {
			continue // it was made on another machine, and not a moment ago
		}
		for _, e := range slices.Concat(madeEntries(entries, kindMachine), madeEntries(entries, kindGroup)) {
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
	all, _ := Journals(c.Runs) // without journals tags are all that is known
	return all
}

// note writes to the journal of a run, where there is one: a hint that saves the next one from waiting.
func (c Cleaner) note(run string, e Entry) {
	folder := filepath.Join(c.Runs, run)
	if _, err := ReadJournal(folder); err != nil || run != filepath.Base(run) { // a tag may say anything
		return
	}
	if journal, err := OpenJournal(folder); err == nil {
		_ = errors.Join(journal.Write(e), journal.Close())
	}
}

// madeEntries is what a journal says is there: by its id, or by its name where the answer was lost.
func madeEntries(entries []Entry, kind string) []Entry {
	left := openEntries(entries, kind)
	return slices.DeleteFunc(left, func(e Entry) bool {
		return e.ID == "" && slices.ContainsFunc(entries, func(o Entry) bool { return o.Kind == kind && o.ID != "" && o.Name == e.Name })
	})
}

// visible says whether the cloud shows a thing.
func (c Cleaner) visible(ctx context.Context, e Entry) (bool, error) {
	cloud := c.Clouds[e.Region]
	switch {
	case e.Kind == kindGroup && e.ID == "":
		found, err := cloud.Firewall.FindGroups(ctx, provider.Query{Name: e.Name})
		return len(found) > 0, err
	case e.Kind == kindGroup:
		found, err := cloud.Firewall.FindGroups(ctx, provider.Query{IDs: []string{e.ID}})
		return len(found) > 0, err
	case e.ID == "":
		return false, nil
	}
	found, err := cloud.Machines.Find(ctx, provider.Query{IDs: []string{e.ID}})
	return len(found) > 0, err
}
