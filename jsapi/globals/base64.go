package globals

import (
	"encoding/base64"
	"strings"

	"github.com/dop251/goja"
)

func (m *instance) btoa(call goja.FunctionCall) goja.Value {
	text := call.Argument(0).String()
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			m.Throw("btoa: the text has characters beyond Latin-1: encode it first, as with TextEncoder")
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
	}, call.Argument(0).String())
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		m.Throw("atob: this is not base64: %v", err)
	}
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return m.VM.ToValue(string(runes))
}
