//go:build real && linux

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// TestRealPlimsollLoadsAMachine lets the real program make the load: machines
// are the double's, and the service is a server of this test at their address.
func TestRealPlimsollLoadsAMachine(t *testing.T) {
	r := newRegion(t, fakeaws.Options{})
	r.realProgram()
	script := filepath.Join(r.dir, "load.js")
	if err := os.WriteFile(script, []byte("import http from 'plimsoll/http'\nexport default () => { http.get(__ENV.SERVER_URL + '/') }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := r.sizing("--json", "--duration=2s", "--vus=2", "--type=t3.small")
	args[0] = "run"
	for i, a := range args {
		if a == "loadtest.js" {
			args[i] = script
		}
	}
	got := r.run(args...)
	if got.code != 0 {
		t.Fatalf("exit status %d\n%s", got.code, got.stderr)
	}
	var s struct {
		Machines []struct{ Type, Record, Verdict string }
	}
	if err := json.Unmarshal([]byte(got.stdout), &s); err != nil || len(s.Machines) != 2 {
		t.Fatalf("%v\n%s", err, got.stdout)
	}
	for _, m := range s.Machines {
		file, err := os.Open(m.Record)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		row, err := record.NewReader(file).Next()
		if err != nil {
			t.Fatal(err)
		}
		head := row.(*record.Run)
		if head.Machine == nil || head.Machine.Type != m.Type || head.Machine.PricePerHour <= 0 || head.Machine.Zone == "" || head.Machine.RoundTripS <= 0 {
			t.Errorf("the record's machine is %+v", head.Machine)
		}
		page, err := os.ReadFile(filepath.Join(filepath.Dir(m.Record), "report.html"))
		if err != nil || !strings.Contains(string(page), m.Type) {
			t.Errorf("the page of %s does not name it (%v)", m.Type, err)
		}
	}
	if left := r.Left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
