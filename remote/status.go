package remote

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// Thing is something that runs have in a region now.
type Thing struct{ Kind, ID, Type, State, Address, Run, Expires string }

// Inventory lists all that runs have in a region.
func Inventory(ctx context.Context, c provider.Cloud) (all []Thing, err error) {
	scope := Scope{All: true}
	machines, err := c.Machines.Find(ctx, scope.query())
	if err != nil {
		return nil, err
	}
	for _, m := range machines {
		if m.State != provider.Terminated && scope.covers(m.Tags) {
			all = append(all, Thing{journal.KindMachine, m.ID, m.Type, string(m.State), m.PublicIP, m.Tags[plan.TagRun], m.Tags[plan.TagExpires]})
		}
	}
	groups, err := c.Firewall.FindGroups(ctx, scope.query())
	for _, g := range groups {
		if scope.covers(g.Tags) {
			all = append(all, Thing{Kind: journal.KindGroup, ID: g.ID, Run: g.Tags[plan.TagRun]})
		}
	}
	return all, err
}

// MachinesOf are the machines of a run that are there.
func MachinesOf(ctx context.Context, c provider.Cloud, run string) ([]provider.Machine, error) {
	scope := Scope{Run: run}
	found, err := c.Machines.Find(ctx, scope.query())
	return slices.DeleteFunc(found, func(m provider.Machine) bool { return m.State != provider.Running || !scope.covers(m.Tags) }), err
}

// Logs is the state of the service on a machine, and the end of its log.
func Logs(ctx context.Context, c provider.Cloud, m provider.Machine) (string, error) {
	return (&plan.Plan{}).ServiceState().Run(ctx, c.Commands, m.ID)
}

// Fetch brings home what a machine of a run has gathered.
func Fetch(ctx context.Context, c provider.Cloud, runs string, m provider.Machine) (folder string, notes []string, err error) {
	p := &plan.Plan{Run: m.Tags[plan.TagRun]}
	folder = filepath.Join(runs, p.Run, m.Type)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	listing, err := p.Collect().Run(ctx, c.Commands, m.ID)
	if err != nil {
		return "", nil, err
	}
	f := fetcher{commands: c.Commands, machine: m.ID, folder: p.Folder(), into: folder}
	for _, file := range listed(listing) {
		if err := f.fetch(ctx, file); err != nil {
			notes = append(notes, file.name+": "+err.Error())
		}
	}
	if err := joinGlancesFiles(folder); err != nil {
		notes = append(notes, plan.WatcherAgain+" stays beside "+plan.WatcherFile+": "+err.Error())
	}
	return folder, notes, nil
}
