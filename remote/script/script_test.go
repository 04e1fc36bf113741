package script

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
	"strings"
	"testing"
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
		fmt.Fprintf(script, "v%d=%s\nset -- %s %s\nprintf '%%s|%%s|%%s|%%s\\000' \"$v%d\" \"$1\" \"$2\" \"$#\"\n", i, Quote(text), Quote(text), Quote(text), i)
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
		got, err := exec.Command(posix(t), "-c", "printf %s "+Quote(text)).Output()
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
		text := Step{Name: strings.TrimSuffix(filepath.Base(name), ".sh"), Title: "x"}.Text()
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
		text := strings.Replace(Step{Name: "clock", Title: "x"}.Text(), "date -u", fmt.Sprintf("exit %d #", code), 1)
		c := exec.Command(sh, "-c", text)
		out, _ := c.Output() // its code is looked at below
		want := min(code, 1)
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("a script that ends with %d ends with %d for the agent, want %d", code, got, want)
		}
		if _, own := Output(string(out)); own != code {
			t.Errorf("the code %d came back as %d", code, own)
		}
	}
}
