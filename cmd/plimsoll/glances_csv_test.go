package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

const recorded = "../../runtime/monitor/testdata/glances/glances-4.5.8.ramp"

// recordOfRamp is the record of a recorded ramp, as its generator saw it,
// second by second, without a monitor; and the CSV that Glances wrote meanwhile.
func recordOfRamp(t *testing.T) (rec, csv string) {
	t.Helper()
	f, err := os.Open(recorded + ".csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	rec, csv = filepath.Join(t.TempDir(), "ramp.jsonl"), filepath.Join(t.TempDir(), "glances.csv")
	if err := os.WriteFile(csv, text, 0o600); err != nil {
		t.Fatal(err)
	}
	load, err := os.Open(recorded + ".load.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer load.Close()
	out, err := os.Create(rec)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := record.NewWriter(out)
	began := time.Date(2026, 11, 23, 15, 50, 0, 0, time.UTC)
	rows := []any{
		&record.Run{SchemaVersion: record.SchemaVersion, Mode: "run", Started: began, Tolerance: 0.05},
		&record.Names{Scenarios: []string{"ramp"}},
	}
	for lines, n := bufio.NewScanner(load), -1; lines.Scan(); n++ {
		var users, ok, failed int
		var p50 float64
		if n < 0 {
			continue
		}
		if _, err := fmt.Sscanf(strings.ReplaceAll(lines.Text(), ",", " "), "%s %d %d %d %f", new(string), &users, &ok, &failed, &p50); err != nil {
			t.Fatal(err)
		}
		s := metric.ScenarioWindow{OK: uint64(ok), Started: uint64(ok + failed), Failed: uint64(failed)}
		for range ok {
			s.Duration.Add(time.Duration(float64(users) / float64(ok) * float64(time.Second))) // Little
		}
		rows = append(rows, &record.Window{StartS: float64(n), LengthS: 1, VUs: users, InFlight: users, Scenarios: []record.ScenarioCounts{{ScenarioWindow: s}}})
	}
	rows = append(rows, &record.End{AtS: 81, Verdict: "ok", Bottleneck: &record.Bottleneck{Name: record.LimitUnwatched}})
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return rec, csv
}

// busiest is when a source's CPU was used most, and how much of it, in cores.
func busiest(run *report.Run, source string) (at, cores float64) {
	for _, s := range run.Sources {
		for _, series := range s.Series {
			if s.Name != source || series.Key != record.CPUCores {
				continue
			}
			for i, v := range series.Values {
				if v > cores {
					at, cores = s.At[i], v
				}
			}
		}
	}
	return at, cores
}

func TestACSVOfGlancesIsJoinedToARecordAndSaysWhatLimitedIt(t *testing.T) {
	rec, csv := recordOfRamp(t)
	run, err := (&join{csv: csv}).read(process{}, []string{rec})
	if err != nil {
		t.Fatal(err)
	}
	// Glances knows nothing of throttling, and other programs had the machine's cores: there is a candidate, and no certainty
	b := run.End.Bottleneck
	if text := b.String(); b.Name == record.LimitUnwatched || !strings.Contains(text, "cpu of container tested") || !strings.Contains(text, "of its 0.8 cores") {
		t.Errorf("limited by %s", text)
	}
	at, cores := busiest(run, "container tested")
	if cores < 0.7 || at < 20 || at > 85 {
		t.Errorf("%v cores at %v s, want nearly its 0.8 in the later part", cores, at)
	}
	shifted, err := (&join{csv: csv, offset: 5 * time.Second}).read(process{}, []string{rec})
	if err != nil {
		t.Fatal(err)
	}
	if later, _ := busiest(shifted, "container tested"); later-at < 4.9 || later-at > 5.1 {
		t.Errorf("with an offset of 5 s the same is at %v s instead of %v", later, at)
	}
}

func TestACSVAloneIsShownAsItIs(t *testing.T) {
	_, csv := recordOfRamp(t)
	run, err := (&join{csv: csv}).read(process{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, cores := busiest(run, "container tested"); cores < 0.7 || run.Head.Mode != "resources" {
		t.Errorf("%v cores, mode %q", cores, run.Head.Mode)
	}
}

// TestACSVDoesNotUnsayThatTheServiceWasKilled has a record that knows more than Glances does.
func TestACSVDoesNotUnsayThatTheServiceWasKilled(t *testing.T) {
	rec, csv := recordOfRamp(t)
	text, err := os.ReadFile(rec)
	if err != nil {
		t.Fatal(err)
	}
	knows := strings.NewReplacer(`"name":"unwatched"`, `"name":"memory"`, `"evidence":null`, `"evidence":[{"name":"memory_oom_kills","value":1,"text":"it was killed"}]`)
	if err := os.WriteFile(rec, []byte(knows.Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	run, err := (&join{csv: csv}).read(process{}, []string{rec})
	if err != nil {
		t.Fatal(err)
	}
	if b := run.End.Bottleneck; b.Name != record.LimitMemory || len(run.Sources) == 0 {
		t.Errorf("limited by %s, %d sources", b, len(run.Sources))
	}
}
