package jsapi

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed globals.d.ts
var globals string

// DTS returns plimsoll.d.ts: the TypeScript declarations of the modules and of
// the globals. It brings ES2023 and no DOM; since TypeScript 6 the latter
// needs "lib" in the project's settings, as those of `plimsoll new` have it.
func DTS(modules []Module) string {
	var b strings.Builder
	b.WriteString("// Generated from the tables of the modules in jsapi. Save it beside your scripts for completion and type checks.\n")
	b.WriteString("/// <reference no-default-lib=\"true\" />\n/// <reference lib=\"es2023\" />\n\n")
	b.WriteString(globals)
	for _, m := range modules {
		fmt.Fprintf(&b, "\ndeclare module '%s' {\n", m.Name)
		indent(&b, "  ", strings.TrimSpace(m.Types))
		for _, e := range m.Entries(nil) {
			b.WriteByte('\n')
			for _, line := range e.declarations() {
				indent(&b, "  ", comment(e.Doc)+line+";")
			}
		}
		fmt.Fprintf(&b, "\n  const module: typeof import('%s');\n  export default module;\n}\n", m.Name)
		for _, alias := range m.Aliases {
			fmt.Fprintf(&b, "\ndeclare module '%s' {\n  export * from '%s';\n  export { default } from '%s';\n}\n", alias, m.Name, m.Name)
		}
	}
	return b.String()
}

// declarations are the entry as TypeScript, one for each line of Sig.
func (e Entry) declarations() []string {
	var list []string
	for sig := range strings.SplitSeq(e.Sig, "\n") {
		sig = strings.TrimSuffix(sig, ";")
		keyword := "function"
		if e.isValue() {
			keyword = "const"
		}
		list = append(list, "export "+keyword+" "+e.Name+sig)
	}
	return list
}

// isValue tells a value (": string") from a function ("(url: string): Response").
func (e Entry) isValue() bool { return strings.HasPrefix(e.Sig, ":") }

func comment(doc string) string {
	doc = strings.ReplaceAll(strings.TrimSpace(doc), "*/", "*\\/")
	return "/** " + strings.ReplaceAll(doc, "\n", "\n * ") + " */\n"
}

func indent(b *strings.Builder, by, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" {
			b.WriteString(by + line)
		}
		b.WriteByte('\n')
	}
}
