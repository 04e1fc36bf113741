package repo_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

// Whatever a file holds: a project whose tests can be had, or an error with a
// position, an exit code and no panic.
func FuzzParseProject(f *testing.F) {
	for _, seed := range []string{
		full, projectFile, "", "{}", "{\"tests\": {\"a\": {\"script\": \"a.py\"}}}", "\xef\xbb\xbf{}", "{\"a\":1,\"a\":2}", "[[[", "{\"tests\":{\"a\":{\"script\":\"a.js\",\"options\":{\"vus\":1e999}}}}",
		"{\"tests\":{\"\\ud800\":{\"script\":\"\\u0000\"}}}", "{,}", "nul", "1 2",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := repo.ParseProject("p.json", data)
		if err != nil {
			e, ok := err.(interface{ ExitCode() int })
			if !ok || e.ExitCode() != 2 && e.ExitCode() != 3 || !strings.HasPrefix(err.Error(), "p.json") {
				t.Fatalf("%T without exit code or file: %v", err, err)
			}
			return
		}
		for _, name := range p.Names() {
			test, err := p.Test(name)
			if err != nil || test.Script == "" {
				t.Fatalf("test %q: %+v, %v", name, test, err)
			}
		}
	})
}
