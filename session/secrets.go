package session

import (
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// secrets are values that must not be written anywhere: those of --secret.
type secrets []string

// secretMark stands for a secret.
const secretMark = "***"

// shortestSecret is how long a value must be to be looked for: a shorter one would blot out ordinary text.
const shortestSecret = 4

// secretsOf collects the values of variables that were marked, from what the script sees.
func secretsOf(marked []string, env map[string]string) secrets {
	var list secrets
	for _, pair := range marked {
		name, _, _ := strings.Cut(pair, "=")
		if value := env[name]; len(value) >= shortestSecret {
			list = append(list, value)
		}
	}
	return list
}

// hide replaces the secrets in a text.
func (s secrets) hide(text string) string {
	for _, value := range s {
		text = strings.ReplaceAll(text, value, secretMark)
	}
	return text
}

// hideIn replaces them in the texts of a row that come from the script or from servers.
func (s secrets) hideIn(row any) {
	if len(s) == 0 {
		return
	}
	switch row := row.(type) {
	case *record.Run:
		for i := range row.Command {
			row.Command[i] = s.hide(row.Command[i])
		}
	case *record.Names:
		for i := range row.Failures {
			row.Failures[i].Message = s.hide(row.Failures[i].Message)
			row.Failures[i].Target = s.hide(row.Failures[i].Target)
		}
		for i := range row.Endpoints {
			row.Endpoints[i].Name = s.hide(row.Endpoints[i].Name)
		}
	case *record.Event:
		row.Message = s.hide(row.Message)
	case *record.Error:
		row.Detail = s.hide(row.Detail)
	case *record.End:
		row.Reason = s.hide(row.Reason)
	}
}
