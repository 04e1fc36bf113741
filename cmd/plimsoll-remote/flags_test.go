package main

import (
	"testing"

	"github.com/spf13/cobra"
)

// TestFlagsOfPlimsollAreHandedOn sets each of them, and wants it as it was given.
func TestFlagsOfPlimsollAreHandedOn(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"run", "size"} {
		l := &load{}
		c := &cobra.Command{}
		l.flags(c.Flags(), mode)
		for _, flag := range handedOn(mode) {
			text := ""
			for _, try := range []string{"x", "1", "1s", "1%", "1/s", "true", "1s:1", "none", "vus", "even", "checks", "p(95)<1s"} {
				if flag.Check(try) == nil {
					text = try
					break
				}
			}
			name := flag.Name
			if flag.Setting != nil {
				name = flag.Setting.Name
			}
			err := c.Flags().Set(flag.Name, text)
			if want := "--" + name + "=" + text; err != nil || len(l.given) == 0 || l.given[len(l.given)-1] != want {
				t.Errorf("%s: %v, %v; want %s handed on", mode, l.given, err, want)
			}
		}
	}
}
