package all_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
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
	identifier := regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)
	seen := map[string]bool{}
	for _, m := range all.Modules() {
		for _, name := range append([]string{m.Name}, m.Aliases...) {
			if seen[name] {
				t.Errorf("there are two modules named %s", name)
			}
			seen[name] = true
		}
		if m.Doc == "" {
			t.Errorf("%s has no Doc", m.Name)
		}
		names := map[string]bool{}
		for _, e := range m.Entries(nil) {
			switch {
			case !identifier.MatchString(e.Name), names[e.Name]:
				t.Errorf("%s: %q is not an identifier of its own", m.Name, e.Name)
			case e.Doc == "", e.Sig == "", e.Value == nil:
				t.Errorf("%s: %s lacks Sig, Doc or Value", m.Name, e.Name)
			}
			names[e.Name] = true
		}
	}
}

func TestDeclarationsParse(t *testing.T) {
	dts := jsapi.DTS(all.Modules())
	for _, m := range all.Modules() {
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
