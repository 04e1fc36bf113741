package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/cleanup"
	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/provision"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// World is what a run needs of the machine that it is started on.
type World struct {
	Cloud    provider.Cloud
	Plimsoll func(context.Context, Child) (int, error) // runs the program that makes the load
	Probe    func(ctx context.Context, url string) (status int, err error)
	Address  func(context.Context) (cidr string, err error) // how this machine is seen from outside
	Say      func(string)                                   // progress, one line at a time
	Stdout   io.Writer
	Stderr   io.Writer // of the program that makes the load
	Runs     string    // folder of runs
	Own      string    // the program plimsoll of this machine
	Binary   string    // the one for a machine that makes the load; "": Own
}

// session is one run under way.
type session struct {
	World
	plan        *plan.Plan
	journal     *journal.Journal
	provisioner *provision.Provisioner
	stops       *Stops

	generator *generator // nil: the load is made here
}

// Run does what a plan says: it returns what was found for each machine, in
// the order of the plan. Whatever happens, it cleans up before it returns.
func (w World) Run(ctx context.Context, p *plan.Plan, stops *Stops) (results []Outcome, err error) {
	load, cancel := stops.until(ctx, 1)
	defer cancel()
	if err := w.Check(load, p); err != nil {
		return nil, err
	}
	j, err := journal.Open(filepath.Join(w.Runs, p.Run))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	s := &session{
		World: w, plan: p, journal: j, stops: stops,
		provisioner: provision.New(w.Cloud, p, j, w.Say),
	}
	if err := j.Write(journal.Entry{Event: "begins", Region: p.Caller.Region, Text: p.Options.Mode}); err != nil {
		return nil, err
	}
	alive, stop := context.WithCancel(context.WithoutCancel(ctx)) // leases are renewed while files are fetched, too
	var renewLeases sync.WaitGroup
	renewLeases.Go(func() { s.provisioner.RenewLeases(alive) })
	results, err = s.work(load)
	stop()
	renewLeases.Wait()
	if left := s.finish(ctx, results); left != nil {
		err = errors.Join(err, left)
	}
	if sig := stops.Signal(); sig != nil {
		err = errors.Join(&SignalError{Signal: sig}, err)
	}
	return results, err
}

// work measures all machines, or the one that is there.
func (s *session) work(ctx context.Context) ([]Outcome, error) {
	if s.plan.Options.Store != "" {
		if err := s.journal.Write(journal.Entry{Event: "intends", Kind: journal.KindObjects, Name: s.plan.StorePrefix(), Region: s.plan.Caller.Region}); err != nil {
			return nil, err
		}
	}
	if s.plan.Options.Instance != "" {
		return s.measureExisting(ctx)
	}
	group, err := s.provisioner.Group(ctx)
	if err != nil {
		return nil, err
	}
	return s.sweep(ctx, group)
}

// measureExisting measures on a machine that is there and stays.
func (s *session) measureExisting(ctx context.Context) ([]Outcome, error) {
	o := &s.plan.Options
	m, err := provider.FindLive(ctx, s.Cloud.Machines, o.Instance)
	if err != nil {
		return nil, err
	}
	if s.plan.Address(m) == "" {
		return nil, plan.Wrong("give --private, or a machine with a public address", "the machine %s has no public address", m.ID)
	}
	entry := journal.Entry{Event: "intends", Kind: journal.KindContainers, ID: m.ID, Region: s.plan.Caller.Region}
	if err := s.journal.Write(entry); err != nil {
		return nil, err
	}
	if err := s.provisioner.Online(ctx, m, o.BootTimeout); err != nil {
		return nil, err
	}
	if _, err := s.plan.Ready().Run(ctx, s.Cloud.Commands, m.ID); err != nil {
		return nil, err
	}
	planned := plan.PlannedMachine{Role: plan.RoleService, Type: provider.MachineType{Name: m.Type}}
	planned.Price = plan.Planner{Cloud: s.Cloud}.Price(ctx, s.plan, planned)
	if types, err := s.Cloud.Catalogue.Types(ctx, []string{m.Type}); err == nil && len(types) == 1 {
		planned.Type = types[0]
	}
	r := s.measure(ctx, planned, m)
	return []Outcome{r}, r.Err
}

// finish leaves nothing behind, for as long as the third signal does not come.
func (s *session) finish(ctx context.Context, results []Outcome) error {
	ctx, cancel := s.stops.until(ctx, 3)
	defer cancel()
	ctx, cancelTime := context.WithTimeout(ctx, provider.EndLimit)
	defer cancelTime()
	if s.plan.Options.Keep > 0 && s.stops.Signal() == nil {
		return s.keepMachines(ctx, results)
	}
	s.Say("cleaning up")
	c := cleanup.Cleaner{Clouds: map[string]provider.Cloud{s.plan.Caller.Region: s.Cloud}, Runs: s.Runs, Say: s.Say}
	left, err := c.Clean(ctx, cleanup.Scope{Run: s.plan.Run})
	if err == nil && len(left) == 0 {
		return s.journal.Write(journal.Entry{Event: "ends"})
	}
	if errors.Is(context.Cause(ctx), errStopped) {
		s.Say("stopped while cleaning up")
	}
	if err != nil && len(left) == 0 {
		left = s.journaled()
	}
	return &cleanup.LeftError{Run: s.plan.Run, Left: left, Expires: s.provisioner.LeaseEnd(), Err: err}
}

// journaled is what the journal says is there, for when the cloud cannot be asked.
func (s *session) journaled() (left []cleanup.Leftover) {
	entries, _ := journal.Read(filepath.Join(s.Runs, s.plan.Run)) // what can be read of it
	for _, kind := range []string{journal.KindMachine, journal.KindGroup, journal.KindContainers, journal.KindObjects} {
		for _, e := range journal.Left(entries, kind) {
			if e.Event == "made" || kind == journal.KindContainers || kind == journal.KindObjects {
				left = append(left, cleanup.Leftover{Kind: kind, ID: cmp.Or(e.ID, e.Name), Region: e.Region, Run: s.plan.Run})
			}
		}
	}
	return left
}

// keepMachines leaves the machines for another run, and says until when.
func (s *session) keepMachines(ctx context.Context, results []Outcome) error {
	until := time.Now().Add(s.plan.Options.Keep)
	var failed error
	for _, r := range results {
		if r.Machine.ID == "" || r.Ended {
			continue
		}
		if _, err := s.plan.Clean().Run(ctx, s.Cloud.Commands, r.Machine.ID); err != nil {
			failed = errors.Join(failed, err)
		}
		if s.plan.Options.Instance != "" && !plan.Managed(r.Machine.Tags) {
			continue
		}
		if _, err := s.provisioner.Extend(ctx, []string{r.Machine.ID}, until, provider.Tags{plan.TagKept: "true"}); err != nil {
			failed = errors.Join(failed, err)
		}
		s.Say(fmt.Sprintf("%s is kept until %s: --instance %s uses it, `plimsoll remote cleanup --run %s` ends it", r.Machine.ID, plan.Clock(until), r.Machine.ID, s.plan.Run))
	}
	return failed
}

// SignalError says that a run was stopped.
type SignalError struct{ Signal interface{ String() string } }

func (e *SignalError) Error() string { return "stopped by a signal: " + e.Signal.String() }

// ExitCode is that of the signal.
func (e *SignalError) ExitCode() int {
	if s, ok := e.Signal.(os.Signal); ok {
		return exit.OfSignal(s)
	}
	return exit.Interrupted
}
