package sizing

import (
	"fmt"
	"strings"
	"time"
)

// generatorWatch remembers how the generator fared.
type generatorWatch struct {
	late, cpu float64
	voidHolds int
	momentary bool // the last trouble may have been a moment's
	reason    string
	warnings  []string
}

// Limits of the generator. Half of each is a warning.
const (
	limitCPU      = .85
	limitPressure = .20 // of the time waiting for a CPU
	limitUnsent   = .01 // of the intended arrivals
	limitTimers   = .01 // of 10 ms timers more than 20 ms late
	limitTable    = .90 // of files or ports
	limitStall    = .10 // of an unloaded iteration, and 10 ms at least
	minStall      = 10 * time.Millisecond
	lateFloor     = 10 * time.Millisecond
)

// generatorOverloaded voids a hold during which the generator could not make the load as
// asked: an overloaded generator looks exactly like a plateau, so this comes before
// any other judgement. Until it is decided a hold is to last for whole seconds:
// what may pass voids it early only where a spotless rest could not mend it.
// Looked at every tick, one hiccup of a busy machine would be too much at some time.
func (c *controller) generatorOverloaded(h *hold, whole float64) bool {
	if h.length() < .99 || h.void || !c.policy.has(watchesGenerator) {
		return h.void
	}
	whole = max(whole, h.length())
	var worst limitUse
	for _, s := range c.limitUses(h, whole) {
		if s.warningOnly {
			s.use = min(s.use, 1)
		}
		if s.use > worst.use {
			worst = s
		}
	}
	w := &c.watch
	w.late, w.cpu = max(w.late, h.lateP99(whole)), max(w.cpu, h.sum.cpu/h.length())
	switch {
	case worst.use > 1:
		h.void, h.pass, h.cause = true, false, "generator"
		w.voidHolds++
		w.reason, w.momentary = worst.text, worst.momentary
	case worst.use > .5:
		c.warn(worst)
	}
	return h.void
}

// A generator that is too weak fails again at once. One that others on its
// machine kept from running for a moment makes the same load a little later:
// lateness alone is looked at a few times, after a cool-down at half the load.
const (
	weakTries = 2
	lateTries = 4
	cooldown  = 3.0 // seconds
)

// giveUp ends the sizing when the generator has failed too often at the same load.
func (c *controller) giveUp(tries int) error {
	if tries < weakTries || c.watch.momentary && tries < lateTries {
		return nil
	}
	return c.end(Generator, "generator", "the load could not be made as asked: %s; give the generator more CPU or machines, or make the script cheaper", c.watch.reason)
}

// warn keeps one warning of each kind.
func (c *controller) warn(s limitUse) {
	for _, w := range c.watch.warnings {
		if strings.HasPrefix(w, s.what+": ") {
			return
		}
	}
	c.watch.warnings = append(c.watch.warnings, s.what+": "+s.text)
}

// limitUse is one limit of the generator and how much of it was used.
type limitUse struct {
	what        string
	use         float64 // beyond 1: broken
	text        string
	momentary   bool // it may pass: the machine was busy with something else
	warningOnly bool // a warning at most: a target on the same machine causes it too, and what it does shows as lateness
}

func (c *controller) limitUses(h *hold, whole float64) []limitUse {
	d, s := h.length(), &h.sum
	t1 := c.unloaded.iteration
	late := max(lateFloor.Seconds(), t1/2)
	for _, o := range c.opt.Objectives {
		late = min(late, max(.001, o.Limit.Seconds()/10))
	}
	stall := max(minStall.Seconds(), limitStall*t1)
	all := []limitUse{
		{"cpu", s.cpu / d / limitCPU, fmt.Sprintf("its CPU was %.0f %% busy", 100*s.cpu/d), false, false},
		{"pressure", s.pressure / d / limitPressure, fmt.Sprintf("its work waited for a CPU %.0f %% of the time", 100*s.pressure/d), false, true},
		{"timers", s.timerLate / d / limitTimers, fmt.Sprintf("%.1f %% of its timers were more than 20 ms late", 100*s.timerLate/d), true, false},
		{"stalls", s.stall / d / stall, fmt.Sprintf("garbage collection and scheduling stopped it for %.1f ms", 1000*s.stall/d), false, true},
		{"files", s.files / limitTable, fmt.Sprintf("%.0f %% of its open files are used", 100*s.files), false, false},
		{"ports", s.ports / limitTable, fmt.Sprintf("%.0f %% of its ports are used", 100*s.ports), false, false},
	}
	if h.arrivals {
		intended := max(1, s.started+s.dropped) * whole / d
		all = append(all,
			limitUse{"unsent", s.dropped / intended / limitUnsent, fmt.Sprintf("%.1f %% of the arrivals were not sent", 100*s.dropped/intended), true, false},
			limitUse{"lateness", h.lateP99(whole) / late, fmt.Sprintf("iterations began up to %.1f ms after they were due (99 %%)", 1000*h.lateP99(whole)), true, false})
	}
	return all
}
