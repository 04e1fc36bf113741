package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/session"
)

// settings are the command line of run and size. What plan.Table lists is
// merged with the environment and the script's options by package plan; the
// rest is about this process alone.
type settings struct {
	mode  plan.Mode
	given map[string]string // settings given as flags, by name
	source
	env     []string // NAME=VALUE, or NAME
	secret  []string // as env, and their values are written nowhere
	monitor []string // what to watch of the target; none: what listens at the script's SERVER_URL
	output  string
	demo    string // model; demoRandom: drawn at random; "": no demo target
	quiet   bool
	explain bool // show the settings and end
	show    output
	machine *record.Machine // the target's, where it is known

	classicOnly bool           // of plan.Classic: no controller after Molotov's ramp
	former      *record.Sizing // of plan.Size: the answer to check again
}

// demoRandom is what a bare --demo means.
const demoRandom = "random"

// flags declares a flag for each setting that means something in one of the modes.
func (o *settings) flags(c *cobra.Command, modes ...plan.Mode) {
	o.given = map[string]string{}
	f := c.Flags()
	for _, spec := range plan.Table() {
		if spec.Modes != nil && !slices.ContainsFunc(modes, func(m plan.Mode) bool { return slices.Contains(spec.Modes, m) }) {
			continue
		}
		doc := spec.Doc
		if d := spec.DefaultIn(modes[0]); d != "" && spec.Kind != plan.Switch {
			doc += " (default " + d + ")"
		}
		for i, name := range append([]string{spec.Name}, spec.Aliases...) {
			short := ""
			if i == 0 {
				short = spec.Short
			}
			flag := f.VarPF(setting{o, spec}, name, short, doc)
			flag.Hidden = i > 0
			if spec.Kind == plan.Switch {
				flag.NoOptDefVal = "true"
			}
		}
	}
	f.VarP(repeated{&o.env, "name[=value]"}, "env", "e", "NAME=VALUE for the script's __ENV, or NAME to pass one on")
	f.Var(repeated{&o.secret, "name[=value]"}, "secret", "as --env; the value is kept out of the record, the report and the log")
	f.VarP(repeated{&o.monitor, "source"}, "monitor", "m", "what to watch of the target: auto, host, pid=N, name=X, port=N, container=X, glances=URL, none")
	f.VarP(named{&o.output, "file"}, "output", "o", "the record's file (default: in the state folder, the last 20 are kept)")
	f.Var(named{&o.demo, "model"}, "demo", "load the built-in target, of random capacity or as MODEL:REQUESTS_PER_S")
	f.Lookup("demo").NoOptDefVal = demoRandom
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress on stderr")
	f.BoolVar(&o.explain, "show-config", false, "print each setting's value and source, and end")
	f.Var(machineFlag{&o.machine}, "machine", "the target's machine for the record, as JSON")
	o.show.flags(c)
	o.source.flags(c)
	markRare(f, "arrivals", "max-vus", "grace", "seed", "delay", "backoff", "fail-on", "resolution", "soak", "per-scenario",
		"target-load", "ramp-up", "secret", "machine", "classic-only", "full", "show-config", "max", "max-regression")
}

// named is a text flag that says in the help what it takes.
type named struct {
	value *string
	kind  string
}

func (n named) String() string {
	if n.value == nil {
		return ""
	}
	return *n.value
}
func (n named) Set(text string) error { *n.value = text; return nil }
func (n named) Type() string          { return n.kind }

// repeated is a flag that may be repeated.
type repeated struct {
	values *[]string
	kind   string
}

func (l repeated) String() string        { return "" }
func (l repeated) Set(text string) error { *l.values = append(*l.values, text); return nil }
func (l repeated) Type() string          { return l.kind }

// setting is a flag of plan.Table. A list's may be repeated.
type setting struct {
	of   *settings
	spec plan.Spec
}

func (s setting) String() string { return "" }
func (s setting) Type() string   { return string(s.spec.Kind) }

func (s setting) Set(text string) error {
	if err := s.spec.Check(text); err != nil {
		return err
	}
	if before, ok := s.of.given[s.spec.Name]; ok && (s.spec.Kind == plan.List || s.spec.Kind == plan.Ramp) {
		text = before + "," + text
	}
	s.of.given[s.spec.Name] = text
	return nil
}

var _ pflag.Value = setting{}

// session is what the command line says of a session.
func (o *settings) session(ctx context.Context, p process) session.Options {
	made := session.Options{
		Script: o.script, Within: o.root, Mode: o.mode, Settings: o.given, Test: o.test,
		Env: o.env, Secret: o.secret, Environ: p.environ(), Monitor: o.monitor, ClassicOnly: o.classicOnly, From: o.former,
		Command: slices.Concat([]string{"plimsoll"}, p.args), Repository: o.repository, Machine: o.machine,
	}
	switch o.demo {
	case "":
	case demoRandom:
		made.Demo = demoTarget(ctx, p, "")
	default:
		made.Demo = demoTarget(ctx, p, o.demo)
	}
	return made
}

// showConfig prints each setting with its source.
func (o *settings) showConfig(p process, list []plan.Setting) error {
	if o.show.json {
		return json.NewEncoder(p.stdout).Encode(list)
	}
	for _, v := range list {
		fmt.Fprintf(p.stdout, "%-14s %-32s %s\n", v.Name, v.Value, v.Source)
	}
	return nil
}
