package cli

import (
	"github.com/spf13/pflag"
)

// Given says whether a flag was given, and not as false.
func Given(f *pflag.FlagSet, name string) bool {
	flag := f.Lookup(name)
	return flag != nil && flag.Changed && flag.Value.String() != "false"
}

// Together refuses flags of a command that change nothing without another one.
func Together(f *pflag.FlagSet, command, with string, flags ...string) error {
	for _, name := range flags {
		if Given(f, name) && !Given(f, with) {
			return Usage("it belongs to `plimsoll "+command+" --"+with+"`", "%s: --%s has no effect without --%s", command, name, with)
		}
	}
	return nil
}

// Apart refuses flags of a command that change nothing beside another one.
func Apart(f *pflag.FlagSet, command, beside string, flags ...string) error {
	for _, name := range flags {
		if Given(f, name) && Given(f, beside) {
			return Usage("it belongs to `plimsoll "+command+"` without --"+beside, "%s: --%s has no effect with --%s", command, name, beside)
		}
	}
	return nil
}
