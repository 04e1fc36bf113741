package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/watch"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Outcome is what was found for one machine.
type Outcome struct {
	Type        provider.MachineType
	Machine     provider.Machine
	Price       *provider.Price
	Folder      string // where its files are
	Record      string // "": no load was sent
	CSV         string // "": none came home, or Glances was asked while the load was on
	Offset      Offset // of CSV's clock
	Code        int    // plimsoll's exit code
	End         *record.End
	RoundTrip   time.Duration
	Steal       float64 // share of the machine's CPU time that others took, at the limit
	Notes       []string
	Err         error // why it was not measured, or not to its end
	Skipped     bool  // by choice, and Err says why
	Ended       bool  // the machine was given back
	Rented      time.Duration
	market      string  // what the cloud calls machines that may be taken away
	Preemptible bool    // the machine could be taken away at any time
	preempted   bool    // it was
	Generator   *Rental // the machine that made the load, for all machines of the run; nil: this one did
	Replaced    bool    // it was, and the outcome that follows stands in its place
}

// Rental is a machine that was rented beside those of the service.
type Rental struct {
	Machine provider.Machine
	Price   *provider.Price // nil: not known
	Rented  time.Duration
}

// folderOf is where the files of one machine are kept.
func (s *session) folderOf(name string) string { return filepath.Join(s.Runs, s.plan.Run, name) }

// measure puts the service on a machine, loads it and brings everything home.
func (s *session) measure(ctx context.Context, planned plan.PlannedMachine, m provider.Machine) Outcome {
	r := Outcome{Type: planned.Type, Machine: m, Price: planned.Price, Preemptible: s.plan.MayBePreempted(planned), market: s.plan.Dialect.Preemptible, Folder: s.folderOf(planned.Name())}
	if err := os.MkdirAll(r.Folder, 0o755); err != nil {
		r.Err = err
		return r
	}
	sources, err := s.prepare(ctx, m, &r)
	if err != nil {
		r.Err = err
		return r
	}
	r.Record = filepath.Join(r.Folder, "record.jsonl")
	var kept *watch.Watchdog
	early := s.provisioner.Guard(ctx, s.loaded(m), func(ctx context.Context) {
		kept = s.watcher(m).During(ctx, sources, func() { s.load(ctx, &r, sources) })
	})
	r.Notes = append(r.Notes, kept.Notes()...)
	fetching, cancel := s.stops.until(ctx, 2)
	defer cancel()
	var gone *provider.EndedError
	if errors.As(early, &gone) && gone.Machine.ID == m.ID {
		r.note("the machine ended during the load (%s): the result is incomplete, and the machine's files are lost", gone)
		r.Err = gone
	} else {
		r.note("%s", errText(early))
		s.collect(fetching, &r, sources, kept)
	}
	if err := s.validateResult(&r, early); err != nil {
		r.Err = errors.Join(r.Err, err)
	}
	return r
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// note keeps a line for the reader of the result.
func (r *Outcome) note(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); line != "" {
		r.Notes = append(r.Notes, line)
	}
}

// loaded are the machines without which there is no load: that of the service, and the generator's.
func (s *session) loaded(m provider.Machine) []provider.Machine {
	if s.generator == nil {
		return []provider.Machine{m}
	}
	return []provider.Machine{m, s.generator.machine}
}

// agentLimit is how long an agent that a load starved may take to come back.
const agentLimit = 5 * time.Minute

// watcher watches a machine from where the load is made.
func (s *session) watcher(m provider.Machine) watch.Watcher {
	return watch.Watcher{Cloud: s.Cloud, Plan: s.plan, Machine: m, Probe: s.Probe, Near: s.generator == nil, Say: s.Say}
}

// prepare starts the service and what watches it, until both are there.
func (s *session) prepare(ctx context.Context, m provider.Machine, r *Outcome) (watch.Sources, error) {
	s.Say(m.Type + ": starting " + s.plan.Options.Image)
	if err := s.deploy(ctx, m); err != nil {
		return watch.Sources{}, err
	}
	if err := s.answers(ctx, m); err != nil {
		return watch.Sources{}, err
	}
	r.RoundTrip = s.roundTrip(ctx, m)
	s.Say(fmt.Sprintf("%s: the service answers, round trip %s", m.Type, r.RoundTrip.Round(10*time.Microsecond)))
	sources, err := s.watcher(m).Start(ctx)
	r.note("%s", sources.Note)
	return sources, err
}

