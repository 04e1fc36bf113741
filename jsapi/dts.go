package jsapi

import (
	"fmt"
	"slices"
	"strings"
)

// DTS returns plimsoll.d.ts: the TypeScript declarations of the modules and of
// the globals. It brings ES2023 and no DOM; since TypeScript 6 the latter
// needs "lib" in the project's settings, as those of `plimsoll new` have it.
func DTS(modules []Module) string {
	var b strings.Builder
	modules = shown(modules)
	b.WriteString("// Generated from the tables of the modules in jsapi. Save it beside your scripts for completion and type checks.\n")
	b.WriteString("/// <reference no-default-lib=\"true\" />\n/// <reference lib=\"es2023\" />\n")
	for _, m := range modules {
		if m.Global {
			b.WriteByte('\n')
			m.declare(&b, "", "declare ")
		}
	}
	for _, m := range modules {
		if m.Global {
			continue
		}
		fmt.Fprintf(&b, "\ndeclare module '%s' {\n", m.Name)
		m.declare(&b, "  ", "export ")
		fmt.Fprintf(&b, "\n  const module: typeof import('%s');\n  export default module;\n}\n", m.Name)
		for _, alias := range m.Aliases {
			fmt.Fprintf(&b, "\ndeclare module '%s' {\n  export * from '%s';\n  export { default } from '%s';\n}\n", alias, m.Name, m.Name)
		}
	}
	return b.String()
}

// shown leaves out what is internal.
func shown(modules []Module) []Module {
	return slices.DeleteFunc(slices.Clone(modules), func(m Module) bool { return m.Internal })
}

// declare writes the types and the entries.
func (m Module) declare(b *strings.Builder, by, keyword string) {
	indent(b, by, strings.TrimSpace(m.Types))
	for _, e := range m.Entries {
		b.WriteByte('\n')
		for _, line := range e.declarations(m.Global) {
			indent(b, by, comment(e.Doc)+keyword+line)
		}
	}
}

// declarations are the entry as TypeScript, one for each line of a function's Sig.
func (e Entry) declarations(global bool) []string {
	switch {
	case e.Kind == KindValue && global: // a var is a property of globalThis, too
		return []string{"var " + e.Name + e.Sig + ";"}
	case e.Kind == KindValue:
		return []string{"const " + e.Name + e.Sig + ";"}
	case e.Kind == KindClass:
		return []string{"class " + e.Name + e.body()}
	}
	var list []string
	for _, sig := range e.signatures() {
		list = append(list, "function "+e.Name+sig+";")
	}
	return list
}

// signatures are the lines of Sig.
func (e Entry) signatures() []string {
	var list []string
	for sig := range strings.SplitSeq(e.Sig, "\n") {
		list = append(list, strings.TrimSuffix(sig, ";"))
	}
	return list
}

// body is a class after its name: its Sig with the methods put in before the last brace.
func (e Entry) body() string {
	var b strings.Builder
	if !strings.HasPrefix(e.Sig, "<") {
		b.WriteByte(' ')
	}
	b.WriteString(strings.TrimRight(strings.TrimSuffix(strings.TrimSpace(e.Sig), "}"), "\n"))
	for _, m := range e.Methods {
		for _, sig := range m.signatures() {
			b.WriteByte('\n')
			indent(&b, "  ", strings.TrimSuffix(comment(m.Doc), "\n"))
			if m.Kind == KindValue {
				b.WriteString("  readonly " + m.Name + sig + ";")
				continue
			}
			b.WriteString("  " + m.Name + sig + ";")
		}
	}
	b.WriteString("\n}")
	return b.String()
}

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
