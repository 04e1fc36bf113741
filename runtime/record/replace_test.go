package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplaceEndKeepsAllOtherLines(t *testing.T) {
	t.Parallel()
	const (
		head  = `{"type":"run","row":{"schema_version":1,"mode":"size"}}`
		other = `{"type":"of-a-later-version","row":{"a": 1}}`
	)
	for name, test := range map[string]struct{ before, kept string }{
		"a whole record":         {head + "\n" + other + "\n" + `{"type":"end","row":{"at_s":7,"verdict":"found"}}` + "\n", head + "\n" + other + "\n"},
		"one that has no end":    {head + "\n" + other + "\n", head + "\n" + other + "\n"},
		"one that has two of it": {head + "\n" + `{"type":"end","row":{}}` + "\n" + other + "\n" + `{"type":"end","row":{}}` + "\n", head + "\n" + other + "\n"},
	} {
		path := filepath.Join(t.TempDir(), "record.jsonl")
		if err := os.WriteFile(path, []byte(test.before), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := ReplaceEnd(path, &End{AtS: 7, Verdict: "unstable", ExitCode: 5}, []string{"it is not about the service"}); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tail, ok := strings.CutPrefix(string(got), test.kept)
		lines := strings.Split(strings.TrimSpace(tail), "\n")
		if !ok || len(lines) != 2 || !strings.Contains(lines[0], "it is not about the service") || !strings.Contains(lines[1], `"verdict":"unstable"`) {
			t.Errorf("%s: it became\n%s", name, got)
		}
	}
}
