package globals

import (
	"encoding/base64"
	"strings"

	"github.com/dop251/goja"
)

func (m *instance) btoa(call goja.FunctionCall) goja.Value {
	text := m.text(call.Argument(0), "text")
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			m.Throw("text has characters beyond Latin-1: encode it first, as with TextEncoder")
		}
		raw = append(raw, byte(r))
	}
	return m.VM.ToValue(base64.StdEncoding.EncodeToString(raw))
}

func (m *instance) atob(call goja.FunctionCall) goja.Value {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\f\r", r) {
			return -1
		}
		return r
	}, m.text(call.Argument(0), "base64"))
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		m.Throw("base64 is wrong: %v", err)
	}
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return m.VM.ToValue(string(runes))
}

// text is an argument as text, as JavaScript makes it of any value; an object
// of which it makes "[object …]" is no text.
func (m *instance) text(v goja.Value, what string) string {
	m.Reading(what, "", "")
	if _, symbol := v.(*goja.Symbol); symbol {
		m.Wrong(v, "text")
	}
	text := v.String()
	if _, isObject := v.(*goja.Object); isObject && strings.HasPrefix(text, "[object ") {
		m.Wrong(v, "text")
	}
	m.Read()
	return text
}
