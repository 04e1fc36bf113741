package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// pseudoTerminal opens both ends of one.
func pseudoTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// TestOnlyATerminalThatKnowsThemGetsCodes runs on real terminals: a load that lasts long enough for lines of progress.
func TestOnlyATerminalThatKnowsThemGetsCodes(t *testing.T) {
	t.Parallel()
	script := write(t, "load.js", "import { sleep } from 'plimsoll'\nexport default () => sleep(0.05)\n")
	for name, c := range map[string]struct {
		env   []string
		args  []string
		codes bool
	}{
		"xterm":              {[]string{"TERM=xterm"}, nil, true},
		"screen":             {[]string{"TERM=screen-256color"}, nil, true},
		"dumb":               {[]string{"TERM=dumb"}, nil, false},
		"no TERM":            {[]string{"TERM="}, nil, false},
		"NO_COLOR":           {[]string{"TERM=xterm", "NO_COLOR=1"}, nil, false},
		"quiet, and no text": {[]string{"TERM=xterm"}, []string{"-q", "--json"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := pseudoTerminal(t)
			p := command(t, t.TempDir(), append([]string{"run", script, "-d", "2300ms", "--monitor", "none"}, c.args...)...)
			p.Stdout, p.Stderr = theirs, theirs
			p.Env = append(p.Env, "NO_COLOR=")
			p.Env = append(p.Env, c.env...)
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Process.Kill() })
			_ = theirs.Close() // the program has it: its end is the end of what is read
			text, err := io.ReadAll(ours)
			if err != nil && !errors.Is(err, syscall.EIO) {
				t.Fatal(err)
			}
			if status := p.status(t); status != 0 || !strings.Contains(string(text), "ok") {
				t.Errorf("exit code %d:\n%s", status, text)
			}
			if got := strings.ContainsRune(string(text), '\x1b'); got != c.codes || c.codes && !strings.Contains(string(text), "\x1b[K") {
				t.Errorf("codes: %t, want %t in\n%q", got, c.codes, text)
			}
		})
	}
}
