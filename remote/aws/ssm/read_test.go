package ssm_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/plimsoll-load/plimsoll/remote"
	"github.com/plimsoll-load/plimsoll/remote/aws/ssm"
)

// TestExitCodesReachUs runs scripts under the real shell: none may end with a code that the agent takes for an order.
func TestExitCodesReachUs(t *testing.T) {
	t.Parallel()
	for _, code := range []int{0, 1, 3, 126, 137, 168, 194, 255} {
		synctest.Test(t, func(t *testing.T) {
			var seen int32
			run := shell(t)
			a := &agents{answer: func(machine, script string) answer {
				got := run(machine, script)
				seen = got.code
				return got
			}}
			got, err := ssm.Client{API: a}.Run(t.Context(), remote.Command{Machines: []string{"i-a"}, Script: fmt.Sprintf("echo out; echo err >&2\nexit %d # done", code)})
			if err != nil || got[0].ExitCode != code || got[0].Stdout != "out\n" || got[0].Stderr != "err\n" {
				t.Errorf("%d: %+v, %v", code, got[0], err)
			}
			if seen == 137 || seen == 168 || seen == 194 {
				t.Errorf("the agent saw %d", seen)
			}
		})
	}
}

// TestPlaceholdersAreText: the agent replaces {{ssm:NAME}} in all that it is sent, before a shell sees any quotes.
func TestPlaceholdersAreText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{{ssm:/prod/password}}", "{{ ssm:/prod/password }} it's", "{{ssm-secure:x}}\n\n", "{{ commands }}", "{{executionTimeout}}", "{{.State.Status}} {{json .}}",
		"$HOME `id` \\ \"{{ssm:x}}\" ; exit 3",
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &agents{answer: shell(t)}
			script := "cat <<'END'\n" + text + "\nEND\nexit 4"
			got, err := ssm.Client{API: a}.Run(t.Context(), remote.Command{Machines: []string{"i-a"}, Script: script})
			if err != nil || got[0].Stdout != text+"\n" || got[0].ExitCode != 4 {
				t.Errorf("%q: %+v, %v", text, got[0], err)
			}
			sent := a.sent[0].Parameters["commands"][0]
			for _, name := range []string{"ssm", "commands", "executionTimeout"} {
				if strings.Contains(strings.ReplaceAll(sent, " ", ""), "{{"+name) {
					t.Errorf("%q: sent as\n%s", text, sent)
				}
			}
		})
	}
}

// noise is a script whose output does not compress well: n lines of seven hexadecimal digits.
func noise(n int) string {
	return fmt.Sprintf(`awk 'BEGIN { srand(1); for (i = 0; i < %d; i++) printf "%%07x\n", int(rand() * 268435455) }'`, n)
}

func TestReadGoesBeyondTheCut(t *testing.T) {
	t.Parallel()
	run := shell(t)
	for name, row := range map[string]struct {
		script   string
		size     int
		commands int // with that which removes the file
	}{
		"nothing":        {"true", 0, 2},
		"a line":         {"echo hello", 6, 2},
		"several chunks": {noise(15000), 15000 * 8, 5},
		"packs well":     {"head -c 200000 /dev/zero", 200000, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			tmp := t.TempDir()
			a := &agents{answer: func(machine, script string) answer {
				return run(machine, strings.ReplaceAll(script, "/tmp/plimsoll.X", tmp+"/plimsoll.X"))
			}}
			got, err := ssm.Client{API: a}.Read(t.Context(), "i-a", remote.Command{Title: "read", Script: row.script})
			if err != nil || len(got) != row.size || len(a.sent) != row.commands {
				t.Errorf("%s: %d bytes in %d commands, %v; want %d in %d", name, len(got), len(a.sent), err, row.size, row.commands)
			}
			if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
				t.Errorf("%s: %v is left on the machine", name, left)
			}
			for _, r := range a.ended {
				if out := r["i-a"].out; strings.Contains(out, "truncated") {
					t.Errorf("%s: an answer was cut", name)
				}
			}
		})
	}
}

func TestReadOfAScriptThatFails(t *testing.T) {
	t.Parallel()
	run := shell(t)
	synctest.Test(t, func(t *testing.T) {
		tmp := t.TempDir()
		a := &agents{answer: func(machine, script string) answer {
			return run(machine, strings.ReplaceAll(script, "/tmp/plimsoll.X", tmp+"/plimsoll.X"))
		}}
		_, err := ssm.Client{API: a}.Read(t.Context(), "i-a", remote.Command{Title: "read", Script: "echo half; echo why >&2; exit 137"})
		var failed *remote.CommandError
		if !errors.As(err, &failed) || failed.Result.ExitCode != 137 || failed.Result.Stdout != "half\n" || failed.Result.Stderr != "why\n" {
			t.Errorf("%+v", err)
		}
		if left, _ := os.ReadDir(tmp); len(left) > 0 {
			t.Errorf("%v is left on the machine", left)
		}
	})
}

func TestReadThatBreaksOnItsWay(t *testing.T) {
	t.Parallel()
	run := shell(t)
	for name, row := range map[string]struct {
		broken   int // how many answers after the first lose their last characters
		commands int
		whole    bool
	}{
		"once, fetched again": {1, 5 + 4, true},
		"always":              {1000, 5 + 4, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			tmp, n := t.TempDir(), 0
			a := &agents{answer: func(machine, script string) answer {
				got := run(machine, strings.ReplaceAll(script, "/tmp/plimsoll.X", tmp+"/plimsoll.X"))
				if n++; n > 2 && n <= 2+row.broken && len(got.out) > 100 {
					got.out = got.out[:len(got.out)-100]
				}
				return got
			}}
			got, err := ssm.Client{API: a}.Read(t.Context(), "i-a", remote.Command{Title: "read", Script: noise(15000)})
			if row.whole && (err != nil || len(got) != 15000*8) {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
			if !row.whole && (!errors.Is(err, ssm.ErrIncomplete) || len(got) < 20000 || len(got) >= 15000*8) {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
			if len(a.sent) > row.commands {
				t.Errorf("%s: %d commands, want at most %d", name, len(a.sent), row.commands)
			}
		})
	}
}
