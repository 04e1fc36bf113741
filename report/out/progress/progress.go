// Package progress is a sink that tells a person how a run goes: a line a second on a terminal, where it replaces the last
// one, and a line per ten seconds elsewhere; what is to be kept is a line that stays.
package progress

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

// Options say what is written.
type Options struct {
	Columns int  // of a terminal whose lines can be taken back; 0: lines stay
	Quiet   bool // warnings and what the script writes alone
}

// Progress is the sink. An error of the terminal ends nothing.
type Progress struct {
	out   io.Writer
	o     Options
	every time.Duration
	since metric.Window // what happened since the last line
	state text.Progress
	shown bool // an unfinished line stands on the terminal
}

// New returns a Progress that writes to out.
func New(out io.Writer, o Options) *Progress {
	p := &Progress{out: out, o: o, every: plainEvery}
	if o.Columns > 0 {
		p.every = terminalEvery
	}
	return p
}

// Window takes what happened, and writes a line when one is due.
func (p *Progress) Window(w *metric.Window) error {
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
func (p *Progress) Row(row any) error {
	if hold, ok := row.(*record.Hold); ok {
		p.state.Bounds = &hold.Interval
	}
	return nil
}

// Event notes where a sizing stands; what else there is is a line that stays.
func (p *Progress) Event(e session.Event) error {
	switch e.Kind {
	case session.Step:
		p.state.Phase, p.state.Left = string(e.Step.Phase), e.Step.Left
	case session.Console:
		p.say(e.Text)
	case session.Warning:
		p.say("plimsoll: warning: " + e.Text)
	default:
		if !p.o.Quiet {
			p.say("plimsoll: " + e.Text)
		}
	}
	return nil
}

// End leaves the terminal at the start of a line.
func (p *Progress) End() error {
	p.clear()
	return nil
}

func (p *Progress) say(text string) {
	p.clear()
	fmt.Fprintln(p.out, text)
}

func (p *Progress) line(text string) {
	switch {
	case p.o.Quiet:
	case p.o.Columns == 0:
		fmt.Fprintln(p.out, text)
	default:
		if runes := []rune(text); len(runes) >= p.o.Columns {
			text = string(runes[:p.o.Columns-1])
		}
		p.clear()
		fmt.Fprint(p.out, text)
		p.shown = true
	}
}

// clear takes an unfinished line from the terminal.
func (p *Progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}
