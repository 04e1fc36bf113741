package monitor

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// The test binary runs itself as the processes that are watched.
const role = "PLIMSOLL_MONITOR_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "parent": // starts a child that burns, and waits
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), role+"=burn")
		in, _ := child.StdinPipe()
		if err := child.Start(); err != nil {
			panic(err)
		}
		os.Stdout.WriteString("ready\n")
		io.Copy(io.Discard, os.Stdin)
		in.Close()
		child.Wait()
	case "burn": // one thread at full tilt until its input ends
		go func() { io.Copy(io.Discard, os.Stdin); os.Exit(0) }()
		runtime.LockOSThread()
		os.Stdout.WriteString("ready\n")
		for n := 0; ; n++ {
		}
	default:
		os.Exit(m.Run())
	}
}

// start runs this binary in a role; it ends with the test, or when stop is called.
func start(t *testing.T, as string) (pid string, stop func()) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), role+"="+as)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := false
	stop = func() {
		if !done {
			done = true
			in.Close()
			c.Wait()
		}
	}
	t.Cleanup(stop)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("it did not start: %q %v", line, err)
	}
	return strconv.Itoa(c.Process.Pid), stop
}

// readTwice returns a reading over about d.
func readTwice(t *testing.T, s Source, d time.Duration) record.Resources {
	t.Helper()
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-time.After(d)
	rows, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rows[0]
}

func TestAProcessIsWatchedWithItsChildren(t *testing.T) {
	pid, stop := start(t, "parent")
	s, err := byPid(tree{}, pid)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := readTwice(t, s, 1100*time.Millisecond)
	if r.Values[record.Processes] != 2 {
		t.Errorf("%v processes, want the parent and its child", r.Values[record.Processes])
	}
	// one thread burns: other work on this machine may leave it less than a whole core
	cores, thread := r.Values[record.CPUCores], r.Values[record.CPUBusiestThread]
	if cores < 0.02 || cores > 1.2 {
		t.Errorf("%v cores, want what is left of one for the child", cores)
	}
	if thread < 0.5*cores || thread > 1.05 {
		t.Errorf("the busiest thread used %v cores of %v", thread, cores)
	}
	if r.Limits[record.CPUCores] < 0.5 || r.Limits[record.MemoryBytes] == 0 || r.Values[record.MemoryBytes] < 1e5 {
		t.Errorf("limits %v, memory %v", r.Limits, r.Values[record.MemoryBytes])
	}
	if n, limit := r.Values[record.Descriptors], r.Limits[record.Descriptors]; n < 3 || limit < n {
		t.Errorf("%v descriptors of %v", n, limit)
	}
	stop()
	if _, err := s.Read(t.Context()); err == nil {
		_, err = s.Read(t.Context())
		if err == nil {
			t.Error("a process that ended is still read")
		}
	} else if !strings.Contains(err.Error(), "has ended") {
		t.Errorf("got %v", err)
	}
}

func TestAServiceStartedAnewIsTakenUpWithANote(t *testing.T) {
	first, stop := start(t, "burn")
	now := first
	s := newProcess(tree{}, "process burn", func() ([]string, error) {
		if now == "" {
			return nil, fmt.Errorf("there is no process burn")
		}
		return []string{now}, nil
	})
	defer s.Close()
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	now = ""
	s.lookAt = time.Time{}
	if _, err := s.Read(t.Context()); err == nil {
		t.Fatal("no gap while it is gone")
	}
	now, _ = start(t, "burn")
	rows, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].Note != "process burn was restarted" || rows[0].State != record.StateRestarted {
		t.Errorf("note %q", rows[0].Note)
	}
	if _, ok := rows[0].Values[record.CPUCores]; ok {
		t.Error("CPU time of two lives makes one rate")
	}
	if again, err := s.Read(t.Context()); err != nil || again[0].Note != "" || again[0].State != "" {
		t.Errorf("the note is told twice: %q, %v", again[0].Note, err)
	}
}

// statText makes the text of a stat file.
func statText(pid int, name string, ticks, started int) string {
	return fmt.Sprintf("%d (%s) S 1 1 1 0 -1 4194560 100 0 0 0 %d 0 0 0 20 0 5 0 %d 1000 300 1\n", pid, name, ticks, started)
}

func TestANumberThatWasGivenAnewIsNotTheProcess(t *testing.T) {
	at := plant(t, map[string]string{
		"proc/77/stat": statText(77, "nginx", 100, 500), "proc/77/statm": "1000 300 100 1 0 100 0\n",
		"proc/77/task/77/stat": statText(77, "nginx", 100, 500), "proc/77/task/77/children": "",
	})
	s, err := byPid(at, "77")
	if err != nil {
		t.Fatal(err)
	}
	if s.Name() != "process 77 nginx" {
		t.Errorf("it is called %q", s.Name())
	}
	if rows, err := s.Read(t.Context()); err != nil || rows[0].Values[record.MemoryBytes] != 200*4096 {
		t.Fatalf("%v, %v", rows, err)
	}
	grow(t, at, map[string]string{"proc/77/stat": statText(77, "sshd", 7, 900)})
	if rows, err := s.Read(t.Context()); err == nil {
		t.Errorf("another process is taken for it: %v", rows)
	}
	s.lookAt = time.Time{}
	if _, err := s.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "given to another process") {
		t.Errorf("got %v", err)
	}
}

