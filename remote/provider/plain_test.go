package provider_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

func TestPlainTextIsShownAsItIsAndNothingElseIsObeyed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "",
		"a\tb\nc\n":                        "a\tb\nc\n",
		"é 漢字 🜚":                           "é 漢字 🜚",
		"\x1b[31mred\x1b[0m":               "red",
		"\x1b[2J\x1b[1;1Hgone":             "gone",
		"\x1b]0;a title\x07text":           "text",
		"\x1b]8;;http://x\x1b\\link":       "link",
		"\x1bPq#0\x1b\\text":               "text",
		"\u009b31mred":                     "red",
		"\x1bcreset":                       "reset",
		"\x1b(Bcharset":                    "charset",
		"\x1b":                             "\uFFFD",
		"bell\a back\b":                    "bell\uFFFD back\uFFFD",
		"a\x00b\x7f":                       "a\uFFFDb\uFFFD",
		"one\r\ntwo\r\n":                   "one\ntwo\n",
		"10 %\r20 %\r30 %\n":               "30 %\n",
		"plimsoll: all is well\rreal\n":    "real\n",
		"\xff\xfe":                         "\uFFFD",
		"a\u202eb\u200bc\u2066":            "abc",
		"\x1b]0;never closed\nsecond line": "\nsecond line",
		"x\u2028y":                         "xy",
	} {
		if got := provider.Plain(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestATailIsPlain(t *testing.T) {
	t.Parallel()
	if got := provider.Tail("a\n\x1b[2Jb\x07\nc\n", 2); got != "b\uFFFD\nc" {
		t.Errorf("got %q", got)
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("\x1b[31mred\x1b[0m\r\n\x1b]0;t\x07")
	f.Fuzz(func(t *testing.T, text string) {
		got := provider.Plain(text)
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }); i >= 0 {
			t.Errorf("%q has a control character at %d: %q", text, i, got)
		}
	})
}
