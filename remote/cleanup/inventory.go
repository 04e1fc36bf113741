package cleanup

import (
	"context"
	"slices"

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
