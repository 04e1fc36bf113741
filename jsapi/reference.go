package jsapi

import (
	"fmt"
	"strings"
)

// Reference returns the reference page, in Markdown.
func Reference(modules []Module) string {
	var b strings.Builder
	b.WriteString("<!-- Generated from the tables of the modules: go generate ./jsapi -->\n# Script API\n\n")
	b.WriteString("| module | also | exports |\n|---|---|---|\n")
	for _, m := range modules {
		var names []string
		for _, e := range m.Entries(nil) {
			names = append(names, fmt.Sprintf("[%s](#%s)", e.Name, anchor(m, e)))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Name, code(m.Aliases), strings.Join(names, " "))
	}
	b.WriteString("\nThe globals are at the [end](#globals). `plimsoll types` prints all of it as TypeScript declarations.\n")
	for _, m := range modules {
		m.write(&b)
	}
	fmt.Fprintf(&b, "\n## Globals\n\n```ts\n%s```\n", globals)
	return b.String()
}

func (m Module) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", m.Name, strings.TrimSpace(m.Doc))
	for _, e := range m.Entries(nil) {
		fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n### %s\n\n```ts\n", anchor(m, e), e.Name)
		for sig := range strings.SplitSeq(e.Sig, "\n") {
			fmt.Fprintf(b, "%s%s\n", e.Name, strings.TrimSuffix(sig, ";"))
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