// load lets plimsoll load the service, and waits for its end.
func (s *session) load(ctx context.Context, r *Outcome, w watch.Sources) {
	args, err := s.childArgs(r, w)
	if err != nil {
		r.Err = err
		return
	}
	printed, err := os.Create(filepath.Join(r.Folder, "summary.txt"))
	if err != nil {
		r.Err = err
		return
	}
	s.Say(fmt.Sprintf("%s: loading http://%s", r.Type.Name, s.plan.HostPort(r.Machine)))
	child := Child{Args: args, Stdout: printed, Stderr: s.Stderr, Halt: s.stops.changed[1], Direct: s.plan.Address(r.Machine)}
	if s.generator != nil {
		r.Code, r.Err = s.generator.load(ctx, r, child)
	} else {
		r.Code, r.Err = s.Plimsoll(ctx, child)
	}
	r.Err = errors.Join(r.Err, printed.Close())
}

// childArgs is the command line of plimsoll. What the user gave comes last, so that it wins.
func (s *session) childArgs(r *Outcome, w watch.Sources) ([]string, error) {
	machine, err := json.Marshal(s.described(r))
	if err != nil {
		return nil, err
	}
	source := "none"
	if w.Live != "" {
		source = "glances=" + w.Live
	}
	output := r.Record
	if s.generator != nil {
		output = "../record.jsonl"
	}
	args := []string{
		s.plan.Options.Mode, "--output=" + output, "--machine=" + string(machine), "--monitor=" + source,
		"--env=SERVER_URL=http://" + s.plan.HostPort(r.Machine) + s.plan.Options.BasePath,
	}
	return append(args, s.plan.Options.ChildArgs...), nil
}

// described is the machine as the record tells of it.
func (s *session) described(r *Outcome) record.Machine {
	o := &s.plan.Options
	m := record.Machine{
		Type: r.Type.Name, Region: s.plan.Caller.Region, Zone: r.Machine.Zone, CPUs: r.Type.VCPUs, MemoryBytes: r.Type.MemoryBytes,
		Image: r.Machine.Image, Service: o.Image, Spot: r.Preemptible, RoundTripS: r.RoundTrip.Seconds(), LoadFrom: "the machine that started the run",
	}
	if r.Type.Burstable {
		m.Credits = o.Credits
		if o.Instance != "" {
			m.Credits = "as the machine is set"
		}
	}
	if g := s.generator; g != nil {
		m.LoadFrom = fmt.Sprintf("%s, a %s in %s, %s, which is not in the price", g.machine.ID, g.machine.Type, g.machine.Zone, plan.PerHour(s.plan.Generator().Price))
	}
	if r.Price != nil {
		m.PricePerHour, m.Currency = r.Price.PerHour, r.Price.Currency
	}
	return m
}

// collect brings home what the machine wrote. What cannot be fetched is noted: the load's result stands.
func (s *session) collect(ctx context.Context, r *Outcome, w watch.Sources, kept *watch.Watchdog) {
	if ctx.Err() != nil {
		r.note("the machine's files were not fetched")
		return
	}
	if err := s.provisioner.Online(ctx, r.Machine, agentLimit); err != nil { // a load may starve the agent: it comes back
		r.note("the machine's files could not be fetched: %v", err)
		return
	}
	f := fetcher{commands: s.Cloud.Commands, machine: r.Machine.ID, folder: s.plan.Folder(), into: r.Folder, prefix: s.plan.Run + "/" + filepath.Base(r.Folder) + "/"}
	if s.plan.Options.Store != "" {
		f.store = s.plan.Store(s.Cloud)
	}
	if offset, err := f.offset(ctx); err == nil {
		r.Offset = offset
	} else {
		r.note("the machine's clock could not be read: its series may be shifted (%v)", err)
	}
	listing, err := s.plan.Collect().Run(ctx, s.Cloud.Commands, r.Machine.ID)
	if err != nil {
		r.note("the machine's files could not be gathered: %v", err)
		return
	}
	r.note("%s", kept.EndNote(listing))
	for _, file := range listed(listing) {
		if err := f.fetch(ctx, file); err != nil {
			r.note("%s: %v", file.name, err)
		}
	}
	if err := watch.JoinFiles(r.Folder); err != nil {
		r.note("%s stays beside %s: %v", plan.WatcherAgain, plan.WatcherFile, err)
	}
	if path := filepath.Join(r.Folder, plan.WatcherFile); w.File && w.Live == "" {
		if _, err := os.Stat(path); err != nil {
			r.note("resources were not watched: the file of Glances did not come home")
			return
		}
		r.CSV = path
	}
}