func TestAProcessIsLimitedByTheGroupThatItWasMovedTo(t *testing.T) {
	at := plant(t, cgroup2)
	grow(t, at, map[string]string{
		"proc/77/stat": statText(77, "web", 100, 500), "proc/77/task/77/children": "", "proc/77/status": "Cpus_allowed_list:\t0-3\n",
		"sys/fs/cgroup/other/cpu.max": "20000 100000\n", "sys/fs/cgroup/other/cpu.stat": "nr_periods 400\nnr_throttled 200\n",
	})
	s, err := byPid(at, "77")
	if err != nil {
		t.Fatal(err)
	}
	read := func() record.Resources {
		t.Helper()
		s.lookAt = time.Time{}
		rows, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return rows[0]
	}
	if r := read(); r.Limits[record.CPUCores] != .5 || r.Note != "" {
		t.Errorf("at first: %v, %q", r.Limits, r.Note)
	}
	if r := read(); r.Limits[record.CPUCores] != .5 || r.Note != "" {
		t.Errorf("where it was: %v, %q", r.Limits, r.Note)
	}
	grow(t, at, map[string]string{"proc/77/cgroup": "0::/other\n"})
	r := read()
	if r.Limits[record.CPUCores] != .2 || !strings.Contains(r.Note, "was moved to another control group") || r.State != record.StateMoved {
		t.Errorf("moved: %v, %q", r.Limits, r.Note)
	}
	if v, ok := r.Values[record.CPUThrottled]; ok {
		t.Errorf("%v of the periods are throttled, by counters of two groups", v)
	}
	grow(t, at, map[string]string{"proc/77/status": "Cpus_allowed_list:\t1\n", "sys/fs/cgroup/other/cpu.max": "max 100000\n"})
	if r := read(); r.Limits[record.CPUCores] != 1 || !strings.Contains(r.Note, "to other cores") {
		t.Errorf("to one core: %v, %q", r.Limits, r.Note)
	}
	for _, name := range []string{"cgroup", "status"} {
		if err := os.Remove(at.proc("77", name)); err != nil {
			t.Fatal(err)
		}
	}
	if r := read(); r.Limits[record.CPUCores] != 1 || r.Note != "" {
		t.Errorf("nothing tells where it is: %v, %q", r.Limits, r.Note)
	}
}

func TestAProcessThatNobodyHasWaitedForHasEnded(t *testing.T) {
	at := plant(t, map[string]string{"proc/77/stat": statText(77, "nginx", 100, 500), "proc/77/task/77/children": ""})
	s, err := byPid(at, "77")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	grow(t, at, map[string]string{"proc/77/stat": strings.Replace(statText(77, "nginx", 100, 500), ") S", ") Z", 1)})
	for range 2 {
		if rows, err := s.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "has ended") {
			t.Errorf("%v, %v", rows, err)
		}
	}
}

func TestTimeOfChildrenThatEndedIsCountedOnce(t *testing.T) {
	stats := func(parent, waited, child int) map[string]string {
		text := fmt.Sprintf("77 (p) S 1 1 1 0 -1 0 0 0 0 0 %d 0 %d 0 20 0 1 0 500 1000 300 1\n", parent, waited)
		files := map[string]string{"proc/77/stat": text, "proc/77/task/77/children": ""}
		if child > 0 {
			files["proc/78/stat"] = statText(78, "c", child, 600)
			files["proc/77/task/77/children"] = "78 "
		}
		return files
	}
	at := plant(t, stats(100, 0, 50))
	s, err := byPid(at, "77")
	if err != nil {
		t.Fatal(err)
	}
	clock := &fakeClock{}
	s.rates.clock = clock.time
	read := func(d time.Duration) float64 {
		s.lookAt = time.Time{}
		clock.pass(d)
		rows, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return rows[0].Values[record.CPUCores]
	}
	read(0)
	grow(t, at, stats(100, 0, 150))
	if got := read(time.Second); got < 0.98 || got > 1.01 {
		t.Errorf("a child that used 1 s in 1 s: %v cores", got)
	}
	// it uses another 0.5 s, ends, and its parent waits for it: 2 s in all, of which 1.5 s were seen
	grow(t, at, stats(100, 200, 0))
	os.RemoveAll(at.proc("78"))
	if got := read(time.Second); got < 0.48 || got > 0.51 {
		t.Errorf("its last half second is %v cores", got)
	}
}

