package main

import (
	"fmt"
	"io"
	"time"

	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/session"
)

// How often a line is written: on a terminal, where it replaces the last one, and elsewhere.
const (
	terminalEvery = time.Second
	plainEvery    = 10 * time.Second
)

// progress is a sink that tells a person how the run is going, on stderr. An error of the terminal ends nothing.
type progress struct {
	out      io.Writer
	columns  int // 0: no terminal
	every    time.Duration
	since    metric.Window // what happened since the last line
	state    text.Progress
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

// Window takes what happened, and writes a line when one is due.
func (p *progress) Window(w *metric.Window) error {
	p.since.Merge(w)
	if p.since.Length < p.every-time.Millisecond {
		return nil
	}
	p.state.Elapsed = w.Start + w.Length
	p.state.Window = p.since
	p.line(p.state.Line())
	p.since = metric.Window{}
	return nil
}

// Row notes what a sizing knows by now.
func (p *progress) Row(row any) error {
	if hold, ok := row.(*record.Hold); ok {
		p.state.Bounds = &hold.Interval
	}
	return nil
}

// Event notes where a sizing stands; what else there is is a line that stays.
func (p *progress) Event(e session.Event) error {
	switch e.Kind {
	case session.Step:
		p.state.Phase, p.state.Left = string(e.Step.Phase), e.Step.Left
	case session.Console:
		p.say(e.Text)
	case session.Warning:
		p.say("plimsoll: warning: " + e.Text)
	default:
		p.say("plimsoll: " + e.Text)
	}
	return nil
}

// End leaves the terminal at the start of a line.
func (p *progress) End() error {
	p.clear()
	return nil
}

func (p *progress) say(text string) {
	if p.disabled {
		return
	}
	p.clear()
	fmt.Fprintln(p.out, text)
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
