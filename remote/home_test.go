package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// shell runs the scripts of commands on this machine, and cuts what they print as an agent does.
type shell struct {
	dir    string
	run    func(s script.Step) (string, string, int)
	damage func(file []byte) []byte // on its way
	titles []string
}

func (c *shell) Agents(context.Context, []string) (map[string]provider.Agent, error) { return nil, nil }

func (c *shell) Run(_ context.Context, command provider.Command) ([]provider.Result, error) {
	c.titles = append(c.titles, command.Title)
	name := map[string]string{"start the sampler": "sampler", "gather the files": "collect", "read the clock": "clock"}[command.Title]
	s := script.Step{Name: name, Vars: map[string]string{}}
	for _, v := range []string{"folder", "service", "interval", "count", "glances"} {
		if text := variable(command.Script, v); text != "" {
			s.Vars[v] = text
		}
	}
	stdout, stderr, code := c.run(s)
	r := ended(code, stdout, stderr)
	if len(r.Stdout) > provider.StdoutLimit {
		r.Stdout, r.Cut = r.Stdout[:provider.StdoutLimit-20]+"--output truncated--", true
	}
	r.Machine = command.Machines[0]
	return []provider.Result{r}, nil
}

func (c *shell) ReadFile(_ context.Context, _, path string, _ int64) ([]byte, error) {
	text, err := os.ReadFile(strings.Replace(path, plan.Base, c.dir, 1))
	if c.damage != nil {
		text = c.damage(text)
	}
	return text, err
}

// TestTheSamplerWritesWhatGlancesWrites runs the sampler beside a process of
// its own, brings its file home, and reads it as one of Glances.
func TestTheSamplerWritesWhatGlancesWrites(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("machines are Linux")
	}
	dir, run := machineHere(t, map[string]string{"docker": fmt.Sprintf(`case "$*" in
*State.Pid*) echo %d ;;
logs*) echo "the service says hello" ;;
esac
`, os.Getpid())})
	machine := &shell{dir: dir, run: run}
	p := &plan.Plan{Dialect: dialect.Dialect(), Run: "20261124-134500-a1b2c3", Life: time.Hour}
	sampler := p.Sampler()
	sampler.Vars["count"], sampler.Vars["interval"] = "3", "0.1"
	if _, err := sampler.Run(t.Context(), machine, "i-1"); err != nil {
		t.Fatal(err)
	}
	csv := filepath.Join(dir, p.Run, "glances.csv")
	for text := []byte{}; bytes.Count(text, []byte("\n")) < 3; text, _ = os.ReadFile(csv) {
		<-time.After(100 * time.Millisecond)
	}
	home := t.TempDir()
	f := fetcher{commands: machine, machine: "i-1", folder: p.Folder(), into: home}
	listing, err := p.Collect().Run(t.Context(), machine, "i-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range listed(listing) {
		if err := f.fetch(t.Context(), file); err != nil {
			t.Error(err)
		}
	}
	if log, _ := os.ReadFile(filepath.Join(home, "service.log")); string(log) != "the service says hello\n" {
		t.Errorf("the service's log is %q", log)
	}
	file, err := os.Open(filepath.Join(home, "glances.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, err := monitor.ReadGlances(file, monitor.CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range read.Rows {
		for _, name := range []string{record.CPUCores, record.MemoryBytes} {
			if v, ok := r.Values[name]; ok && v > 0 && r.Limits[name] > 0 {
				seen[r.Kind()+" "+name] = true
			}
		}
	}
	for _, want := range []string{"host " + record.CPUCores, "host " + record.MemoryBytes, "container " + record.MemoryBytes} {
		if !seen[want] {
			t.Errorf("%s is not in what was read: %v, notes %v", want, seen, read.Notes)
		}
	}
	o, err := f.offset(t.Context())
	if err != nil || o.Ahead.Abs() > o.Within+time.Millisecond {
		t.Errorf("the offset to our own clock is %+v (%v)", o, err)
	}
}

