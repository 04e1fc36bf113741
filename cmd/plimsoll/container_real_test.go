//go:build real && linux

package main_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// contained is a container of the monitor's test service.
type contained struct{ name, url string }

// startContainer imports an image that holds nothing but the service, and starts it with limits.
func startContainer(t *testing.T, name string, limits []string, args ...string) contained {
	t.Helper()
	outside(t, "docker")
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no Docker engine: %s", out)
		}
		t.Skipf("no Docker engine: %s", out)
	}
	service := filepath.Join(t.TempDir(), "service")
	build := exec.Command("go", "build", "-o", service, "../../runtime/monitor/testdata/service")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(service)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range []struct {
		header tar.Header
		text   []byte
	}{
		{tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o777}, nil},
		{tar.Header{Name: "service", Mode: 0o755, Size: int64(len(text))}, text},
	} {
		if err := w.WriteHeader(&f.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	importing := exec.Command("docker", "import", "-", "plimsoll-test-size")
	importing.Stdin = &archive
	if out, err := importing.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0") // one that the engine chose would be another after a restart
	if err != nil {
		t.Fatal(err)
	}
	c := contained{name, "http://" + free.Addr().String() + "/"}
	free.Close()
	_ = exec.Command("docker", "rm", "-f", name).Run() // of a test that was cut
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", name).Run() })
	all := append([]string{"run", "-d", "-i", "--name", name, "--label", "plimsoll-test=size", "-p", free.Addr().String() + ":8080"}, limits...)
	docker(t, append(append(all, "plimsoll-test-size", "/service", "-listen", ":8080"), args...)...)
	for deadline := time.Now().Add(10 * time.Second); ; <-time.After(50 * time.Millisecond) {
		if res, err := http.Get(c.url); err == nil {
			res.Body.Close()
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer", name)
		}
	}
}

func docker(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// getOnce is a script of one request.
func getOnce(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "get.js")
	if err := os.WriteFile(file, []byte("import http from 'plimsoll/http'\nexport default () => { http.get(__ENV.SERVER_URL, { timeout: '2s' }) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRealLimitOfAContainerIsNamedByItsName(t *testing.T) {
	c := startContainer(t, "plimsoll-test-named", []string{"--cpus", "0.4", "--memory", "64m"}, "-mode", "cpu", "-work", "4ms")
	ran := command(t, []string{"SERVER_URL=" + c.url}, program(t), "size", getOnce(t), "--budget=40s", "--max=200", "--monitor=auto", "--json")
	var got verdict
	if err := json.Unmarshal([]byte(ran.stdout), &got); err != nil || got.Bottleneck == nil {
		t.Fatalf("exit %d: %v\n%s", ran.exit, err, ran.stderr)
	}
	b := got.Bottleneck
	t.Logf("%s: %s", got.Verdict, b)
	if b.Name != record.LimitCPU || b.Source != "container "+c.name || !strings.Contains(b.String(), "of its 0.4 cores") {
		t.Errorf("limited by %s of %q: %s; want cpu of the container, of its 0.4 cores", b.Name, b.Source, b)
	}
}

func TestRealRunGoesOnThoughItsContainerIsKilled(t *testing.T) {
	c := startContainer(t, "plimsoll-test-restarted", []string{"--cpus", "0.5", "--memory", "64m"}, "-mode", "pool", "-work", "5ms")
	file := filepath.Join(t.TempDir(), "run.jsonl")
	plimsoll, script := program(t), getOnce(t)
	over := make(chan ran, 1)
	go func() {
		over <- command(t, []string{"SERVER_URL=" + c.url}, plimsoll, "run", script, "--vus=2", "--duration=10s", "--monitor=container="+c.name, "-o", file)
	}()
	<-time.After(3 * time.Second)
	docker(t, "kill", c.name)
	<-time.After(2 * time.Second)
	docker(t, "start", c.name)
	got := <-over
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("exit %d: %v\n%s", got.exit, err, got.stderr)
	}
	defer f.Close()
	notes, before, after, last := "", 0, 0, ""
	for r := record.NewReader(f); ; {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch row := row.(type) {
		case *record.Resources:
			switch {
			case row.Kind() != record.KindContainer:
			case row.Note != "":
				notes += row.Note + "; "
			case notes == "":
				before++
			default:
				after++
			}
		case *record.End:
			last = fmt.Sprintf("%s after %.0f s", row.Verdict, row.AtS)
		}
	}
	t.Logf("%s; %d readings, then %s then %d", last, before, notes, after)
	if before < 5 || after < 5 || !strings.Contains(notes, "exit code 137") || !strings.Contains(notes, "was restarted") || last == "" {
		t.Errorf("%d readings, notes %q, then %d readings; end %q", before, notes, after, last)
	}
}
