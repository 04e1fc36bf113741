package cli

import (
	"bytes"
	"os"
	"testing"
)

func TestWhereCodesAreWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		columns int
		system  string
		env     map[string]string
		want    Terminal
	}{
		"a terminal":                    {100, "linux", map[string]string{"TERM": "xterm-256color"}, Terminal{100, true}},
		"another":                       {120, "darwin", map[string]string{"TERM": "screen"}, Terminal{120, true}},
		"dumb":                          {100, "linux", map[string]string{"TERM": "dumb"}, Terminal{100, false}},
		"dumb, on Windows":              {100, "windows", map[string]string{"TERM": "dumb"}, Terminal{100, false}},
		"without TERM":                  {100, "linux", nil, Terminal{100, false}},
		"with an empty TERM":            {100, "darwin", map[string]string{"TERM": ""}, Terminal{100, false}},
		"Windows says no TERM":          {100, "windows", nil, Terminal{100, true}},
		"no colours":                    {100, "linux", map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, Terminal{100, false}},
		"no colours, whatever it holds": {100, "linux", map[string]string{"TERM": "xterm", "NO_COLOR": "0"}, Terminal{100, false}},
		"no colours, but empty":         {100, "linux", map[string]string{"TERM": "xterm", "NO_COLOR": ""}, Terminal{100, true}},
		"no colours, on Windows":        {100, "windows", map[string]string{"NO_COLOR": "1"}, Terminal{100, false}},
		"of no width":                   {0, "linux", map[string]string{"TERM": "xterm"}, Terminal{80, true}},
		"too narrow":                    {5, "linux", map[string]string{"TERM": "xterm"}, Terminal{80, true}},
	} {
		if got := terminal(c.columns, c.system, func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestWhatIsNoTerminalGetsNoCodes(t *testing.T) {
	t.Parallel()
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	xterm := func(name string) string { return map[string]string{"TERM": "xterm"}[name] }
	if got := TerminalOf(file, xterm); got != (Terminal{}) {
		t.Errorf("a file is %+v", got)
	}
	if got := TerminalOf(&bytes.Buffer{}, xterm); got != (Terminal{}) {
		t.Errorf("memory is %+v", got)
	}
}
