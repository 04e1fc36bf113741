package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/runtime/target"
)

// undescribed lists the names that declarations do not have, or have without a line of documentation above.
func undescribed(declarations string, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		declared := regexp.MustCompile(`\*/\n *(export|declare) (function|const|var|class) ` + regexp.QuoteMeta(name) + `\b`)
		return declared.MatchString(declarations)
	})
}

// module is a module's part of the declarations.
func moduleTypes(dts, name string) string {
	_, part, _ := strings.Cut(dts, "declare module '"+name+"' {\n")
	part, _, _ = strings.Cut(part, "\n}\n")
	return part
}

// What a module exports to scripts is declared in plimsoll.d.ts, with its doc line.
func TestEveryExportHasATypeAndADocLine(t *testing.T) {
	t.Parallel()
	dts := jsapi.DTS(all.Modules())
	for _, m := range all.Modules() {
		if m.Internal {
			continue
		}
		var names []string
		for _, e := range m.Entries {
			names = append(names, e.Name)
		}
		declarations := dts
		if !m.Global {
			declarations = moduleTypes(dts, m.Name)
		}
		if lacking := undescribed(declarations, names); len(names) == 0 || len(lacking) > 0 {
			t.Errorf("%s: of %d exports %q lack a type or a doc line", m.Name, len(names), lacking)
		}
	}
	for _, broken := range []string{
		"  /** Sends. */\n  export function post(): void;",
		"  export function get(): void;",
		"  /** Sends. */\n\n  export function get(): void;",
		"  /** Sends. */\n  export function getAll(): void;",
	} {
		if lacking := undescribed(broken, []string{"get"}); len(lacking) != 1 {
			t.Errorf("it is not seen that get lacks a type or a doc line in %q", broken)
		}
	}
}

// What a script finds in the objects that it is given is what their types say: no more, no less.
func TestObjectsHaveTheMembersOfTheirTypes(t *testing.T) {
	t.Parallel()
	server, err := target.Start(context.WithoutCancel(t.Context()), target.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	p, stdout, stderr := world(t, "run", filepath.Join("testdata", "members.js"), "--iterations=1", "--json")
	p.environ = func() []string { return []string{"SERVER_URL=" + server.URL()} }
	if code := p.main(); code != 0 {
		t.Fatalf("exit status %d\n%s\n%s", code, stdout, stderr)
	}
	_, line, _ := strings.Cut(stderr.String(), "members: ")
	line, _, _ = strings.Cut(line, "\n")
	var members map[string][]string
	if err := json.Unmarshal([]byte(line), &members); err != nil || len(members) < 7 {
		t.Fatalf("%v\n%s", err, stderr)
	}
	dts := jsapi.DTS(all.Modules())
	for name, got := range members {
		want := membersOf(dts, name)
		slices.Sort(got)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s has %q, and its type %q", name, got, want)
		}
	}
}

var memberName = regexp.MustCompile(`(?m)^ *(?:readonly )?([a-z]\w*)\??[(:]`)

// membersOf lists the members of an interface in the declarations.
func membersOf(dts, name string) []string {
	_, body, _ := strings.Cut(dts, "interface "+name+" {\n")
	body, _, _ = strings.Cut(body, "}\n")
	if name == "Context" {
		_, body, _ = strings.Cut(dts, "interface Context<D = any> {\n")
		body, _, _ = strings.Cut(body, "}\n")
	}
	var names []string
	for _, m := range memberName.FindAllStringSubmatch(body, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}