func TestConnectionsAreCountedByStateAndDirection(t *testing.T) {
	const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	line := func(local, state, queues, inode string) string {
		return fmt.Sprintf("   0: 0100007F:%s 0100007F:C000 %s %s 00:00000000 00000000  1000        0 %s 1 0 100 0 0 10 0\n", local, state, queues, inode)
	}
	at := plant(t, map[string]string{
		"proc/77/stat": statText(77, "web", 1, 500), "proc/77/task/77/children": "",
		"proc/77/net/tcp": header +
			line("1F90", "0A", "00000000:00000003", "11") + // listens, 3 not accepted
			line("1F90", "01", "00000010:00000000", "12") + line("1F90", "01", "00000020:00000005", "13") +
			line("1F90", "08", "00000000:00000000", "14") + line("1F90", "06", "00000000:00000000", "0") +
			line("1F90", "03", "00000000:00000000", "0") +
			line("D000", "01", "00000000:00000000", "15") + // to a data base
			line("D001", "01", "00000000:00000000", "99") + // another process's
			line("0016", "0A", "00000000:00000007", "98"),
		"proc/77/net/tcp6": header,
	})
	for fd, inode := range map[string]string{"3": "11", "4": "12", "5": "13", "6": "14", "7": "15"} {
		path := at.proc("77", "fd", fd)
		if err := os.MkdirAll(at.proc("77", "fd"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("socket:["+inode+"]", path); err != nil {
			t.Fatal(err)
		}
	}
	s, err := byPid(at, "77")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(t, rows[0].Values, map[string]float64{
		record.Connections: 2, record.ConnectionsOut: 1, record.ConnectionsTimeWait: 1, record.ConnectionsOpening: 1, record.ConnectionsClosing: 1,
		record.NetListenQueue: 3, record.NetSendQueueBytes: 48, record.NetRecvQueueBytes: 5, record.Descriptors: 5,
	})
}

func TestThreadsThatWaitForADiskAreCounted(t *testing.T) {
	files := map[string]string{"proc/77/stat": statText(77, "web", 1, 500), "proc/77/task/77/children": ""}
	for tid := 77; tid < 82; tid++ {
		state := "S"
		if tid >= 79 {
			state = "D"
		}
		files[fmt.Sprintf("proc/77/task/%d/stat", tid)] = strings.Replace(statText(tid, "web", 1, 500), ") S", ") "+state, 1)
		files[fmt.Sprintf("proc/77/task/%d/schedstat", tid)] = "1000 1000 1\n"
	}
	s, err := byPid(plant(t, files), "77")
	if err != nil {
		t.Fatal(err)
	}
	s.Read(t.Context()) // finds the threads
	rows, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(t, rows[0].Values, map[string]float64{record.DiskBlocked: 3})
}

func TestAPortIsWatchedByWhoHoldsIt(t *testing.T) {
	service, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	client, err := net.Dial("tcp", service.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s, err := byPort(service.Addr().(*net.TCPAddr).Port)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v := rows[0].Values; v[record.NetListenQueue] != 1 { // nobody accepts
		t.Errorf("%v connections wait to be accepted, want 1", v[record.NetListenQueue])
	}
	if !strings.HasSuffix(s.Name(), fmt.Sprintf("on port %d", service.Addr().(*net.TCPAddr).Port)) {
		t.Errorf("it is called %q", s.Name())
	}
}

func TestTheGeneratorWatchesItself(t *testing.T) {
	g := Generator()
	defer g.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			runtime.GC()
		}
	}()
	r := readTwice(t, g, 300*time.Millisecond)
	if r.Source != record.KindGenerator || r.Values[record.CPUCores] <= 0 || r.Values[record.HeapBytes] == 0 || r.Values[record.Goroutines] < 2 {
		t.Errorf("%+v", r)
	}
	if v, ok := r.Values[record.GCPauseS]; !ok || v <= 0 || v > 1 {
		t.Errorf("pauses of the collector: %v, %v", v, ok)
	}
	if v := r.Values[record.Processes]; v != 1 {
		t.Errorf("%v processes: what it starts is not it", v)
	}
}

func TestATableOfSocketsThatIsNotOursIsReadNowAndThen(t *testing.T) {
	line := "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0\n"
	at := plant(t, map[string]string{
		"proc/77/stat": statText(77, "web", 1, 500), "proc/77/task/77/children": "",
		"proc/77/net/tcp": line, "proc/77/net/tcp6": "", "proc/77/fd/none": "",
	})
	if err := os.Symlink("socket:[11]", at.proc("77", "fd", "3")); err != nil {
		t.Fatal(err)
	}
	f := &fdCache{}
	defer f.Close()
	p := newProcesses(at, f)
	p.set([]string{"77"})
	queue := func() float64 {
		var m rates
		r := m.begin("web")
		p.connections(r)
		return r.Values[record.NetListenQueue]
	}
	if n := queue(); n != 1 {
		t.Fatalf("%v connections wait, want 1", n)
	}
	grow(t, at, map[string]string{"proc/77/net/tcp6": line})
	seen := []float64{queue(), queue(), queue(), queue(), queue()}
	if want := []float64{1, 1, 1, 2, 2}; !slices.Equal(seen, want) {
		t.Errorf("seen %v, want %v: the second table is passed over three times", seen, want)
	}
}
