package remote

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
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

// hostile are texts that mean something to a shell.
func hostile() []string {
	list := []string{
		"", " ", "'", "''", `"`, `\`, `\'`, "$HOME", "${IFS}", "`id`", "$(id)", "a'b", "'; touch pwned; '", "\n", "a\nb", "\t", "*", "~", "!", "#x", "-e", "--", "&", "|", ";", ">x",
		"kinto:1'; rm -rf / #", "é ü 漢字 🜚", "\x01\x7f", "a=b", "%s%n", "x\r\ny", strings.Repeat("'", 50),
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			b[i] = byte(1 + random.IntN(255)) // no shell and no argument can have a zero
		}
		list = append(list, string(b))
	}
	return list
}

func TestQuoteMakesOneWordOfAnyText(t *testing.T) {
	t.Parallel()
	sh := posix(t)
	script := &strings.Builder{}
	var want bytes.Buffer
	for i, text := range hostile() {
		fmt.Fprintf(script, "v%d=%s\nset -- %s %s\nprintf '%%s|%%s|%%s|%%s\\000' \"$v%d\" \"$1\" \"$2\" \"$#\"\n", i, quote(text), quote(text), quote(text), i)
		fmt.Fprintf(&want, "%s|%s|%s|2\x00", text, text, text)
	}
	c := exec.Command(sh)
	c.Dir, c.Stdin = t.TempDir(), strings.NewReader(script.String())
	got, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("a text came out of the shell as another one")
	}
	if left, _ := os.ReadDir(c.Dir); len(left) > 0 {
		t.Errorf("a text was run: %v", left)
	}
}

func FuzzQuote(f *testing.F) {
	for _, text := range hostile()[:20] {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) {
			t.Skip()
		}
		got, err := exec.Command(posix(t), "-c", "printf %s "+quote(text)).Output()
		if err != nil || string(got) != text {
			t.Errorf("%q came out as %q (%v)", text, got, err)
		}
	})
}

// TestScriptsAreSound looks at every script as it is sent.
func TestScriptsAreSound(t *testing.T) {
	t.Parallel()
	sh := posix(t)
	names, err := fs.Glob(scripts, "scripts/*.sh")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	background := regexp.MustCompile(`[^&>|]&\s*$`)
	for _, name := range names {
		text := step{name: strings.TrimSuffix(filepath.Base(name), ".sh"), title: "x"}.text()
		c := exec.Command(sh, "-n")
		c.Stdin = strings.NewReader(text)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s is no script: %s", name, out)
		}
		for n, line := range strings.Split(text, "\n") {
			switch {
			case strings.Contains(line, "[[") || strings.Contains(line, "function ") || strings.Contains(line, "$'"):
				t.Errorf("%s:%d is not POSIX: %s", name, n, line)
			case strings.Contains(line, "docker run -it") || strings.Contains(line, "docker exec -it"):
				t.Errorf("%s:%d wants a terminal: %s", name, n, line)
			case background.MatchString(line) && !strings.Contains(line, "</dev/null") && !strings.Contains(line, ">/out/"):
				t.Errorf("%s:%d leaves a child that keeps the agent waiting: %s", name, n, line)
			}
		}
	}
}

// TestExitCodesDoNotReachTheAgent runs scripts that end with codes which mean something else to it.
func TestExitCodesDoNotReachTheAgent(t *testing.T) {
	t.Parallel()
	sh := posix(t)
	for _, code := range []int{0, 1, 137, 168, 194} {
		text := strings.Replace(step{name: "clock", title: "x"}.text(), "date -u", fmt.Sprintf("exit %d #", code), 1)
		c := exec.Command(sh, "-c", text)
		out, _ := c.Output() // its code is looked at below
		want := min(code, 1)
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("a script that ends with %d ends with %d for the agent, want %d", code, got, want)
		}
		if _, own := output(string(out)); own != code {
			t.Errorf("the code %d came back as %d", code, own)
		}
	}
}

// machineHere is a folder with stand-ins for the programs that scripts call; docker notes its arguments.
func machineHere(t *testing.T, tools map[string]string) (dir string, run func(s step) (string, string, int)) {
	t.Helper()
	sh := posix(t)
	dir = t.TempDir()
	for name, body := range tools {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, func(s step) (string, string, int) {
		vars := map[string]string{}
		for k, v := range s.vars {
			vars[k] = strings.Replace(v, base, dir, 1)
		}
		s.vars = vars
		c := exec.Command(sh, "-c", s.text())
		c.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "DIR=" + dir}
		c.Dir = dir
		var stderr bytes.Buffer
		c.Stderr = &stderr
		out, _ := c.Output() // its code is in the output
		text, code := output(string(out))
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
	if err := o.check(dialect.Dialect()); err != nil {
		t.Fatal(err)
	}
	p := &Plan{Dialect: dialect.Dialect(), Run: "20261124-134500-a1b2c3", Options: o}
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
	if _, stderr, code := run(p.service()); code != 0 {
		t.Fatalf("it ended with %d: %s", code, stderr)
	}
	got, err := os.ReadFile(filepath.Join(dir, "arguments"))
	if err != nil {
		t.Fatal(err)
	}
	want := append([]string{"run"}, p.service().args...)
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
	_ = o.check(dialect.Dialect())
	p := &Plan{Dialect: dialect.Dialect(), Run: "r", Options: o}
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
		if _, stderr, code := run(p.service()); code != test.code {
			t.Errorf("%s: ended with %d, want %d: %s", name, code, test.code, stderr)
		}
	}
}
