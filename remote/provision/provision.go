// Package provision rents the machines of a run and what they need, waits until they take commands, keeps them alive while
// they are used, watches whether they are, and gives them back.
package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Provisioner rents the machines of one run.
type Provisioner struct {
	cloud   provider.Cloud
	plan    *plan.Plan
	journal *journal.Journal
	leases  leases
	say     func(string)
}

// New is the provisioner of a run: it notes in a journal what it is about to make, and says what goes on.
func New(c provider.Cloud, p *plan.Plan, j *journal.Journal, say func(string)) *Provisioner {
	return &Provisioner{cloud: c, plan: p, journal: j, say: say}
}

// Launch starts one machine in the first subnet that has room for it.
func (r *Provisioner) Launch(ctx context.Context, m plan.PlannedMachine, role, group string) (provider.Machine, error) {
	var full []string
	var last error // of a subnet without room: it names the call that was refused
	for _, subnet := range r.plan.Subnets {
		request := r.request(m, role, group)
		request.Subnet = subnet.ID
		request.Token = plan.Token(r.plan.Run, m.Name(), role, subnet.ID)
		if err := r.journal.Write(journal.Entry{Event: "intends", Kind: journal.KindMachine, Name: m.Name() + " " + role, Token: request.Token, Region: r.plan.Caller.Region, Tags: request.Tags}); err != nil {
			return provider.Machine{}, err
		}
		until := time.Now().Add(r.plan.Life)
		made, sure, err := r.launchWithRetry(ctx, request)
		if sure {
			if err := r.journal.Write(journal.Entry{Event: "gone", Kind: journal.KindMachine, Name: m.Name() + " " + role, Region: r.plan.Caller.Region}); err != nil {
				return provider.Machine{}, err
			}
		}
		if errors.Is(err, provider.Capacity) {
			full, last = append(full, subnet.Zone), err
			r.say(fmt.Sprintf("no %s in %s now", m.Type.Name, subnet.Zone))
			continue
		}
		if err != nil {
			return provider.Machine{}, err
		}
		r.leases.hold(made.ID, until)
		return made, r.journal.Write(journal.Entry{Event: "made", Kind: journal.KindMachine, ID: made.ID, Name: m.Name() + " " + role, Region: r.plan.Caller.Region})
	}
	none := &provider.APIError{Fault: provider.Capacity}
	errors.As(last, &none)
	none.Resource, none.Message = m.Type.Name, "no machine of this type in "+strings.Join(full, ", ")
	return provider.Machine{}, none
}

func (r *Provisioner) request(m plan.PlannedMachine, role, group string) provider.LaunchRequest {
	o := &r.plan.Options
	l := provider.LaunchRequest{
		Type: m.Type.Name, Image: m.Image, Groups: []string{group}, PublicIP: !o.Private,
		UserData: script.UserData(r.plan.Life, r.plan.Dialect.Boot), DiskGiB: o.DiskGiB, MetadataHops: o.MetadataHops, Preemptible: r.plan.MayBePreempted(m),
		Tags: r.plan.Tags(role, provider.Tags{plan.TagSpec: plan.Token(m.Image.ID, m.Type.Name)[:16], "Name": "plimsoll " + role + " " + m.Type.Name}),
	}
	if m.Second { // it starts when the others' time may be over
		l.Tags[plan.TagExpires] = time.Now().Add(r.plan.Life).UTC().Format(time.RFC3339)
	}
	if o.Profile != "none" {
		l.Profile = o.Profile
	}
	if m.Type.Burstable {
		l.Credits = o.Credits
	}
	return l
}

// launchWithRetry repeats a launch whose answer was lost, which its token makes safe,
// and one whose profile cannot be used yet. It is sure of a refusal after which
// no machine can be there.
func (r *Provisioner) launchWithRetry(ctx context.Context, request provider.LaunchRequest) (made provider.Machine, sure bool, err error) {
	lost, began := 0, time.Now()
	err = provider.Poll(ctx, r.cloud.Look(), func() (bool, error) {
		var err error
		made, err = r.cloud.Machines.Launch(ctx, request)
		if errors.Is(err, provider.Unavailable) && lost < 2 {
			lost++
			return false, nil
		}
		if errors.Is(err, provider.ProfileNotReady) && time.Since(began) < r.cloud.VisibleLimit() {
			return false, nil
		}
		return true, err
	})
	return made, lost == 0 && provider.NeverMade(err), err
}

// Permitted asks whether the launch of a machine would be permitted, and starts nothing.
func (r *Provisioner) Permitted(ctx context.Context, m plan.PlannedMachine) error {
	request := r.request(m, plan.RoleService, "")
	request.Groups, request.Subnet, request.DryRun = nil, r.plan.Subnets[0].ID, true
	_, err := r.cloud.Machines.Launch(ctx, request)
	return err
}

