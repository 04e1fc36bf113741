package cli

import (
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// Flag is a flag of `plimsoll run` and `plimsoll size` that `plimsoll remote`
// knows, too, and hands on as it is. Both programs declare them from the same
// tables: [Settings] and [Sources].
type Flag struct {
	Name  string
	Short string
	Kind  string // what the help calls its value
	Doc   string
	Bare  bool // it may stand without a value, which is true then

	rare, hidden bool
	Setting      *plan.Spec // of Settings; nil: of Sources
}

// Check says what is wrong with a value; nil where only the program that uses it can say.
func (f Flag) Check(text string) error {
	switch {
	case f.Setting != nil:
		return f.Setting.Check(text)
	case f.Bare:
		_, err := strconv.ParseBool(text)
		return err
	case f.Name == "max-repo-size":
		_, err := parseBytes(text)
		return err
	}
	return nil
}

// rareSettings need not be in a first look at a command's help.
var rareSettings = []string{
	"arrivals", "max-vus", "grace", "seed", "delay", "backoff", "fail-on", "resolution", "soak", "per-scenario",
	"target-load", "ramp-up", "max", "max-regression",
}

// Settings are the flags of the plan's settings that mean something in one of the modes; defaults are those of the first.
func Settings(modes ...plan.Mode) (list []Flag) {
	for _, spec := range plan.Table() {
		if spec.Modes != nil && !slices.ContainsFunc(modes, func(m plan.Mode) bool { return slices.Contains(spec.Modes, m) }) {
			continue
		}
		flag := Flag{
			Name: spec.Name, Short: spec.Short, Kind: string(spec.Kind), Doc: spec.Doc, Bare: spec.Kind == plan.Switch,
			rare: slices.Contains(rareSettings, spec.Name), Setting: &spec,
		}
		if d := spec.DefaultIn(modes[0]); d != "" && spec.Kind != plan.Switch {
			flag.Doc += " (default " + d + ")"
		}
		list = append(list, flag)
		for _, alias := range spec.Aliases {
			flag.Name, flag.Short, flag.hidden = alias, "", true
			list = append(list, flag)
		}
	}
	return list
}

// OfRepo are the flags of [Sources] that change nothing without --repo.
func OfRepo() []string {
	return []string{"ref", "dir", "install", "submodules", "offline", "allow-file", "max-repo-size"}
}

// Sources are the other flags that are handed on: where the script comes from, and what it sees.
func Sources() []Flag {
	return []Flag{
		{Name: "repo", Kind: "url", Doc: "take the named test from this git repository"},
		{Name: "ref", Kind: "ref", Doc: "of --repo: a branch, a tag or a whole commit id", rare: true},
		{Name: "dir", Kind: "folder", Doc: "of --repo: the folder that has plimsoll.json", rare: true},
		{Name: "install", Kind: "bool", Bare: true, rare: true, Doc: "of --repo: install npm packages from the lock file (no script of theirs is run)"},
		{Name: "submodules", Kind: "bool", Bare: true, rare: true, Doc: "of --repo: clone its submodules, too (https or ssh, with your credentials)"},
		{Name: "offline", Kind: "bool", Bare: true, rare: true, Doc: "of --repo: use what was cloned before, and no network"},
		{Name: "allow-file", Kind: "bool", Bare: true, rare: true, Doc: "of --repo: allow file:// URLs"},
		{Name: "max-repo-size", Kind: "size", rare: true, Doc: "of --repo: the most bytes that a clone may have (default 256MiB)"},
		{Name: "env", Short: "e", Kind: "name[=value]", Doc: "NAME=VALUE for the script's __ENV, or NAME to pass one on"},
		{Name: "secret", Kind: "name[=value]", rare: true, Doc: "as --env; the value is kept out of the record, the report and the log"},
		{Name: "quiet", Short: "q", Kind: "bool", Bare: true, Doc: "no progress on stderr; warnings and what the script writes stay"},
	}
}

// Declare declares flags; set takes the text of one that was given, after it was checked.
func Declare(f *pflag.FlagSet, flags []Flag, set func(flag Flag, text string) error) {
	for _, x := range flags {
		flag := f.VarPF(Func(x.Kind, func(text string) error {
			if err := x.Check(text); err != nil {
				return err
			}
			return set(x, text)
		}), x.Name, x.Short, x.Doc)
		flag.Hidden = x.hidden
		if x.Bare {
			flag.NoOptDefVal = "true"
		}
		if x.rare {
			MarkRare(f, x.Name)
		}
	}
}
