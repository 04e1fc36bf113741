// Command fakeaws runs the double of AWS as a process of its own, for tests that kill their client or that need a real
// server: it prints one JSON object with its address, and ends on a signal or when its standard input ends.
//
//	fakeaws -profile plimsoll-instance -answers answers.json -fault '{"kind":"throttle","n":3}'
//
// What exists and what was asked is told below /_fakeaws/ of its address: state, left, calls.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

type streams struct {
	in       io.Reader
	out, err io.Writer
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ", ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// wishes are what the flags say.
type wishes struct {
	options                           fakeaws.Options
	faults, types, profiles, foreigns list
	load                              list
	answers, image                    string
	minute                            int
	broken                            bool
}

func read(args []string, complaints io.Writer) (wishes, error) {
	var w wishes
	f := flag.NewFlagSet("fakeaws", flag.ContinueOnError)
	f.SetOutput(complaints)
	f.DurationVar(&w.options.Boot, "boot", 0, "how long an instance is pending")
	f.DurationVar(&w.options.Register, "register", 0, "how long until its agent is online")
	f.DurationVar(&w.options.Ending, "ending", 0, "how long it is shutting down")
	f.DurationVar(&w.options.Visible, "visible", 0, "how long what is new stays unknown")
	f.IntVar(&w.options.Page, "page", 0, "how much a list answers at most")
	f.Var(&w.faults, "fault", "a fault as JSON, as {\"kind\":\"throttle\",\"n\":3} (repeatable)")
	f.Var(&w.types, "type", "an instance type as JSON, as {\"name\":\"half\",\"vcpu\":1,\"cores\":0.5,\"mib\":1024,\"usd_hour\":0.01} (repeatable)")
	f.Var(&w.profiles, "profile", "an instance profile that is there (repeatable)")
	f.Var(&w.foreigns, "foreign", "a region with somebody else's instance and group in it (repeatable)")
	f.StringVar(&w.answers, "answers", "", "file with answers to scripts, as JSON; without it every script succeeds silently")
	f.StringVar(&w.image, "docker", "", "image of instances: they are containers then, and really run scripts")
	f.Var(&w.load, "load", "image that each of these has from the start (repeatable)")
	f.IntVar(&w.minute, "minute", 60, "seconds of a minute of `shutdown` in these")
	f.BoolVar(&w.broken, "broken", false, "their engine does not start")
	if err := f.Parse(args); err != nil {
		return w, err
	}
	if f.NArg() > 0 {
		return w, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	for _, s := range w.types {
		var t fakeaws.Type
		if err := json.Unmarshal([]byte(s), &t); err != nil {
			return w, fmt.Errorf("type %s: %w", s, err)
		}
		w.options.Types = append(w.options.Types, t)
	}
	return w, w.machines()
}

// machines chooses what instances are.
func (w *wishes) machines() error {
	if w.image != "" {
		w.options.Machines = &fakeaws.Docker{Image: w.image, Load: w.load, Minute: w.minute, Broken: w.broken}
		return nil
	}
	if w.answers == "" {
		return nil
	}
	b, err := os.ReadFile(w.answers)
	if err != nil {
		return err
	}
	var table []fakeaws.Answer
	if err := json.Unmarshal(b, &table); err != nil {
		return fmt.Errorf("%s: %w", w.answers, err)
	}
	w.options.Script, err = fakeaws.Answers(table)
	return err
}

func run(ctx context.Context, args []string, s streams) int {
	w, err := read(args, s.err)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(s.err, "fakeaws: %v\n", err)
		return 2
	}
	var faults []fakeaws.Fault
	for _, f := range w.faults {
		var one fakeaws.Fault
		if err := json.Unmarshal([]byte(f), &one); err != nil {
			fmt.Fprintf(s.err, "fakeaws: fault %s: %v\n", f, err)
			return 2
		}
		faults = append(faults, one)
	}
	c, err := fakeaws.Start(w.options)
	if err != nil {
		fmt.Fprintf(s.err, "fakeaws: %v\n", err)
		return 1
	}
	for _, p := range w.profiles {
		c.SeedProfile(p)
	}
	foreign := map[string][2]string{}
	for _, region := range w.foreigns {
		instance, group := c.SeedForeign(region, map[string]string{"Name": "somebody else's"})
		foreign[region] = [2]string{instance, group}
	}
	c.Inject(faults...)
	_ = json.NewEncoder(s.out).Encode(map[string]any{"url": c.URL(), "control": c.URL() + fakeaws.ControlPath, "foreign": foreign}) // a reader that has gone ends us below
	wait(ctx, s.in)
	if err := c.Close(); err != nil {
		fmt.Fprintf(s.err, "fakeaws: %v\n", err)
		return 1
	}
	return 0
}

// wait returns on a signal, or when nobody holds our input open any more.
func wait(ctx context.Context, in io.Reader) {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(ended)
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	}
}