// running waits until a machine runs and has its address.
func (r *Provisioner) running(ctx context.Context, id string) (m provider.Machine, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.plan.Options.BootTimeout)
	defer cancel()
	began := time.Now()
	err = provider.Poll(ctx, r.cloud.Look(), func() (bool, error) {
		seen, err := provider.FindLive(ctx, r.cloud.Machines, id)
		var gone *provider.EndedError
		switch {
		case errors.As(err, &gone) && gone.Machine.State == "" && time.Since(began) < r.cloud.VisibleLimit():
			return false, nil // not visible yet
		case err != nil:
			return false, err
		}
		m = seen
		return m.State == provider.Running && r.plan.Address(m) != "", nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		if m.State == provider.Running {
			return m, plan.Wrong("give a --subnet with public addresses, or --private", "the machine %s runs and has no public address", id)
		}
		return m, &StartError{
			What: fmt.Sprintf("the machine %s is still %s after %s", id, m.State, r.plan.Options.BootTimeout), Code: exit.Outside,
			Advice: "--boot-timeout gives it longer, another --subnet or --type may start sooner",
		}
	}
	return m, err
}

// Online waits until a machine's agent takes commands.
func (r *Provisioner) Online(ctx context.Context, m provider.Machine, limit time.Duration) error {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	last := provider.Agent{}
	err := provider.Poll(within, r.cloud.Look(), func() (bool, error) {
		agents, err := r.cloud.Commands.Agents(within, []string{m.ID})
		if err != nil {
			return false, err
		}
		last = agents[m.ID]
		if !last.Online() {
			if _, err := provider.FindLive(within, r.cloud.Machines, m.ID); err != nil {
				return false, err
			}
		}
		return last.Online(), nil
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return r.diagnose(ctx, m, last)
	}
	return err
}

// diagnose says why an agent may never have reported.
func (r *Provisioner) diagnose(ctx context.Context, m provider.Machine, last provider.Agent) error {
	e := &provider.APIError{Fault: provider.NoAgent, Action: r.plan.Dialect.AgentAction, Resource: m.ID}
	var why []string
	if last.Ping != "" {
		why = append(why, "its agent is "+last.Ping+" since "+plan.Clock(last.Seen))
	} else {
		why = append(why, "its agent never reported")
	}
	if m.Profile == "" {
		why = append(why, "it has no "+r.plan.Dialect.Profile+": `plimsoll remote init` makes one")
	}
	if m.PublicIP == "" {
		there, err := r.cloud.Catalogue.Endpoints(ctx, m.Network)
		if err == nil && len(there) == 0 {
			why = append(why, "it has no public address, and its network has no endpoints for "+r.plan.Dialect.Endpoints[0])
		}
	}
	if text := r.console(ctx, m.ID); text != "" {
		why = append(why, text)
	}
	e.Message = strings.Join(why, "; ")
	return e
}

// console is the end of what a machine wrote while it booted, for people; "" if there is none.
func (r *Provisioner) console(ctx context.Context, id string) string {
	text, err := r.cloud.Machines.Console(ctx, id)
	if err != nil || strings.TrimSpace(text) == "" {
		return ""
	}
	return "the end of its console:\n  " + strings.ReplaceAll(provider.Tail(text, provider.TailLines), "\n", "\n  ")
}

// WaitReady waits until a machine that was launched takes commands and has Docker.
func (r *Provisioner) WaitReady(ctx context.Context, m plan.PlannedMachine, role string, made provider.Machine) (provider.Machine, error) {
	r.say(fmt.Sprintf("%s: machine %s starts in %s", m.Type.Name, made.ID, made.Subnet))
	seen, err := r.running(ctx, made.ID)
	if err != nil {
		return made, err
	}
	if err := r.Online(ctx, seen, r.plan.Options.BootTimeout); err != nil {
		return seen, err
	}
	if role == plan.RoleService {
		if _, err := r.plan.Ready().Run(ctx, r.cloud.Commands, seen.ID); err != nil {
			if text := r.console(ctx, seen.ID); text != "" {
				err = fmt.Errorf("%w; %s", err, text)
			}
			return seen, err
		}
	}
	r.say(fmt.Sprintf("%s: machine %s is ready at %s", m.Type.Name, seen.ID, r.plan.Address(seen)))
	return seen, nil
}

// End terminates machines and waits until they are gone, so that what they hold is free again.
func (r *Provisioner) End(ctx context.Context, ids ...string) error {
	r.leases.drop(ids...)
	if err := r.cloud.Machines.Terminate(ctx, ids); err != nil {
		return err
	}
	if err := provider.WaitTerminated(ctx, r.cloud, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.journal.Write(journal.Entry{Event: "gone", Kind: journal.KindMachine, ID: id}); err != nil {
			return err
		}
	}
	return nil
}
