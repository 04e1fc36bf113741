package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// TestAForeignPageIsRefusedBeforeItCosts names a file of somebody else's for the page.
func TestAForeignPageIsRefusedBeforeItCosts(t *testing.T) {
	t.Parallel()
	r := newRegion(t, fakeaws.Options{})
	page := filepath.Join(r.dir, "mine.html")
	if err := os.WriteFile(page, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := r.run(r.sizing("--html=" + page)...)
	if got.code != exit.Usage || !strings.Contains(got.stderr, "is no page of plimsoll") || len(r.Calls()) > 0 {
		t.Errorf("exit status %d after %d calls: %s", got.code, len(r.Calls()), got.stderr)
	}
	if got := r.run(r.sizing("--html="+page, "--force")...); got.code != 0 || !strings.Contains(got.stdout, "--force") {
		t.Errorf("exit status %d: %s%s", got.code, got.stdout, got.stderr)
	}
}
