package provision

import (
	"context"
	"errors"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// Group makes the run's firewall group, or finds it again, with its rules.
func (r *Provisioner) Group(ctx context.Context) (string, error) {
	name := "plimsoll-" + r.plan.Run
	network := r.plan.Subnets[0].Network
	tags := r.plan.Tags("group", nil)
	if err := r.journal.Write(journal.Entry{Event: "intends", Kind: journal.KindGroup, Name: name, Region: r.plan.Caller.Region, Tags: tags}); err != nil {
		return "", err
	}
	made, err := r.cloud.Firewall.CreateGroup(ctx, provider.GroupRequest{Name: name, Description: "plimsoll run " + r.plan.Run, Network: network, Tags: tags})
	switch {
	case errors.Is(err, provider.Exists):
		if made, err = r.adopt(ctx, name, network, err); err != nil {
			return "", err
		}
	case provider.NeverMade(err):
		return "", errors.Join(err, r.journal.Write(journal.Entry{Event: "gone", Kind: journal.KindGroup, Name: name, Region: r.plan.Caller.Region}))
	case err != nil:
		return "", err
	}
	if err := r.journal.Write(journal.Entry{Event: "made", Kind: journal.KindGroup, ID: made.ID, Name: name, Region: r.plan.Caller.Region}); err != nil {
		return "", err
	}
	return made.ID, r.cloud.Firewall.Allow(ctx, made.ID, r.rules(made.ID))
}

// adopt takes a group of our name if this run made it: an answer that was
// lost. A group that was just made may not be seen for a while.
func (r *Provisioner) adopt(ctx context.Context, name, network string, exists error) (provider.Group, error) {
	var found []provider.Group
	began := time.Now()
	err := provider.Poll(ctx, r.cloud.Look(), func() (bool, error) {
		var err error
		found, err = r.cloud.Firewall.FindGroups(ctx, provider.Query{Name: name})
		return len(found) > 0 || time.Since(began) >= r.cloud.VisibleLimit(), err
	})
	if err != nil {
		return provider.Group{}, err
	}
	for _, g := range found {
		if g.Network == network && plan.Managed(g.Tags) && g.Tags[plan.TagRun] == r.plan.Run {
			return g, nil
		}
	}
	foreign := &provider.APIError{Fault: provider.Exists}
	errors.As(exists, &foreign)
	foreign.Code, foreign.Resource = "", name
	foreign.Message = "a " + r.plan.Dialect.Group + " of this name is there and was not made by this run: it is left alone"
	return provider.Group{}, foreign
}

// rules open the service's port, and that of Glances, to where the load comes
// from; machines of the run reach each other.
func (r *Provisioner) rules(group string) []provider.Rule {
	ports := []int{r.plan.Options.Port}
	if r.plan.Options.Metrics == "glances" {
		ports = append(ports, plan.GlancesPort)
	}
	var rules []provider.Rule
	for _, port := range ports {
		for _, source := range r.plan.Sources {
			rules = append(rules, provider.Rule{Port: port, CIDR: source})
		}
		if r.plan.Options.GeneratorType != "" {
			rules = append(rules, provider.Rule{Port: port, Group: group})
		}
	}
	return rules
}
