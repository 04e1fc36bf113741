package jsapi

import (
	"fmt"
	"strings"
)

// Reference returns the reference page, in Markdown.
func Reference(modules []Module) string {
	var b strings.Builder
	modules = shown(modules)
	b.WriteString("<!-- Generated from the tables of the modules: go generate ./jsapi -->\n# Script API\n\n")
	b.WriteString("| module | also | exports |\n|---|---|---|\n")
	for _, m := range modules {
		var names []string
		for _, e := range m.Entries {
			names = append(names, fmt.Sprintf("[%s](#%s)", e.Name, anchor(m, e)))
		}
		title := "`" + m.Name + "`"
		if m.Global {
			title = m.Name
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", title, code(m.Aliases), strings.Join(names, " "))
	}
	b.WriteString("\n`plimsoll types` prints all of it as TypeScript declarations.\n")
	for _, m := range modules {
		m.write(&b)
	}
	return b.String()
}

func (m Module) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", m.Name, strings.TrimSpace(m.Doc))
	for _, e := range m.Entries {
		fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n### %s\n\n```ts\n", anchor(m, e), e.Name)
		switch e.Kind {
		case KindClass:
			fmt.Fprintf(b, "class %s%s\n", e.Name, e.body())
		case KindFunction, KindValue:
			for _, sig := range e.signatures() {
				fmt.Fprintf(b, "%s%s\n", e.Name, sig)
			}
		}
		fmt.Fprintf(b, "```\n%s\n", strings.TrimSpace(e.Doc))
	}
	if m.Types != "" {
		fmt.Fprintf(b, "\n### Types of %s\n\n```ts\n%s\n```\n", m.Name, strings.TrimSpace(m.Types))
	}
}

// anchor is unique over all modules.
func anchor(m Module, e Entry) string {
	return strings.ReplaceAll(m.Name, "/", "-") + "-" + strings.ToLower(e.Name)
}

func code(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}
