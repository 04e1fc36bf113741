package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
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
	monitor []string // what to watch of the target; none: what listens at the script's SERVER_URL
	output  string
	demo    string // model; demoRandom: drawn at random; "": no demo target
	explain bool   // show the settings and end
	show    output
	machine *record.Machine // the target's, where it is known

	classicOnly bool           // of plan.Classic: no controller after Molotov's ramp
	from        string         // of plan.Size: the file of the answer to check again
	former      *record.Sizing // of plan.Size: that answer
}

// demoRandom is what a bare --demo means.
const demoRandom = "random"

// flags declares a flag for each setting that means something in one of the modes.
func (o *settings) flags(c *cobra.Command, modes ...plan.Mode) {
	o.given = map[string]string{}
	f := c.Flags()
	cli.Declare(f, cli.Settings(modes...), o.set)
	cli.Declare(f, cli.Sources(), func(flag cli.Flag, text string) error { return o.value(flag.Name).Set(text) })
	f.VarP(cli.Repeated(&o.monitor, "source"), "monitor", "m", "what to watch of the target: "+monitor.Forms()+", none")
	f.VarP(cli.Text(&o.output, "file"), "output", "o", "the record's file (default: in the state folder, the last 20 are kept)")
	f.Var(cli.Text(&o.demo, "model"), "demo", "load the built-in target, of random capacity or as MODEL:REQUESTS_PER_S")
	f.Lookup("demo").NoOptDefVal = demoRandom
	f.BoolVar(&o.explain, "show-config", false, "print each setting's value and source, and end")
	f.Var(cli.Func("json", o.setMachine), "machine", "the target's machine for the record, as JSON")
	o.show.flags(c)
	cli.MarkRare(f, "machine", "full", "show-config")
}

// ready refuses what would change nothing, and finds the script.
func (o *settings) ready(c *cobra.Command, p process, arg string) error {
	if err := errors.Join(
		cli.Together(c.Flags(), c.Name(), "repo", cli.OfRepo()...),
		o.show.effects(c),
	); err != nil {
		return err
	}
	return o.find(c.Context(), p, arg)
}

// set takes a setting's text. A list's may be repeated.
func (o *settings) set(flag cli.Flag, text string) error {
	spec := flag.Setting
	o.given[spec.Name] = spec.Join(o.given[spec.Name], text)
	return nil
}

// setMachine takes the target's machine as a JSON object: plimsoll-remote knows it, and others may.
func (o *settings) setMachine(text string) error {
	read := json.NewDecoder(strings.NewReader(text))
	read.DisallowUnknownFields()
	if err := read.Decode(&o.machine); err != nil {
		return fmt.Errorf(`it is an object like {"type":"t3.small","region":"eu-west-1","price_per_hour":0.02,"currency":"USD"}: %w`, err)
	}
	return nil
}

// session is what the command line says of a session.
func (o *settings) session(ctx context.Context, p process) session.Options {
	made := session.Options{
		Script: o.script, Within: o.root, Mode: o.mode, Settings: o.given, Test: o.test,
		Env: o.env, Secret: o.secret, Environ: p.environ(), Monitor: o.monitor, ClassicOnly: o.classicOnly, From: o.former,
		Warnings: o.notes,
		Command:  slices.Concat([]string{"plimsoll"}, p.args), Repository: o.repository, Machine: o.machine,
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