func TestFilesThatAreDamagedAreFetchedAgain(t *testing.T) {
	t.Parallel()
	dir, run := machineHere(t, nil)
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 50000} {
		text := make([]byte, size) // random: packing makes it no smaller
		for i := range text {
			text[i] = byte(random.Uint32())
		}
		packed := pack(string(text))
		if err := os.MkdirAll(filepath.Join(dir, "r"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "r", "f.gz"), packed, 0o644); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(packed)
		file := remoteFile{name: "f", size: int64(len(packed)), sum: hex.EncodeToString(sum[:])}
		for _, damaged := range []int{0, 1, 2} { // whole, damaged once, damaged always
			machine, times := &shell{dir: dir, run: run}, 0
			machine.damage = func(file []byte) []byte {
				if times++; times <= damaged || damaged == 2 {
					return file[:len(file)/2]
				}
				return file
			}
			home := t.TempDir()
			f := fetcher{commands: machine, machine: "i-1", folder: plan.Base + "/r", into: home}
			err := f.fetch(t.Context(), file)
			got, _ := os.ReadFile(filepath.Join(home, "f"))
			var part *PartError
			if damaged < 2 && (err != nil || !bytes.Equal(got, text)) || damaged == 2 && !errors.As(err, &part) {
				t.Errorf("%d bytes, damaged %d times: %d bytes came home, %v", size, damaged, len(got), err)
			}
		}
	}
}

func TestBigFilesGoThroughTheBucket(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	random := rand.New(rand.NewPCG(1, 2))
	b := &strings.Builder{}
	for b.Len() < 3*maxChunked {
		fmt.Fprint(b, random.Uint64())
	}
	tr.files["glances.csv"] = b.String()
	tr.answers = func(c provider.Command) (provider.Result, bool) {
		if !strings.HasPrefix(c.Title, "send ") {
			return provider.Result{}, false
		}
		url := variable(c.Script, "url")
		key := strings.TrimPrefix(url[:strings.Index(url, "?")], "https://bucket.test/")
		tr.mu.Lock()
		tr.objects[key] = pack(tr.files["glances.csv"])
		tr.mu.Unlock()
		return ended(0, "", ""), true
	}
	o := options("c7.small")
	o.Store = "bucket/load"
	results, err := tr.run(t, o)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(results[0].Folder, "glances.csv")); string(got) != b.String() {
		t.Errorf("%d bytes came home, want %d; notes %v", len(got), b.Len(), results[0].Notes)
	}
	if left := tr.left(); left != nil {
		t.Errorf("left: %v", left)
	}
}

// TestSecretsAreWrittenNowhere plants secrets in all that knows one, and looks for them in all that is written or sent.
func TestSecretsAreWrittenNowhere(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	o := options("c7.small")
	o.Parameters = []string{"PASSWORD=/kinto/password"}
	o.Env = []string{"COLOUR=blue"}
	o.ChildArgs = []string{"loadtest.js", "--secret=TOKEN=planted-token"}
	o.Store = "bucket/load"
	results, err := tr.run(t, o)
	if err != nil {
		t.Fatal(err)
	}
	written := tr.said.String() + tr.printed.String()
	for _, c := range tr.scripts {
		written += c.Script + c.Title
	}
	for _, m := range tr.machines {
		written += fmt.Sprint(m.Tags)
	}
	err = filepath.Walk(tr.world.Runs, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			text, _ := os.ReadFile(path)
			written += string(text)
		}
		return err
	})
	if err != nil || !strings.Contains(written, "COLOUR=blue") || results[0].Err != nil {
		t.Fatalf("what was written was not seen: %v", err)
	}
	for _, secret := range []string{"planted-token", "secret-of-the-url"} {
		if strings.Contains(written, secret) {
			t.Errorf("%q was written", secret)
		}
	}
}
