// Command service is a small web service that one thing limits, by real
// means: what the tests of the monitor and of the attribution put under load.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"expvar"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// service holds what the modes share.
type service struct {
	work   time.Duration // CPU time, or waiting, of one request
	burned time.Duration // CPU time beside waiting
	mu     sync.Mutex
	slots  chan struct{}
	kept   [][]byte
	file   *os.File
	mapped []byte
	size   int
	lot    int // allocations of one request to gc
	down   string
	http   *http.Client
	next   time.Time // of the limiter
	gap    time.Duration
}

func main() {
	mode := flag.String("mode", "none", "cpu, thread, pool, mutex, both, limiter, fsync, memory, pressure, gc, downstream, net, backlog, fds, neighbour, none")
	listen := flag.String("listen", "127.0.0.1:0", "address")
	work := flag.Duration("work", 5*time.Millisecond, "of one request")
	slots := flag.Int("slots", 10, "of the pool, the backlog, or descriptors")
	rate := flag.Float64("rate", 300, "of the limiter")
	dir := flag.String("dir", os.TempDir(), "where fsync writes")
	burned := flag.Duration("burn", time.Millisecond, "CPU time of one request to both")
	size := flag.Int("bytes", 4096, "that fsync writes, or that pressure has mapped")
	lot := flag.Int("objects", 20_000, "that a request to gc allocates")
	down := flag.String("downstream", "", "address of a service to ask")
	flag.Parse()
	s := &service{work: *work, burned: *burned, size: *size, lot: *lot, slots: make(chan struct{}, *slots), down: *down, gap: time.Duration(float64(time.Second) / *rate)}
	s.http = &http.Client{Transport: &http.Transport{MaxConnsPerHost: *slots, MaxIdleConnsPerHost: *slots}}
	switch *mode {
	case "fsync", "pressure":
		f, err := os.CreateTemp(*dir, "service-"+*mode)
		check(err)
		os.Remove(f.Name())
		s.file = f
		if *mode == "pressure" {
			s.mapped = mapped(f, *size)
		}
	case "gc":
		s.garden()
	case "neighbour":
		go func() {
			for {
				burn(s.work)
				time.Sleep(s.work)
			}
		}()
	case "fds":
		limit := syscall.Rlimit{Cur: uint64(*slots) + 20, Max: uint64(*slots) + 20}
		check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	}
	l, err := net.Listen("tcp", *listen)
	check(err)
	if *mode == "backlog" {
		raw, err := l.(*net.TCPListener).SyscallConn()
		check(err)
		check(raw.Control(func(fd uintptr) { check(syscall.Listen(int(fd), *slots)) }))
		l = &slowListener{l, *work}
	}
	handle := map[string]http.HandlerFunc{
		"both": s.both, "pressure": s.pressure, "neighbour": s.none,
		"cpu": s.cpu, "thread": s.thread(), "pool": s.pool, "mutex": s.mutex, "limiter": s.limiter, "fsync": s.fsync, "memory": s.memory,
		"gc": s.gc, "downstream": s.downstream, "net": s.net, "backlog": s.none, "fds": s.fds, "none": s.none,
	}[*mode]
	if handle == nil {
		check(fmt.Errorf("no such mode: %s", *mode))
	}
	fmt.Printf("http://%s/\n", l.Addr())
	routes := http.NewServeMux()
	routes.Handle("/debug/vars", expvar.Handler())
	routes.Handle("/", handle)
	server := &http.Server{Handler: routes}
	server.SetKeepAlivesEnabled(*mode != "backlog")
	go func() { // it ends with whoever started it
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	check(server.Serve(l))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// burn uses CPU for d of this thread's time, not of the wall clock's.
func burn(d time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var block [4096]byte
	for end := threadTime() + d; threadTime() < end; {
		sum := sha256.Sum256(block[:])
		copy(block[:], sum[:])
	}
}

func (s *service) none(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") }

func (s *service) cpu(w http.ResponseWriter, r *http.Request) { burn(s.work); s.none(w, r) }

// thread does all work on one thread.
func (s *service) thread() http.HandlerFunc {
	jobs := make(chan chan struct{})
	go func() {
		runtime.LockOSThread()
		for done := range jobs {
			burn(s.work)
			close(done)
		}
	}()
	return func(w http.ResponseWriter, r *http.Request) {
		done := make(chan struct{})
		jobs <- done
		<-done
		s.none(w, r)
	}
}

func (s *service) pool(w http.ResponseWriter, r *http.Request) {
	s.slots <- struct{}{}
	time.Sleep(s.work)
	<-s.slots
	s.none(w, r)
}

func (s *service) mutex(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	time.Sleep(s.work)
	s.mu.Unlock()
	s.none(w, r)
}

// both waits in a slot, and uses CPU besides.
func (s *service) both(w http.ResponseWriter, r *http.Request) {
	s.slots <- struct{}{}
	time.Sleep(s.work)
	<-s.slots
	burn(s.burned)
	s.none(w, r)
}

// mapped fills a file and maps it.
func mapped(f *os.File, size int) []byte {
	block := bytes.Repeat([]byte{1}, 1<<20)
	for range size >> 20 {
		_, err := f.Write(block)
		check(err)
		check(f.Sync()) // what is not on disk yet cannot be given back
	}
	m, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	check(err)
	check(syscall.Madvise(m, syscall.MADV_RANDOM))
	return m
}

// pressure looks at some pages of a file that is larger than memory allows.
func (s *service) pressure(w http.ResponseWriter, r *http.Request) {
	sum := 0
	for range 40 {
		sum += int(s.mapped[rand.IntN(len(s.mapped))])
	}
	fmt.Fprintln(w, sum)
}

// limiter lets requests pass at a rate, with a burst of a tenth of a second.
func (s *service) limiter(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	now := time.Now()
	if earliest := now.Add(-100 * time.Millisecond); s.next.Before(earliest) {
		s.next = earliest
	}
	pass := !s.next.After(now)
	if pass {
		s.next = s.next.Add(s.gap)
	}
	s.mu.Unlock()
	if !pass {
		http.Error(w, "too many", http.StatusTooManyRequests)
		return
	}
	time.Sleep(s.work)
	s.none(w, r)
}

func (s *service) fsync(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	_, err := s.file.WriteAt(make([]byte, s.size), 0)
	if err == nil {
		err = s.file.Sync()
	}
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.none(w, r)
}

// memory keeps 64 KiB of each request.
func (s *service) memory(w http.ResponseWriter, r *http.Request) {
	block := bytes.Repeat([]byte{1}, 64<<10)
	s.mu.Lock()
	s.kept = append(s.kept, block)
	s.mu.Unlock()
	time.Sleep(s.work)
	s.none(w, r)
}

// garden fills the heap with what each collection has to look through.
func (s *service) garden() {
	debug.SetGCPercent(20)
	for range 2_000_000 {
		s.kept = append(s.kept, make([]byte, 24))
	}
}

func (s *service) gc(w http.ResponseWriter, r *http.Request) {
	var lot [][]byte
	for range s.lot {
		lot = append(lot, make([]byte, 64))
	}
	fmt.Fprintln(w, len(lot))
}

func (s *service) downstream(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.down, nil)
	check(err)
	answer, err := s.http.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	io.Copy(w, answer.Body)
}

func (s *service) net(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 64<<10)) }

// fds keeps a descriptor open for the time of a request.
func (s *service) fds(w http.ResponseWriter, r *http.Request) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer f.Close()
	time.Sleep(s.work)
	s.none(w, r)
}

// slowListener takes one connection in a while.
type slowListener struct {
	net.Listener
	work time.Duration
}

func (l *slowListener) Accept() (net.Conn, error) {
	time.Sleep(l.work)
	return l.Listener.Accept()
}
