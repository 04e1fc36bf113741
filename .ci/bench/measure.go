package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bench is one measurement, from the first run to the page.
type bench struct {
	settings
	tools  map[string]string // program of each
	work   string
	server *server
	began  string // load average before
	tables []table
}

// sample is what one run of one tool gave.
type sample struct {
	count     float64 // requests or iterations
	user, sys time.Duration
	wall      time.Duration
	peakRSS   float64 // bytes
	pss       float64 // bytes, near the end; 0: not read
}

// cpu is the CPU time of one request, in µs.
func (s sample) cpu() float64 { return (s.user + s.sys).Seconds() / s.count * 1e6 }

// table is what a workload gave.
type table struct {
	workload
	tools   []string
	samples map[string][]sample
	events  map[string]events
}

// events are what perf counted of one run, a request each; 0: not counted here.
type events struct{ syscalls, instructions float64 }

// workload runs all tools in turn, round by round.
func (b *bench) workload(ctx context.Context, w workload) error {
	t := table{workload: w, samples: map[string][]sample{}, events: map[string]events{}}
	for _, tool := range w.tools {
		if b.tools[tool] != "" {
			t.tools = append(t.tools, tool)
		}
	}
	if w.name == "kinto" {
		url, stop, err := b.startTarget(ctx)
		if err != nil {
			return err
		}
		defer stop()
		w.url = url
	}
	if err := w.writeTargets(b.work); err != nil {
		return err
	}
	for round := range b.rounds {
		say("%s, round %d of %d, %v each", w.title, round+1, b.rounds, b.length)
		for i := range t.tools {
			tool := t.tools[(i+round)%len(t.tools)]
			s, err := b.once(ctx, w, tool, b.length, nil)
			if err != nil {
				return fmt.Errorf("%s: %w", tool, err)
			}
			t.samples[tool] = append(t.samples[tool], s)
			say("  %-11s %9.0f/s  %7.2f µs of CPU each", tool, s.count/s.wall.Seconds(), s.cpu())
		}
	}
	for _, tool := range t.tools {
		e, err := b.events(ctx, w, tool)
		if err != nil {
			say("  %s: not counted: %v", tool, err)
		}
		t.events[tool] = e
	}
	b.tables = append(b.tables, t)
	return nil
}

// once runs a tool once, under wrap if there is one.
func (b *bench) once(ctx context.Context, w workload, tool string, length time.Duration, wrap []string) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, length+time.Minute)
	defer cancel()
	line := append(append([]string{}, wrap...), b.tools[tool])
	if b.pin {
		line = append([]string{"taskset", "-c", "1"}, line...)
	}
	line = append(line, w.arguments(tool, b.work, length)...)
	before, err := b.server.served()
	if err != nil {
		return sample{}, err
	}
	var out bytes.Buffer
	c := exec.CommandContext(ctx, line[0], line[1:]...)
	c.Stdout, c.Stderr = &out, &out
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(b.work, "state"), "K6_NO_USAGE_REPORT=true")
	began := time.Now()
	if err := c.Start(); err != nil {
		return sample{}, err
	}
	pss := pssOf(ctx, c.Process.Pid, length*4/5)
	if err := c.Wait(); err != nil {
		return sample{}, fmt.Errorf("%w: %s", err, out.Bytes())
	}
	s := sample{wall: time.Since(began), user: c.ProcessState.UserTime(), sys: c.ProcessState.SystemTime(), pss: <-pss}
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peakRSS = float64(usage.Maxrss) * 1024
	}
	after, err := b.server.served()
	if err != nil {
		return sample{}, err
	}
	s.count = float64(after - before - 1) // one of them asked for the count
	if w.count != byServer {
		s.count, err = told(tool, w.count, out.Bytes())
	}
	if err == nil && s.count <= 0 {
		err = fmt.Errorf("it did nothing: %s", out.Bytes())
	}
	return s, err
}

var k6Iterations = regexp.MustCompile(`iterations\.*:\s*(\d+)`)

// told is what a tool says that it did.
func told(tool string, what counter, out []byte) (float64, error) {
	if tool == "k6" {
		m := k6Iterations.FindSubmatch(out)
		if m == nil {
			return 0, fmt.Errorf("no count of iterations in %q", out)
		}
		return strconv.ParseFloat(string(m[1]), 64)
	}
	start := bytes.IndexByte(out, '{')
	if start < 0 {
		return 0, fmt.Errorf("no JSON in %q", out)
	}
	var result struct{ Iterations, Requests struct{ Count float64 } }
	if err := json.NewDecoder(bytes.NewReader(out[start:])).Decode(&result); err != nil {
		return 0, err
	}
	if what == byIterations {
		return result.Iterations.Count, nil
	}
	return result.Requests.Count, nil
}

// pssOf reads a process's share of memory once, after so long.
func pssOf(ctx context.Context, pid int, after time.Duration) <-chan float64 {
	out := make(chan float64, 1)
	go func() {
		defer close(out)
		select {
		case <-ctx.Done():
			return
		case <-time.After(after):
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return // it has ended, or this is no Linux
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
				kib, _ := strconv.ParseFloat(f[1], 64) // a number of the kernel's
				out <- kib * 1024
				return
			}
		}
	}()
	return out
}

// events counts system calls and instructions of one more, short run.
func (b *bench) events(ctx context.Context, w workload, tool string) (events, error) {
	if _, err := exec.LookPath("perf"); err != nil {
		return events{}, errors.New("install Debian's package linux-perf")
	}
	file := filepath.Join(b.work, "perf")
	wrap := []string{"perf", "stat", "-x", ",", "-o", file, "-e", "raw_syscalls:sys_enter,instructions"}
	s, err := b.once(ctx, w, tool, min(b.length, 2*time.Second), wrap)
	if err != nil {
		return events{}, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return events{}, err
	}
	var e events
	for line := range strings.Lines(string(text)) {
		f := strings.Split(line, ",") // count,unit,event,…
		if len(f) < 3 {
			continue
		}
		n, err := strconv.ParseFloat(f[0], 64)
		if err != nil {
			continue // <not supported>
		}
		switch {
		case strings.HasPrefix(f[2], "raw_syscalls"):
			e.syscalls = n / s.count
		case strings.HasPrefix(f[2], "instructions"):
			e.instructions = n / s.count
		}
	}
	return e, nil
}

// startTarget starts plimsoll's own target, which never ends by itself.
func (b *bench) startTarget(ctx context.Context) (url string, stop func(), err error) {
	c := exec.CommandContext(ctx, b.tools["plimsoll"], "target", "--model", "rejects:1000000")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = c.Process.Signal(os.Interrupt) // it may have ended
		_ = c.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("plimsoll target: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// loadAverage is how busy the machine was before.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
