package remote

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

// posix is a shell for tests of scripts.
func posix(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("no POSIX shell here")
	}
	return path
}

// machineHere is a folder with stand-ins for the programs that scripts call; docker notes its arguments.
func machineHere(t *testing.T, tools map[string]string) (dir string, run func(s script.Step) (string, string, int)) {
	t.Helper()
	sh := posix(t)
	dir = t.TempDir()
	for name, body := range tools {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, func(s script.Step) (string, string, int) {
		vars := map[string]string{}
		for k, v := range s.Vars {
			vars[k] = strings.Replace(v, plan.Base, dir, 1)
		}
		s.Vars = vars
		c := exec.Command(sh, "-c", s.Text())
		c.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "DIR=" + dir}
		c.Dir = dir
		var stderr bytes.Buffer
		c.Stderr = &stderr
		out, _ := c.Output() // its code is in the output
		text, code := script.Output(string(out))
		return text, stderr.String(), code
	}
}

func TestTheServiceIsStartedWithExactlyTheseArguments(t *testing.T) {
	t.Parallel()
	o := options("c7.small")
	o.Image = "kinto:1'; touch pwned #"
	o.Env = []string{"A=it's $HOME", "B=`id`\nsecond line"}
	o.Parameters = []string{"SECRET=/kinto/key one"}
	o.DockerArgs, o.Args = []string{"--memory=64m", "--label=a b"}, []string{"serve", "--name=$(id)"}
	if err := o.Check(dialect.Dialect()); err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{Dialect: dialect.Dialect(), Run: "20261124-134500-a1b2c3", Options: o}
	dir, run := machineHere(t, map[string]string{
		"docker": `case $1 in
run) printf '%s\000' "$@" >"$DIR/arguments"; printf %s "$SECRET" >"$DIR/secret" ;;
inspect) echo true ;;
esac
`,
		"aws": `[ "$6" = "/kinto/key one" ] || [ "$5" = "/kinto/key one" ] || exit 9
printf 'planted\nsecret $x'
`,
	})
	if _, stderr, code := run(p.Service()); code != 0 {
		t.Fatalf("it ended with %d: %s", code, stderr)
	}
	got, err := os.ReadFile(filepath.Join(dir, "arguments"))
	if err != nil {
		t.Fatal(err)
	}
	want := append([]string{"run"}, p.Service().Args...)
	if have := strings.Split(strings.TrimSuffix(string(got), "\x00"), "\x00"); !slices.Equal(have, want) {
		t.Errorf("docker got %q\nwant %q", have, want)
	}
	if secret, _ := os.ReadFile(filepath.Join(dir, "secret")); string(secret) != "planted\nsecret $x" {
		t.Errorf("the container's environment has %q", secret)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("the image's name was run")
	}
}

func TestWhatDockerSaysDecides(t *testing.T) {
	t.Parallel()
	o := options("c7.small")
	_ = o.Check(dialect.Dialect())
	p := &plan.Plan{Dialect: dialect.Dialect(), Run: "r", Options: o}
	for name, test := range map[string]struct {
		docker string
		code   int
	}{
		"no such image":              {`case $1 in pull) echo "manifest unknown" >&2; exit 1;; image) exit 1;; esac`, codePull},
		"pulled before":              {`case $1 in pull) echo "no such host" >&2; exit 1;; inspect) echo true;; esac`, 0},
		"the port is in use":         {`case $1 in run) echo "port is already allocated" >&2; exit 125;; esac`, codeRun},
		"ends with 137":              {`case $1 in run) exit 137;; esac`, codeRun},
		"ends as soon as it started": {`case $1 in inspect) echo false;; logs) echo "no database";; esac`, codeExited},
	} {
		_, run := machineHere(t, map[string]string{"docker": test.docker + "\n", "sleep": "exit 0\n"})
		if _, stderr, code := run(p.Service()); code != test.code {
			t.Errorf("%s: ended with %d, want %d: %s", name, code, test.code, stderr)
		}
	}
}
