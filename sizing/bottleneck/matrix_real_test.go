//go:build real && linux

package bottleneck_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// How the matrix of all faults is run; without -matrix five cells are, once.
var (
	matrix  = flag.String("matrix", "", "file that keeps the runs of all cells: it goes on where that stops")
	table   = flag.String("table", "", "file that the runs of -matrix are written to, for people")
	one     = flag.String("cell", "", "of -matrix, only cells whose name contains this")
	variant = flag.String("variant", "", "of -matrix, only this: plain, rates or neighbour")
	minutes = flag.Float64("minutes", 0, "of -matrix, end within this time; 0: when all is done")
	budget  = flag.String("budget", "40s", "of one real sizing")
)

func judge(c cell, variant string, b record.Bottleneck) row {
	r := row{Cell: c.name, Variant: variant, Name: b.Name, Right: slices.Contains(c.want, b.Name), Goodput: b.Goodput, Confidence: b.Confidence, Text: b.String()}
	if c.slots > 0 {
		r.Slots = b.Slots/c.slots - 1
	}
	return r
}

// offSlots says whether the slots are off by more than a tenth, and by more than
// one decimal that a busy machine costs. What another client measured here is
// right, too: on a machine that wakes up slowly, a request's way to the slot and
// back is part of its unloaded time, and slots are goodput times that.
func offSlots(b record.Bottleneck, c cell, here float64) bool {
	if c.slots == 0 {
		return false
	}
	low, high := c.slots, max(c.slots, here)
	off := max(low-b.Slots, b.Slots-high)
	return off > 0.1*c.slots && off > 0.2
}

// slotsHere measures the slots of a cell's service with Go's own client: what a
// lone user waits for an answer, times what eight users a slot get.
func slotsHere(t *testing.T, c cell) float64 {
	t.Helper()
	if c.slots == 0 {
		return 0
	}
	address, _ := serve(t, c)
	const asked = 100
	took := make([]time.Duration, asked)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	defer client.CloseIdleConnections()
	get := func() {
		if answer, err := client.Get(address); err != nil {
			t.Error(err)
		} else {
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	}
	for i := range took {
		began := time.Now()
		get()
		took[i] = time.Since(began)
	}
	mean := time.Duration(0)
	for _, one := range took[asked/10:] { // connected
		mean += one / (asked - asked/10)
	}
	users := int(8 * c.slots)
	each := max(5, 500/users)
	var all sync.WaitGroup
	began := time.Now()
	for range users {
		all.Go(func() {
			for range each {
				get()
			}
		})
	}
	all.Wait()
	slots := float64(users*each) / time.Since(began).Seconds() * mean.Seconds()
	t.Logf("another client: %.3g slots of %v", slots, c.slots)
	return slots
}

// TestRealFaultsAreNamed sizes five real services, each limited in one way. On
// a machine that does other work as well a second try is allowed.
func TestRealFaultsAreNamed(t *testing.T) {
	if *matrix != "" {
		t.Skip("-matrix runs all")
	}
	forgetPrograms(t)
	for _, c := range cells(300) {
		if !c.ci {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			here := slotsHere(t, c)
			_, b := sized(t, c, *budget)
			r := judge(c, plain, b)
			if !r.Right || offSlots(b, c, here) {
				t.Logf("once more: %s, %.3g slots: %s", r.Name, b.Slots, r.Text)
				here = slotsHere(t, c)
				_, b = sized(t, c, *budget)
				r = judge(c, plain, b)
			}
			t.Logf("%.0f/s, %s: %s", r.Goodput, r.Name, r.Text)
			if !r.Right {
				t.Errorf("named %s, want %s", r.Name, strings.Join(c.want, " or "))
			}
			if offSlots(b, c, here) {
				t.Errorf("%.3g slots, want %v to the %.3g that another client measured", b.Slots, c.slots, here)
			}
		})
	}
}

