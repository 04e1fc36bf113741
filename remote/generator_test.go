package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

// disk is a store in a folder: curl gets and puts file:// addresses as well.
type disk struct{ dir string }

func (d disk) path(key string) string { return filepath.Join(d.dir, filepath.FromSlash(key)) }

func (d disk) PresignPut(_ context.Context, key string, _ time.Duration) (string, error) {
	return "file://" + d.path(key), os.MkdirAll(filepath.Dir(d.path(key)), 0o755)
}

func (d disk) PresignGet(_ context.Context, key string, _ time.Duration) (string, error) {
	return "file://" + d.path(key), nil
}

func (d disk) Put(_ context.Context, key string, body io.ReadSeeker) error {
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(d.path(key)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(d.path(key), text, 0o644)
}

func (d disk) Get(_ context.Context, key string) (io.ReadCloser, error) { return os.Open(d.path(key)) }

func (d disk) Delete(_ context.Context, prefix string) error { return os.RemoveAll(d.path(prefix)) }

// hands runs commands by a shell on this machine, in a folder that stands for the machine's.
type hands struct {
	dir  string
	sent *[]string
	// reached is a shell's condition under which a look finds something new. The load is in real time and the looks are
	// in virtual time: without it they would be over before the load has begun.
	reached string
}

func (h hands) Agents(_ context.Context, ids []string) (map[string]provider.Agent, error) {
	return map[string]provider.Agent{ids[0]: {Ping: "Online"}}, nil
}

func (h hands) ReadFile(context.Context, string, string, int64) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

func (h hands) Run(ctx context.Context, c provider.Command) ([]provider.Result, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	*h.sent = append(*h.sent, c.Script)
	wait := ""
	switch asked := slices.ContainsFunc(*h.sent, func(s string) bool { return strings.Contains(s, "kill -TERM") }); {
	case c.Title != "look at the load":
	case asked:
		wait = fmt.Sprintf("until [ -s %s/*/generator/code ]; do sleep 0.02; done\n", h.dir)
	default:
		wait = fmt.Sprintf("until cd %s/*/generator && %s; do sleep 0.02; done\n", h.dir, h.reached)
	}
	command := exec.Command("sh", "-c", wait+strings.ReplaceAll(c.Script, plan.Base, h.dir))
	command.Env = append(os.Environ(), "PATH="+filepath.Join(h.dir, "scripts")+":"+os.Getenv("PATH"))
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, _ := command.Output() // its code is in what it prints
	text, code := script.Output(string(out))
	r := ended(code, text, stderr.String())
	r.Machine = c.Machines[0]
	return []provider.Result{r}, nil
}

// loaded runs a stand-in for plimsoll on a generator that is this machine.
func loaded(t *testing.T, program, reached string, during func(s *session)) (r Outcome, sent string, dir string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	posix(t)
	dir = t.TempDir()
	script := filepath.Join(dir, "scripts")
	if err := os.MkdirAll(script, 0o755); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "plimsoll")
	for path, text := range map[string]string{own: program, filepath.Join(script, "loadtest.js"): "the script", filepath.Join(script, "sleep"): "#!/bin/sh\nexec /bin/sleep 0.02\n"} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var commands []string
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := &plan.Plan{Dialect: dialect.Dialect(), Run: "20261124-134500-a1b2c3", Options: plan.Options{Store: "bucket/load", Folder: script}}
		s := &session{stops: NewStops(ctx, nil), World: World{Own: own}}
		s.plan = p
		s.Cloud = provider.Cloud{Commands: hands{dir, &commands, reached}, Store: func(string, string) provider.Store { return disk{filepath.Join(dir, "objects")} }}
		g := &generator{session: s, machine: provider.Machine{ID: "i-1"}}
		if err := g.send(ctx); err != nil {
			t.Fatal(err)
		}
		r = Outcome{Type: provider.MachineType{Name: "c7.small"}, Folder: dir, Record: filepath.Join(dir, "record.jsonl")}
		load, end := s.stops.until(ctx, 1)
		defer end()
		if during != nil {
			go during(s)
		}
		r.Code, r.Err = g.load(load, &r, Child{Args: []string{"size", "--secret=TOKEN=planted-token", "--env=A=it's", "loadtest.js"}, Stderr: io.Discard})
	})
	return r, strings.Join(commands, "\n"), dir
}

func TestAGeneratorRunsTheSameProgram(t *testing.T) {
	t.Parallel()
	r, sent, _ := loaded(t, `#!/bin/sh
printf '<%s>' "$@" >../record.jsonl
cat loadtest.js >>../record.jsonl
echo "half done" >&2
exit 5
`, "[ -s code ]", nil)
	if r.Err != nil || r.Code != 5 {
		t.Errorf("it ended with %d (%v), want 5", r.Code, r.Err)
	}
	if got, _ := os.ReadFile(r.Record); string(got) != "<size><--secret=TOKEN=planted-token><--env=A=it's><loadtest.js>the script" {
		t.Errorf("the record came home as %q", got)
	}
	if strings.Contains(sent, "planted-token") {
		t.Error("a secret is in the text of a command")
	}
}

func TestAGeneratorStopsWhenItIsAsked(t *testing.T) {
	t.Parallel()
	r, _, _ := loaded(t, `#!/bin/sh
trap 'echo stopped >>../record.jsonl; exit 143' TERM
echo begun >../record.jsonl
while :; do sleep 0.05; done
`, "[ -s record.jsonl ]", func(s *session) {
		time.Sleep(30 * time.Second) //nolint:forbidigo // the time of a bubble
		s.stops.add(os.Interrupt)
	})
	if r.Err != nil || r.Code != 143 {
		t.Errorf("it ended with %d (%v), want 143", r.Code, r.Err)
	}
	if got, _ := os.ReadFile(r.Record); string(got) != "begun\nstopped\n" {
		t.Errorf("the record came home as %q", got)
	}
}

// TestAGeneratorStopsWhenHomeIsGone runs the script that starts the load, with nobody who looks.
func TestAGeneratorStopsWhenHomeIsGone(t *testing.T) {
	t.Parallel()
	sh := posix(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "work"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"sleep": "#!/bin/sh\nexec /bin/sleep 0.02\n", "alive": "", "plimsoll": "#!/bin/sh\ntrap 'exit 143' TERM\nwhile :; do sleep 0.05; done\n", "start.sh": start([]string{"size"}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-generatorPatience - time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "alive"), long, long); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), sh, filepath.Join(dir, "start.sh"))
	command.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("it failed: %v %s", err, out)
	}
	if code, _ := os.ReadFile(filepath.Join(dir, "code")); string(code) != "143\n" {
		t.Errorf("the load ended with %q, want 143", code)
	}
}
