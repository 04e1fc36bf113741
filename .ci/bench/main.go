// Command bench measures what a request costs, beside other load generators,
// and writes docs/performance.md. It is a module of its own, so that the
// peers are no part of go.mod; each peer is built at a fixed version.
//
// One nginx with one worker answers on loopback. Each tool is one process that
// sends for a fixed time; all tools of a workload take turns, round by round,
// starting with another one each round, and a ratio is taken within a round,
// so that a machine whose speed drifts harms all alike. Requests are nginx's
// own count. CPU is what the kernel charged the process (rusage), its start
// included; syscalls and instructions are counted by perf in one more run.
//
//	go -C .ci/bench run . -o ../../docs/performance.md
//	go -C .ci/bench run . -only get,post -seconds 2 -rounds 1
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// settings are the flags.
type settings struct {
	length time.Duration // of each run
	rounds int
	only   map[string]bool // workloads; empty: all
	pin    bool            // the client on core 1, the server on core 0
	out    string          // empty: stdout
	cache  string          // where the peers are kept
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, parseFlags()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func parseFlags() settings {
	s := settings{only: map[string]bool{}}
	seconds := flag.Int("seconds", 5, "length of each run")
	only := flag.String("only", "", "workloads, with commas (default: all)")
	flag.IntVar(&s.rounds, "rounds", 3, "how often each tool runs each workload")
	flag.BoolVar(&s.pin, "pin", false, "the client on core 1, the server on core 0 (taskset)")
	flag.StringVar(&s.out, "o", "", "the page to write (default: stdout)")
	flag.Parse()
	s.length = time.Duration(*seconds) * time.Second
	for name := range strings.SplitSeq(*only, ",") {
		if name != "" {
			s.only[name] = true
		}
	}
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	s.cache = filepath.Join(base, "plimsoll-ci", "peers")
	return s
}

func run(ctx context.Context, s settings) error {
	work, err := os.MkdirTemp("", "plimsoll-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	tools, err := install(ctx, s.cache, work)
	if err != nil {
		return err
	}
	b := &bench{settings: s, tools: tools, work: work, began: loadAverage()}
	if b.server, err = startNginx(ctx, work, s.pin); err != nil {
		return err
	}
	defer b.server.stop()
	if err := writeScripts(work); err != nil {
		return err
	}
	for _, w := range workloads(b.server) {
		if len(s.only) > 0 && !s.only[w.name] {
			continue
		}
		if err := b.workload(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	if s.out == "" {
		return b.page(os.Stdout)
	}
	f, err := os.Create(s.out)
	if err != nil {
		return err
	}
	if err := b.page(f); err != nil {
		return err
	}
	return f.Close()
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
