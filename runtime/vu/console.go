package vu

import (
	"fmt"
	"sync"
	"time"
)

// Line is what a script wrote to its console.
type Line struct {
	VU    int    // 0: outside virtual users
	Level string // debug, info, warn, error
	Text  string
}

// String is the line for a terminal: who said it, and how bad it is.
func (l Line) String() string {
	who := "script"
	if l.VU > 0 {
		who = fmt.Sprintf("vu %d", l.VU)
	}
	if l.Level == "warn" || l.Level == "error" {
		return who + ": " + l.Level + ": " + l.Text
	}
	return who + ": " + l.Text
}

// Of all users together, so many lines pass at once, and so many a second
// after that: a console.log in the hot path must not become the load.
const (
	consoleBurst  = 1000
	consoleRate   = 100
	maxConsoleLen = 8 << 10 // of one line, in bytes
)

type console struct {
	sink func(Line)

	mu      sync.Mutex
	tokens  float64
	last    time.Time
	dropped int
}

func (c *console) print(l Line, now time.Time) {
	if c.sink == nil {
		return
	}
	if len(l.Text) > maxConsoleLen {
		l.Text = l.Text[:maxConsoleLen] + "…"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.IsZero() {
		c.tokens = consoleBurst
	} else {
		c.tokens = min(consoleBurst, c.tokens+now.Sub(c.last).Seconds()*consoleRate)
	}
	c.last = now
	if c.tokens < 1 {
		c.dropped++
		return
	}
	c.tokens--
	if c.dropped > 0 {
		c.sink(Line{Level: "warn", Text: fmt.Sprintf("%d lines of the script's console were dropped: more than %d a second", c.dropped, consoleRate)})
		c.dropped = 0
	}
	c.sink(l)
}
