package main

import (
	"reflect"
	"slices"
	"testing"

	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// ownFlags are those of run and size that `plimsoll remote` does not hand on, and why.
var ownFlags = map[string]string{
	"help":        "each program has its own",
	"monitor":     "remote knows the machine's Glances",
	"output":      "remote keeps the records of all machines in its own folder",
	"machine":     "remote knows it",
	"demo":        "the target is on the machine",
	"show-config": "remote plan tells what would be done",
	"json":        "remote shows the results of all machines itself",
	"full":        "as json",
	"md":          "as json",
	"html":        "as json",
	"force":       "of the files that remote writes itself",
	"summary":     "as json",
	"from":        "a former answer is of another machine",

	"max-regression": "as from",
	"sizing":         "remote has size",
	"classic-only":   "as sizing",
}

// TestEachFlagIsHandedOnOrSaysWhyNot fails when run or size gain a flag that plimsoll-remote, which declares its flags
// from the same tables, does not know.
func TestEachFlagIsHandedOnOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	p, _, _ := world(t)
	settings := slices.DeleteFunc(cli.Settings(plan.Run, plan.Size, plan.Classic), func(f cli.Flag) bool { return f.Setting.Needs == plan.NeedFormer })
	handed := append(settings, cli.Sources()...)
	for _, c := range newRoot(p).Commands() {
		if c.Name() != "run" && c.Name() != "size" {
			continue
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			shared := slices.ContainsFunc(handed, func(x cli.Flag) bool { return x.Name == f.Name })
			if own := ownFlags[f.Name] != ""; own == shared {
				t.Errorf("%s --%s: in the tables of package cli: %t, in ownFlags: %t; want one of both", c.Name(), f.Name, shared, own)
			}
		})
	}
}

func TestEachFlagOfTheTableReachesTheSource(t *testing.T) {
	t.Parallel()
	var o settings
	for _, flag := range cli.Sources() {
		text := "x"
		switch {
		case flag.Bare:
			text = "true"
		case flag.Check(text) != nil:
			text = "1"
		}
		before := o.source
		v := o.value(flag.Name)
		if v == nil {
			t.Fatalf("nobody takes --%s", flag.Name)
		}
		if err := v.Set(text); err != nil {
			t.Errorf("--%s=%s: %v", flag.Name, text, err)
		}
		if same(before, o.source) {
			t.Errorf("--%s=%s changed nothing", flag.Name, text)
		}
	}
}

// same compares what flags set.
func same(a, b source) bool { return reflect.DeepEqual(a, b) }