// TestRealMatrix runs what has the fewest runs, until each cell has -times in
// each variant or -minutes would be over, and writes all that is kept as a table.
func TestRealMatrix(t *testing.T) {
	if *matrix == "" {
		t.Skip("takes hours: make matrix")
	}
	forgetPrograms(t)
	began, longest, program := time.Now(), 90*time.Second, commit(t) // it is built once
	wanted := slices.DeleteFunc(lots(), func(l lot) bool {
		return !strings.Contains(l.Cell, *one) || *variant != "" && l.Variant != *variant
	})
	for {
		all := tabled(t)
		l, runs, ok := scarcest(wanted, all, *times)
		if !ok {
			return
		}
		if left := time.Duration(*minutes*float64(time.Minute)) - time.Since(began); *minutes > 0 && left < longest {
			t.Logf("%v left, and a run takes up to %v: to be continued", left.Round(time.Second), longest.Round(time.Second))
			return
		}
		start := time.Now()
		t.Run(fmt.Sprintf("%s/%s/%d", l.Cell, l.Variant, runs+1), func(t *testing.T) { once(t, l, runs, program) })
		longest = max(longest, time.Since(start))
		if len(tabled(t)) == len(all) { // it cannot be run here
			wanted = slices.DeleteFunc(wanted, func(other lot) bool { return other == l })
		}
	}
}

// once makes the i-th run of a lot and keeps it.
func once(t *testing.T, l lot, i int, program string) {
	t.Helper()
	rate, beside := variants()[l.Variant](i)
	all := cells(rate)
	c := all[slices.IndexFunc(all, func(c cell) bool { return c.name == l.Cell })]
	c.beside = beside
	_, b := sized(t, c, *budget)
	r := judge(c, l.Variant, b)
	t.Logf("%.0f/s, %s, right: %v, %+.0f %% of slots: %s", r.Goodput, r.Name, r.Right, r.Slots*100, r.Text)
	r.Commit, r.Day = program, time.Now().UTC().Format(time.DateOnly)
	r.Machine, r.Load = machine()
	if err := appendRow(*matrix, r); err != nil {
		t.Fatal(err)
	}
}

// tabled reads what is kept, and writes it as a table.
func tabled(t *testing.T) []row {
	t.Helper()
	all, err := readRows(*matrix)
	if err == nil && *table != "" {
		err = os.WriteFile(*table, []byte(matrixTable(lots(), all)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func forgetPrograms(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		for _, name := range []string{"service", "plimsoll"} {
			os.Remove(filepath.Join(os.TempDir(), fmt.Sprintf("plimsoll-matrix-%d-%s", os.Getpid(), name)))
		}
	})
}

// commit is the last one that changed the program, with + where it is changed
// since: commits of runs alone make no other program.
func commit(t *testing.T) string {
	t.Helper()
	git := func(args ...string) string {
		out, err := exec.Command("git", append([]string{"-C", "../.."}, args...)...).Output()
		if err != nil {
			t.Fatalf("git %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	code := []string{"--", "*.go", "go.mod", "go.sum"}
	at := git(append([]string{"log", "-1", "--format=%h", "--abbrev=10"}, code...)...)
	if git(append([]string{"status", "--porcelain"}, code...)...) != "" {
		at += "+"
	}
	return at
}

// machine is what the runs were made on, and its load of five minutes.
func machine() (name string, load float64) {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	release, _, _ := strings.Cut(strings.TrimSpace(string(kernel)), "-")
	groups := "control groups of version 1"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		groups = "control groups of version 2"
	}
	memory := 0.0
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		fmt.Sscanf(string(text), "MemTotal: %f kB", &memory)
	}
	model := "processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		var minute float64
		fmt.Sscanf(string(text), "%f %f", &minute, &load)
	}
	return fmt.Sprintf("%d cores of %s, %.0f GB of memory, Linux %s, %s", runtime.NumCPU(), model, memory/1e6, release, groups), load
}
