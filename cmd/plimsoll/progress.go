package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// How often a line is written: on a terminal, where it replaces the last one, and elsewhere.
const (
	terminalEvery = time.Second
	plainEvery    = 10 * time.Second
)

// progress tells a person how the run is going, on stderr.
type progress struct {
	mu       sync.Mutex
	out      io.Writer
	columns  int // 0: no terminal
	every    time.Duration
	since    metric.Window // what happened since the last line
	state    report.Progress
	shown    bool // an unfinished line stands on the terminal
	disabled bool
}

func newProgress(out io.Writer, quiet bool) *progress {
	columns, terminal := width(out)
	p := &progress{out: out, every: plainEvery, disabled: quiet}
	if terminal {
		p.columns, p.every = columns, terminalEvery
	}
	return p
}

// window takes what happened, and writes a line when one is due.
func (p *progress) window(w *metric.Window) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since.Merge(w)
	if p.since.Length < p.every-time.Millisecond {
		return
	}
	p.state.Elapsed = w.Start + w.Length
	p.state.Window = p.since
	p.line(p.state.Line())
	p.since = metric.Window{}
}

// hold notes where a sizing stands.
func (p *progress) hold(phase string, left time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Phase, p.state.Left = phase, left
}

// bounds notes what a sizing knows by now.
func (p *progress) bounds(b record.Bounds) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Bounds = &b
}

// say writes a line that stays.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.disabled {
		return
	}
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// end leaves the terminal at the start of a line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) line(text string) {
	switch {
	case p.disabled:
	case p.columns == 0:
		fmt.Fprintln(p.out, text)
	default:
		if runes := []rune(text); len(runes) >= p.columns {
			text = string(runes[:p.columns-1])
		}
		p.clear()
		fmt.Fprint(p.out, text)
		p.shown = true
	}
}

// clear takes an unfinished line from the terminal.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}
