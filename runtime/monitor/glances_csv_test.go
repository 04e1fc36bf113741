package monitor_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// recorded is a CSV that a real Glances wrote.
func recorded(tb testing.TB, name string) []byte {
	tb.Helper()
	f, err := os.Open(filepath.Join("testdata", "glances", name+".csv.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func read(tb testing.TB, text []byte, o monitor.CSVOptions) *monitor.CSV {
	tb.Helper()
	c, err := monitor.ReadGlances(bytes.NewReader(text), o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// series are the values of one source, with the number of its gaps.
func series(c *monitor.CSV, source, value string) (values []float64, gaps int) {
	for _, r := range c.Rows {
		if r.Source != source {
			continue
		}
		if r.Note != "" {
			gaps++
		} else if v, ok := r.Values[value]; ok {
			values = append(values, v)
		}
	}
	return values, gaps
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func TestGlancesOfEveryRecordedVersionGivesTheRightContainer(t *testing.T) {
	// the same service in the same seconds, read by three versions, and two later runs
	for _, c := range []struct {
		file, format string
		rows         int
		cores        float64 // of `tested`, mean over the run
		host         bool    // the machine's columns can be read
		gaps         int     // of sidecar-db, which is stopped for 10 s in the first three
	}{
		{"glances-3.3.1.churn", "3.x", 128, 0.1202, true, 1},
		{"glances-4.3.1.churn", "4.0 to 4.3.1", 123, 0.1333, false, 1},
		{"glances-4.5.8.churn", "4.3.2 and newer", 124, 0.1269, true, 1},
		{"glances-3.1.5.churn", "3.x", 90, 0.2246, true, 0},
		{"glances-4.5.5.churn", "4.3.2 and newer", 110, 0.1921, true, 0},
		{"glances-4.5.8.ramp", "4.3.2 and newer", 84, 0.4067, true, 0},
		{"glances-3.3.1.allplugins", "3.x", 65, 0, true, 0},
		{"glances-4.3.1.allplugins", "4.0 to 4.3.1", 65, 0, false, 0},
		{"glances-4.5.8.allplugins", "4.3.2 and newer", 65, 0, true, 0},
	} {
		t.Run(c.file, func(t *testing.T) {
			got := read(t, recorded(t, c.file), monitor.CSVOptions{})
			if got.Format != c.format {
				t.Errorf("taken for %q", got.Format)
			}
			cores, _ := series(got, "container tested", record.CPUCores)
			if len(cores) != c.rows || math.Abs(mean(cores)-c.cores) > 5e-5 {
				t.Errorf("%d rows of the service with a mean of %.4f cores, want %d with %.4f", len(cores), mean(cores), c.rows, c.cores)
			}
			if _, gaps := series(got, "container sidecar-db", record.CPUCores); gaps != c.gaps {
				t.Errorf("%d gaps of sidecar-db, want %d", gaps, c.gaps)
			}
			busy, _ := series(got, "host", record.CPUCores)
			if c.host != (len(busy) > 0) {
				t.Errorf("%d rows of the host", len(busy))
			}
			if c.host && (mean(busy) < 1.7 || mean(busy) > 2) { // the machine was full in all of them
				t.Errorf("the host used %v cores, want nearly 2", mean(busy))
			}
			if notes := strings.Join(got.Notes, "; "); c.host == strings.Contains(notes, "the host's columns") {
				t.Errorf("notes: %s", notes)
			}
		})
	}
}

func TestMemoryAndLimitsComeFromGlancesToo(t *testing.T) {
	got := read(t, recorded(t, "glances-4.5.8.ramp"), monitor.CSVOptions{})
	last := got.Rows[len(got.Rows)-1]
	for _, r := range got.Rows {
		if r.Source == "container tested" {
			last = r
		}
	}
	if last.Limits[record.CPUCores] != 0.8 || last.Limits[record.MemoryBytes] != 268435456 {
		t.Errorf("limits %v, want 0.8 cores and 256 MiB", last.Limits)
	}
	cores, _ := series(got, "container tested", record.CPUCores)
	if most := slices.Max(cores); most < 0.72 || most > 0.88 {
		t.Errorf("at the end of the ramp it uses %v cores of its quota of 0.8", most)
	}
	if m := last.Values[record.MemoryBytes]; m < 10e6 || m > 100e6 {
		t.Errorf("memory %v", m)
	}
	if _, ok := last.Values[record.DiskWriteBytes]; ok {
		t.Error("cells that were empty are values")
	}
}

func TestAContainerThatWasKilledIsAGap(t *testing.T) {
	got := read(t, recorded(t, "glances-4.5.8.oom"), monitor.CSVOptions{})
	cores, gaps := series(got, "container tested", record.CPUCores)
	if len(cores) != 43 || gaps != 1 {
		t.Errorf("%d rows and %d gaps, want 43 and then one gap", len(cores), gaps)
	}
}

func TestTimesAreJoinedByZoneAndOffset(t *testing.T) {
	text := recorded(t, "glances-4.5.8.ramp") // first row 15:49:59
	start := time.Date(2026, 11, 23, 15, 49, 57, 0, time.UTC)
	for _, c := range []struct {
		o    monitor.CSVOptions
		want float64
	}{
		{monitor.CSVOptions{}, 0},
		{monitor.CSVOptions{Start: start}, 2},
		{monitor.CSVOptions{Start: start, Offset: 1500 * time.Millisecond}, 3.5},
		{monitor.CSVOptions{Start: start.Add(-time.Hour), Zone: time.FixedZone("", 3600)}, 2},
	} {
		if got := read(t, text, c.o).Rows[0].AtS; got != c.want {
			t.Errorf("%+v: first row at %v s, want %v", c.o, got, c.want)
		}
	}
}

func TestAFileCutAtAnyByteIsReadUpToThere(t *testing.T) {
	text := recorded(t, "glances-4.5.8.ramp")
	whole := read(t, text, monitor.CSVOptions{})
	lines := bytes.SplitAfter(text, []byte("\n"))
	end := len(lines[0]) + len(lines[1]) + len(lines[2])
	for cut := end; cut <= end+len(lines[3]); cut += 7 {
		got := read(t, text[:cut], monitor.CSVOptions{})
		want := 2
		if cut == end+len(lines[3]) {
			want = 3
		}
		if cores, _ := series(got, "container tested", record.CPUCores); len(cores) != want {
			t.Fatalf("cut at byte %d of row 3: %d rows, want %d", cut-end, len(cores), want)
		}
		for i, r := range got.Rows {
			if a, b := r.Values[record.CPUCores], whole.Rows[i].Values[record.CPUCores]; a != b {
				t.Fatalf("cut at %d changes row %d", cut, i)
			}
		}
	}
}

func TestWhatIsNoGlancesCSVIsRefusedWithAReason(t *testing.T) {
	for text, why := range map[string]string{
		"":                      "no header",
		"a,b,c\n1,2,3\n":        "first column",
		"timestamp,foo\nx,1\n":  "neither containers nor cpu",
		"timestamp\n":           "first column",
		"timestamp,cpu.total\n": "no row",
		"timestamp,cpu.total,cpu.cpucore\nyesterday,1,2\n":                "no row",
		"timestamp,total,free,cpucore,x.y\n2026-11-23 15:26:08,1,2,2,3\n": "does not say which plugin",
	} {
		_, err := monitor.ReadGlances(strings.NewReader(text), monitor.CSVOptions{})
		var bad *monitor.CSVError
		if !errors.As(err, &bad) || !strings.Contains(bad.Why, why) || !strings.Contains(bad.Hint(), "4.5.8") {
			t.Errorf("%q: got %v, want a reason with %q", text, err, why)
		}
	}
}

func TestHostileNamesStayNames(t *testing.T) {
	const header = "timestamp,containers.a_b.c.key,containers.a_b.c.name,containers.a_b.c.cpu_percent,containers.a_b.c.memory_usage," +
		"containers.name.key,containers.name.name,containers.name.cpu_percent,containers.name.memory_usage,cpu.total,cpu.cpucore\n"
	rows := "2026-11-23 15:26:08,name,a_b.c,50,100,name,name,25,200,10,4\n" +
		"2026-11-23 15:26:09,name,name,25,200,name,a_b.c,50,100,10,4\n" + // they swapped places
		"2026-11-23 15:26:10,name,\"<script>\x1b[2J\n,\",7,1,name,name,25,200,10,4\n" + // another one took a place
		"2026-11-23 15:26:11,name,name,25,200,name,name,50,100,10,4\n" + // twice the same: refused
		"2026-11-23 15:26:12,name,a_b.c,fifty,100,name,name,25,200,10,4\n" // no number
	got := read(t, []byte(header+rows), monitor.CSVOptions{})
	if v, gaps := series(got, "container a_b.c", record.CPUCores); len(v) != 2 || v[0] != 0.5 || v[1] != 0.5 || gaps != 1 {
		t.Errorf("a_b.c: %v, %d gaps", v, gaps)
	}
	if v, _ := series(got, "container name", record.CPUCores); len(v) != 3 || mean(v) != 0.25 {
		t.Errorf("name: %v", v)
	}
	if v, _ := series(got, "container <script>?[2J?,", record.CPUCores); len(v) != 1 {
		t.Errorf("sources: %+v", got.Rows)
	}
	if !strings.Contains(strings.Join(got.Notes, ";"), "cannot be told apart (2)") {
		t.Errorf("notes %q", got.Notes)
	}
}

func TestAFileWithoutContainersSaysSo(t *testing.T) {
	got := read(t, []byte("timestamp,cpu.total,cpu.cpucore\n2026-11-23 15:26:08,50,2\n"), monitor.CSVOptions{})
	if len(got.Rows) != 1 || got.Rows[0].Values[record.CPUCores] != 1 || !strings.Contains(strings.Join(got.Notes, ";"), "containers plugin") {
		t.Errorf("%+v", got)
	}
}

func FuzzReadGlances(f *testing.F) {
	// small ones: the engine minimises what it finds interesting, and takes minutes for each large one
	f.Add([]byte("timestamp,cpu_total,cpu_cpucore,network_eth0_rx,network_eth0_key,docker_a_key,docker_a_name,docker_a_cpu_percent,docker_a_io_r\n" +
		"2026-11-23 15:26:08,50,2,7,interface_name,name,a,50,1\n2026-11-23 15:26:09,50,2,7,interface_name,name,b,50,1,name,a,1,1\n"))
	f.Add([]byte("timestamp,containers.a.key,containers.a.name,containers.a.cpu_percent,cpu.total,cpu.cpucore\n" +
		"2026-11-23 15:26:08,name,a,1,2,3\n2026-11-23 15:26:09,name,b,1,name,a,1,2,3\n"))
	f.Add([]byte("timestamp,docker__key,docker__name,docker__cpu_percent\n2026-11-23 15:26:08,name,,1\n"))
	f.Add([]byte("timestamp,.key,.name,.cpu_percent,cpucore\n2026-11-23 15:26:08,name,x,1e309\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := monitor.ReadGlances(bytes.NewReader(text), monitor.CSVOptions{})
		if err != nil {
			return
		}
		for _, r := range c.Rows {
			if strings.ContainsAny(r.Source, "\n\r\x1b\x00") {
				t.Fatalf("source %q", r.Source)
			}
			if _, err := json.Marshal(r); err != nil { // no NaN, no infinity
				t.Fatalf("%+v: %v", r, err)
			}
		}
	})
}

// TestAGlancesThatWasStartedAgain reads files that follow one another, the second with its columns in another order:
// nothing is lost or under another name, and what was away has a gap.
func TestAGlancesThatWasStartedAgain(t *testing.T) {
	const (
		first = "timestamp,containers.a.key,containers.a.name,containers.a.cpu_percent,cpu.total,cpu.cpucore\n" +
			"2026-11-23 15:26:08,name,a,50,10,4\n2026-11-23 15:26:09,name,a,60,20,4\n"
		second = "timestamp,cpu.cpucore,cpu.total,containers.b.key,containers.b.name,containers.b.cpu_percent," +
			"containers.a.key,containers.a.name,containers.a.cpu_percent\n2026-11-23 15:27:08,4,30,name,b,5,name,a,70\n"
		unknown = "timestamp,foo\n2026-11-23 15:28:08,1\n"
	)
	got := read(t, []byte(first+second+unknown), monitor.CSVOptions{})
	for source, want := range map[string][]float64{"container a": {0.5, 0.6, 0.7}, "container b": {0.05}, "host": {0.4, 0.8, 1.2}} {
		gaps := 2
		if source == "container b" {
			gaps = 1
		}
		if v, n := series(got, source, record.CPUCores); !slices.EqualFunc(v, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) || n != gaps {
			t.Errorf("%s: %v and %d gaps, want %v and %d", source, v, n, want, gaps)
		}
	}
	if last := got.Rows[len(got.Rows)-1]; last.AtS != 60 {
		t.Errorf("the last reading was at %v s, want 60", last.AtS)
	}
	if !strings.Contains(strings.Join(got.Notes, ";"), "a header that cannot be read (1)") {
		t.Errorf("notes %q", got.Notes)
	}
}
