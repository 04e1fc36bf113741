package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestItRunsAsLongAsItsInputIsOpen(t *testing.T) {
	t.Parallel()
	answers := filepath.Join(t.TempDir(), "answers.json")
	if err := os.WriteFile(answers, []byte(`[{"match":"date","stdout":"now"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	in, hold := io.Pipe()
	out, print := io.Pipe()
	code := make(chan int, 1)
	var complaints bytes.Buffer
	go func() {
		code <- run(t.Context(), []string{"-profile", "p", "-foreign", "eu-west-1", "-answers", answers, "-fault", `{"kind":"throttle","n":1}`, "-type", `{"name":"half","vcpu":1}`}, streams{in, print, &complaints})
		print.Close()
	}()
	var told struct {
		URL, Control string
		Foreign      map[string][2]string
	}
	if err := json.NewDecoder(out).Decode(&told); err != nil {
		t.Fatalf("%v %s", err, complaints.String())
	}
	res, err := http.Get(told.Control + "state")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if !strings.Contains(string(b), told.Foreign["eu-west-1"][0]) || !strings.Contains(string(b), `"profiles":["p"]`) {
		t.Errorf("the state is %s", b)
	}
	hold.Close()
	if got := <-code; got != 0 {
		t.Errorf("ended with %d: %s", got, complaints.String())
	}
	if _, err := http.Get(told.URL); err == nil {
		t.Error("it still answers")
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-nonsense"}, {"more"}, {"-type", "{"}, {"-fault", "{"}, {"-answers", "/no/such/file"}} {
		var out, complaints bytes.Buffer
		if got := run(t.Context(), args, streams{strings.NewReader(""), &out, &complaints}); got != 2 || complaints.Len() == 0 || out.Len() > 0 {
			t.Errorf("%v ended with %d, told %q and %q", args, got, complaints.String(), out.String())
		}
	}
}
