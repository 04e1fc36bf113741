package monitor

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// jvm follows what the JDK's jstat tells of a Java virtual machine. One jstat
// runs all the time: to start it for each reading would cost half a second of CPU.
type jvm struct {
	pid   string
	stop  func() error
	ended chan struct{} // closed when jstat has ended
	rates rates

	mu     sync.Mutex
	newest map[string]float64 // columns; nil: nothing new
	at     time.Time          // when they came
	failed string             // what jstat said last, that was no table
}

// openJVM watches the virtual machine of a process.
func openJVM(pid string) (Source, error) {
	program, err := exec.LookPath("jstat")
	if err != nil {
		return nil, &CannotWatchError{What: "jvm " + pid, Why: "jstat is not on PATH", Advice: "install a JDK, or watch the process alone: --monitor pid=" + pid}
	}
	return startJVM(program, pid)
}

func startJVM(program, pid string) (*jvm, error) {
	c := exec.Command(program, "-J-Xmx24m", "-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1", "-gc", "-t", pid, "1000")
	c.WaitDelay = time.Second
	endWithUs(c)
	j := &jvm{pid: pid, ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer close(j.ended)
		runtime.LockOSThread() // on Linux jstat ends with the thread that started it
		defer runtime.UnlockOSThread()
		out, err := c.StdoutPipe()
		if err == nil {
			c.Stderr = c.Stdout
			err = c.Start()
		}
		started <- err
		if err == nil {
			j.follow(out)
			_ = c.Wait() // that it ended is what counts; why is in what it said
		}
	}()
	if err := <-started; err != nil {
		return nil, &CannotWatchError{What: "jvm " + pid, Why: err.Error(), Advice: "try `jstat -gc " + pid + "`"}
	}
	j.stop = c.Process.Kill
	return j, nil
}

func (j *jvm) Name() string { return record.KindJVM + " " + j.pid }

func (j *jvm) every() time.Duration { return time.Second }

// Close ends jstat.
func (j *jvm) Close() error {
	_ = j.stop() // it may have ended by itself
	<-j.ended
	return nil
}

// follow takes in jstat's table, line by line.
func (j *jvm) follow(out io.Reader) {
	var names []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		columns := strings.Fields(lines.Text())
		values := namedColumns(names, columns)
		j.mu.Lock()
		switch {
		case slices.Contains(columns, "GCT"):
			names = columns
		case values != nil:
			j.newest, j.at = values, j.rates.now()
		default:
			j.failed = printable(strings.TrimSpace(lines.Text()))
		}
		j.mu.Unlock()
	}
}

// namedColumns gives the numbers of a row their names; what is none is left out. It is nil for what is no row.
func namedColumns(names, columns []string) map[string]float64 {
	if len(names) == 0 || len(names) != len(columns) {
		return nil
	}
	values := map[string]float64{}
	for i, text := range columns {
		// some languages write a comma
		if v, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64); err == nil && sound(v) {
			values[names[i]] = v
		}
	}
	if len(values) == 0 {
		return nil
	}
	return values
}

func (j *jvm) Read(ctx context.Context) ([]record.Resources, error) {
	values, at, err := j.wait(ctx)
	if err != nil {
		return nil, err
	}
	r := j.rates.begin(j.Name())
	r.from = at                             // when jstat told it
	if age, ok := values["Timestamp"]; ok { // of the virtual machine, in seconds
		r.stamp = time.Unix(0, int64(age*1e9))
	}
	used := r.sum(record.HeapBytes)
	for _, space := range []string{"S0U", "S1U", "EU", "OU"} { // survivors, eden, old; in KiB
		if v, ok := values[space]; ok {
			used.value(space, v*1024)
		}
	}
	used.set(record.HeapBytes)
	if seconds, ok := values["GCT"]; ok {
		r.share(record.GCCPU, seconds)
	}
	return []record.Resources{r.Resources}, nil
}

// wait returns the newest row; where none has come yet, it waits for it.
func (j *jvm) wait(ctx context.Context) (map[string]float64, time.Time, error) {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		j.mu.Lock()
		values, at, failed := j.newest, j.at, j.failed
		j.newest = nil
		j.mu.Unlock()
		if values != nil {
			return values, at, nil
		}
		select {
		case <-j.ended:
			return nil, at, &stateError{record.StateEnded, fmt.Errorf("%s has ended, or jstat may not look at it: %s", j.Name(), failed)}
		case <-ctx.Done():
			return nil, at, fmt.Errorf("%s: jstat is silent", j.Name())
		case <-poll.C:
		}
	}
}

// virtualMachines are those of the processes that are watched already, where jstat is there to ask.
func virtualMachines(watched []Source) []Source {
	var all []Source
	program, err := exec.LookPath("jstat")
	if err != nil {
		return nil
	}
	for _, s := range watched {
		p, ok := s.(*process)
		if !ok {
			continue
		}
		roots, err := p.find()
		if err != nil {
			continue
		}
		for _, pid := range roots {
			if p.procs.comm(pid) != "java" {
				continue
			}
			if j, err := startJVM(program, pid); err == nil {
				all = append(all, j)
			}
		}
	}
	return all
}
