package all_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/jsapi/globals"
	"github.com/plimsoll-load/plimsoll/runtime/script"
)

var update = flag.Bool("update", false, "write the generated files")

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	for file, want := range map[string]string{
		"../plimsoll.d.ts": jsapi.DTS(all.Modules()),
		"../README.md":     jsapi.Reference(all.Modules()),
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the tables say (%v): run go generate ./jsapi", file, err)
		}
	}
}

func TestEachEntryIsDescribed(t *testing.T) {
	if _, err := jsapi.NewBinder(all.Modules()); err != nil {
		t.Error(err)
	}
	for _, m := range all.Modules() {
		if m.Doc == "" && !m.Internal {
			t.Errorf("%s has no Doc", m.Name)
		}
		for _, e := range m.Entries {
			for _, part := range append([]jsapi.Entry{e}, e.Methods...) {
				if part.Doc == "" || part.Sig == "" {
					t.Errorf("%s: %s lacks Sig or Doc", m.Name, part.Name)
				}
			}
		}
	}
}

func TestDeclarationsParse(t *testing.T) {
	dts := jsapi.DTS(all.Modules())
	for _, m := range all.Modules() {
		if m.Global || m.Internal {
			continue
		}
		for _, name := range append([]string{m.Name}, m.Aliases...) {
			if !strings.Contains(dts, "declare module '"+name+"' {") {
				t.Errorf("%s is not declared", name)
			}
		}
	}
	result := api.Transform(dts, api.TransformOptions{Loader: api.LoaderTS, Sourcefile: "plimsoll.d.ts"})
	for _, e := range result.Errors {
		t.Errorf("line %d: %s\n%s", e.Location.Line, e.Text, e.Location.LineText)
	}
}

func TestEachGuardThatScriptsAskForIsThere(t *testing.T) {
	var there []string
	for _, e := range globals.Guards().Entries {
		there = append(there, e.Name)
	}
	asked := script.Guards()
	slices.Sort(there)
	slices.Sort(asked)
	if !slices.Equal(there, asked) {
		t.Errorf("there are %q, scripts ask for %q", there, asked)
	}
}
