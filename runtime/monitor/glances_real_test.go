//go:build real && linux

package monitor_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// glancesServer starts a Glances with its API and one that writes a CSV: it refuses to do both.
func glancesServer(t *testing.T) (address, file string) {
	t.Helper()
	if _, err := exec.LookPath("glances"); err != nil {
		missing(t, "no glances on PATH (pip install 'glances[web,containers]')")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	file = filepath.Join(t.TempDir(), "glances.csv")
	plugins := []string{"--disable-plugin", "all", "--enable-plugin", "cpu,mem,memswap,network,diskio,core,load,containers", "--disable-check-update", "-t", "1"}
	for _, args := range [][]string{
		append([]string{"-w", "--disable-webui", "-B", "127.0.0.1", "-p", fmt.Sprint(port)}, plugins...),
		append([]string{"-q", "--export", "csv", "--export-csv-file", file}, plugins...),
	} {
		c := exec.Command("glances", args...)
		c.Env = append(os.Environ(), "TZ=UTC")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	}
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	for range 150 {
		if r, err := http.Get(address + "/api/4/containers"); err == nil {
			r.Body.Close()
			return address, file
		}
		<-time.After(200 * time.Millisecond)
	}
	t.Fatal("glances does not answer")
	return "", ""
}

func TestRealGlancesAgreesWithTheContainersOwnFiles(t *testing.T) {
	const name = "plimsoll-test-glances"
	target := container(t, name, []string{"--cpus", "0.3", "--memory", "128m"}, "-mode", "cpu")
	address, file := glancesServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go press(ctx, target, 3)
	<-time.After(3 * time.Second) // Glances' first rates are empty
	began := time.Now()
	rows := during(t, 15*time.Second, "container="+name+",glances="+address, "")
	cancel()
	source := "container " + name
	var ours, theirs, csv []record.Resources
	for _, r := range rows {
		if _, precise := r.Values[record.Processes]; r.Source == source && precise {
			ours = append(ours, r)
		} else if r.Source == source {
			theirs = append(theirs, r)
		}
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := monitor.ReadGlances(f, monitor.CSVOptions{Start: began})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range table.Rows {
		if r.AtS > 0 && r.AtS < 15 {
			csv = append(csv, r)
		}
	}
	for what, other := range map[string][]record.Resources{"the API": theirs, "the CSV": csv} {
		for value, within := range map[string]float64{record.CPUCores: 0.05, record.MemoryBytes: 0} {
			a, n := average(ours, source, value)
			b, m := average(other, source, value)
			if within == 0 {
				within = 0.05 * a
			}
			t.Logf("%s: %s ours %.4g (%d), Glances' %.4g (%d)", what, value, a, n, b, m)
			if n < 20 || m < 8 || math.Abs(a-b) > within {
				t.Errorf("%s: %s is %v in %d readings, ours %v in %d", what, value, b, m, a, n)
			}
		}
		for _, r := range other {
			if r.Source == source && r.AtS > 3 && r.Limits[record.CPUCores] != 0.3 {
				t.Errorf("%s: its limit is %v cores", what, r.Limits[record.CPUCores])
				break
			}
		}
	}
}
