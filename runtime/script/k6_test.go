package script_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/script"
)

// What k6 has and this program has not is told while the script is loaded, with what to use instead.
func TestModulesOfK6AreToldWithWhatToUse(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"k6/data": "JSON.parse(open(", "k6/encoding": "btoa", "k6/crypto": "npm", "k6/crypto/x509": "npm", "k6/html": "npm",
		"k6/ws": "WebSockets", "k6/websockets": "WebSockets", "k6/experimental/websockets": "WebSockets", "k6/net/grpc": "gRPC",
		"k6/browser": "no browser", "k6/secrets": "--secret", "k6/experimental/fs": "open(path)", "k6/experimental/csv": "open(path)",
		"k6/experimental/redis": "no more", "k6/x/sql": "examples/custom",
		"k6/htpp": `did you mean "k6/http"`, "k6/experimental": "there are:",
	} {
		for _, use := range []string{"import x from '" + name + "'\nexport default () => x", "const x = require('" + name + "')\nexports.default = () => x"} {
			path := filepath.Join(t.TempDir(), "a.js")
			if err := os.WriteFile(path, []byte(use), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := script.Load(path, []script.Module{{Name: "plimsoll/http", Aliases: []string{"k6/http"}, Exports: []string{"get"}}})
			var hinted interface{ Hint() string }
			if err == nil || !errors.As(err, &hinted) || !strings.Contains(err.Error()+hinted.Hint(), want) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v, want %q", use, err, want)
			}
		}
	}
}
