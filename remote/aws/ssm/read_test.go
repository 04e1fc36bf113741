package ssm_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/plimsoll-load/plimsoll/remote/aws/ssm"
	"github.com/plimsoll-load/plimsoll/remote/provider"
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
			got, err := ssm.Client{API: a}.Run(t.Context(), provider.Command{Machines: []string{"i-a"}, Script: fmt.Sprintf("echo out; echo err >&2\nexit %d # done", code)})
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
			got, err := ssm.Client{API: a}.Run(t.Context(), provider.Command{Machines: []string{"i-a"}, Script: script})
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

func TestAFileOfAnyLengthComesInChunks(t *testing.T) {
	t.Parallel()
	const chunk = 17900
	run := shell(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, row := range []struct {
		size, commands int
		broken         int // the answer that loses its end; 0: none
		want           int
	}{
		{1, 1, 0, 1},
		{chunk - 1, 1, 0, chunk - 1},
		{chunk, 1, 0, chunk},
		{chunk + 1, 2, 0, chunk + 1},
		{3*chunk + 5, 4, 0, 3*chunk + 5},
		{3*chunk + 5, 2, 2, 2*chunk - 74}, // what follows would be in the wrong place
	} {
		synctest.Test(t, func(t *testing.T) {
			text := make([]byte, row.size)
			for i := range text {
				text[i] = byte(random.Uint32())
			}
			path := filepath.Join(t.TempDir(), "it's a file")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			n := 0
			a := &agents{answer: func(machine, script string) answer {
				got := run(machine, script)
				if strings.Contains(got.out, "truncated") {
					t.Error("an answer was cut")
				}
				if n++; n == row.broken {
					got.out = got.out[:len(got.out)-100]
				}
				return got
			}}
			got, err := ssm.Client{API: a}.ReadFile(t.Context(), "i-a", path, int64(row.size))
			if err != nil || len(got) != row.want || !bytes.HasPrefix(text, got) || len(a.sent) != row.commands {
				t.Errorf("%d bytes: %d came in %d commands, want %d in %d: %v", row.size, len(got), len(a.sent), row.want, row.commands, err)
			}
		})
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &agents{answer: shell(t)}
		if got, err := (ssm.Client{API: a}).ReadFile(t.Context(), "i-a", filepath.Join(t.TempDir(), "none"), 100000); err != nil || len(got) != 0 || len(a.sent) != 1 {
			t.Errorf("%d bytes came in %d commands: %v", len(got), len(a.sent), err)
		}
		a = &agents{online: map[string]bool{}}
		if _, err := (ssm.Client{API: a}).ReadFile(t.Context(), "i-a", "/f", 1); !errors.Is(err, provider.NoAgent) {
			t.Errorf("without an agent: %v", err)
		}
		a = &agents{answer: func(string, string) answer {
			return answer{types.CommandInvocationStatusTimedOut, "ExecutionTimedOut", -1, "", ""}
		}}
		var failed *provider.CommandError
		if _, err := (ssm.Client{API: a}).ReadFile(t.Context(), "i-a", "/f", 1); !errors.As(err, &failed) {
			t.Errorf("without an answer: %v", err)
		}
	})
}
