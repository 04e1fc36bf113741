//go:build unix

package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Soon is what is wanted after the last signal, and long what fails a test: the machine may be busy.
const (
	soon = 2 * time.Second
	long = 20 * time.Second
)

// signalled are the signals that come; PIPE is that the readers of the output go away. Clean says that all must be gone.
var signalled = []struct {
	name  string
	comes []syscall.Signal
	code  int
	clean bool
}{
	{"INT", []syscall.Signal{syscall.SIGINT}, exit.Interrupted, true},
	{"INT twice", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, exit.Interrupted, true},
	{"INT three times", []syscall.Signal{syscall.SIGINT, syscall.SIGINT, syscall.SIGINT}, exit.Interrupted, false},
	{"TERM", []syscall.Signal{syscall.SIGTERM}, exit.Terminated, true},
	{"HUP", []syscall.Signal{syscall.SIGHUP}, exit.Terminated, true},
	{"PIPE", []syscall.Signal{syscall.SIGPIPE, syscall.SIGTERM}, exit.Terminated, true},
}

// TestASignalIsAnsweredInEachPhase sends signals in the middle of calls of a run: while it plans, rents, boots, measures
// and cleans up. As long as nothing is made, and for the third signal, a call is given up that is never answered.
func TestASignalIsAnsweredInEachPhase(t *testing.T) {
	t.Parallel()
	whole := newRegion(t, fakeaws.Options{})
	if got := whole.run(whole.sizing()...); got.code != 0 {
		t.Fatalf("a run that nobody stops ended with %d\n%s", got.code, got.stderr)
	}
	calls := whole.Calls()
	made := slices.IndexFunc(calls, func(c fakeaws.Call) bool { return c.Action == "CreateSecurityGroup" })
	slots := make(chan bool, 6) // a run is a process that waits most of its time
	var runs sync.WaitGroup
	for i, s := range signalled {
		for _, k := range fakeaws.KillPoints(len(calls)-1, 2*i, full()) {
			slots <- true
			runs.Go(func() {
				defer func() { <-slots }()
				var count atomic.Int64
				reached, sent := make(chan bool), make(chan bool)
				r := newRegion(t, fakeaws.Options{After: func(fakeaws.Call) bool {
					if int(count.Add(1)) == k {
						close(reached)
						<-sent
					}
					return true
				}})
				if k <= made || !s.clean {
					r.Inject(fakeaws.HoldBefore(k))
				}
				p := r.process(r.command(r.sizing()...))
				select {
				case <-r.HeldCall():
					p.send(t, s.comes)
				case <-reached:
					p.send(t, s.comes)
					close(sent)
				case <-p.ended:
					p.stop()
					return // how often a run asks depends on how fast the machine is
				}
				took := p.wait(t, s.name)
				if code := p.ProcessState.ExitCode(); code != s.code {
					t.Errorf("%s at call %d of %d, %s: %v, want the exit status %d\n%s", s.name, k, len(calls), calls[k-1].Action, p.ProcessState, s.code, p.said.String())
				}
				if left := r.Left(); s.clean && len(left) > 0 {
					t.Errorf("%s at call %d, %s: left %v\n%s", s.name, k, calls[k-1].Action, left, p.said.String())
				}
				if took > soon {
					t.Logf("%s at call %d, %s: ended %v after the last signal\n%s", s.name, k, calls[k-1].Action, took, p.said.String())
				}
			})
		}
	}
	runs.Wait()
}

// TestASignalIsAnsweredAtThePrompt sends signals while the program waits for a yes.
func TestASignalIsAnsweredAtThePrompt(t *testing.T) {
	t.Parallel()
	for _, s := range signalled {
		t.Run(s.name, func(t *testing.T) {
			terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
			if err != nil {
				t.Skipf("there are no terminals here: %v", err)
			}
			defer terminal.Close()
			r := newRegion(t, fakeaws.Options{})
			var args []string
			for _, a := range r.sizing() {
				if a != "--yes" {
					args = append(args, a)
				}
			}
			c := r.command(args...)
			c.Stdin = terminal
			p := r.process(c)
			select {
			case <-p.asked:
				p.send(t, s.comes)
			case <-p.ended:
			}
			p.wait(t, s.name)
			if code := p.ProcessState.ExitCode(); code != s.code {
				t.Errorf("%v, want the exit status %d\n%s", p.ProcessState, s.code, p.said.String())
			}
		})
	}
}

// running is a process whose output is read, until it is closed.
type running struct {
	*exec.Cmd
	out   *os.File
	asked chan struct{} // closed when it asks whether to go on
	ended chan struct{}
	last  time.Time // of the signals

	said strings.Builder
}

// process starts a command.
func (r *region) process(c *exec.Cmd) *running {
	out, in, err := os.Pipe()
	if err != nil {
		r.t.Fatal(err)
	}
	p := &running{Cmd: c, out: out, asked: make(chan struct{}), ended: make(chan struct{})}
	c.Stdout, c.Stderr = in, in
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	_ = in.Close()
	read := make(chan struct{})
	go func() { defer close(read); p.follow() }()
	go func() {
		_ = c.Wait()
		<-read
		close(p.ended)
	}()
	return p
}

func (p *running) follow() {
	part, asked := make([]byte, 4096), false
	for {
		n, err := p.out.Read(part)
		p.said.Write(part[:n])
		if !asked && strings.Contains(p.said.String(), "Go on?") {
			asked = true
			close(p.asked)
		}
		if err != nil {
			return
		}
	}
}

// send sends signals, each when the one before is taken in.
func (p *running) send(t *testing.T, comes []syscall.Signal) {
	t.Helper()
	for i, sig := range comes {
		if sig == syscall.SIGPIPE {
			_ = p.out.Close()
		} else if err := p.Process.Signal(sig); err != nil && i == 0 {
			t.Error(err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-p.ended:
		}
	}
	p.last = time.Now()
}

// wait waits for the end, and returns how long after the last signal it came.
func (p *running) wait(t *testing.T, name string) time.Duration {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(long):
		t.Errorf("%s: it goes on %v after the last signal", name, long)
	}
	defer p.stop()
	return time.Since(p.last)
}

func (p *running) stop() {
	_ = p.Process.Kill()
	<-p.ended
	_ = p.out.Close()
}
