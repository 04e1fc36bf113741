package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestEachProgramCarriesOnlyItsOwn keeps the SDK out of plimsoll, which everybody compiles, and the engine out of this program.
func TestEachProgramCarriesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	for program, foreign := range map[string][]string{
		"../plimsoll": {"github.com/aws/", "github.com/plimsoll-load/plimsoll/remote"},
		".": {
			"github.com/dop251/goja", "github.com/valyala/fasthttp", "github.com/plimsoll-load/plimsoll/sizing", "github.com/plimsoll-load/plimsoll/jsapi",
			"github.com/plimsoll-load/plimsoll/runtime/engine", "github.com/plimsoll-load/plimsoll/remote/fakeaws",
		},
	} {
		list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", program).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range foreign {
			for name := range strings.Lines(string(list)) {
				if strings.HasPrefix(name, f) {
					t.Errorf("%s is made of %s", program, strings.TrimSpace(name))
				}
			}
		}
	}
}
