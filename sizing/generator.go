package sizing

import (
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// generatorWatch remembers how the generator fared.
type generatorWatch struct {
	late, cpu float64
	voidHolds int
	momentary bool // the last trouble may have been a moment's
	allowed   bool // it was that no more virtual users are allowed
	reason    string
	warned    []string // what warnings are there of
	warnings  []string
}

// Limits of the generator. Half of each is a warning.
const (
	limitCPU      = record.GeneratorBusy
	limitPressure = .20 // of the time waiting for a CPU
	limitUnsent   = .01 // of the intended arrivals
	limitOwn      = .01 // of the iterations, that the generator failed
	limitTimers   = .01 // of 10 ms timers more than 20 ms late
	limitTable    = .90 // of files or ports
	limitStall    = .10 // of an unloaded iteration, and 10 ms at least
	minStall      = 10 * time.Millisecond
	lateFloor     = 10 * time.Millisecond
)

// generatorOverloaded voids a hold during which the generator could not make the
// load as asked; see generatorWatch.overloads.
func (c *controller) generatorOverloaded(h *hold, whole float64) bool {
	if h.length() < .99 || h.void || !c.policy.has(watchesGenerator) {
		return h.void
	}
	if c.watch.overloads(h, whole, generatorLimitsOf(c.unloaded.iteration, c.opt.Objectives)) {
		h.void, h.pass, h.cause = true, false, record.CauseGenerator
	}
	return h.void
}

// overloads says whether the generator could not make a hold's load as asked: an
// overloaded generator looks exactly like a plateau, so this comes before any
// other judgement. Until it is decided a hold is to last for whole seconds:
// what may pass voids it early only where a spotless rest could not mend it.
// Looked at every tick, one hiccup of a busy machine would be too much at some time.
func (w *generatorWatch) overloads(h *hold, whole float64, l generatorLimits) bool {
	whole = max(whole, h.length())
	var worst limitUse
	for _, u := range l.uses(h, whole) {
		if u.warningOnly {
			u.use = min(u.use, 1)
		}
		if u.use > worst.use {
			worst = u
		}
	}
	w.late, w.cpu = max(w.late, h.lateP99(whole)), max(w.cpu, h.sum.cpu/h.length())
	switch {
	case worst.use > 1:
		w.voidHolds++
		w.reason, w.momentary, w.allowed = worst.text(), worst.momentary, worst.allowed
		return true
	case worst.use > .5 && !slices.Contains(w.warned, worst.what): // one warning of each kind
		w.warned = append(w.warned, worst.what)
		w.warnings = append(w.warnings, worst.what+": "+worst.text())
	}
	return false
}

// A generator that is too weak fails again at once. One that others on its
// machine kept from running for a moment makes the same load a little later:
// lateness alone is looked at a few times, after a cool-down at half the load.
const (
	weakTries = 2
	lateTries = 4
	cooldown  = 3.0 // seconds
)

// triesAgain says whether a load is to be tried once more after so many void holds of it.
func (w *generatorWatch) triesAgain(tries int) bool {
	return tries < weakTries || w.momentary && tries < lateTries
}

// giveUp ends the sizing when the generator has failed too often at the same load.
func (c *controller) giveUp(tries int) error {
	if c.watch.triesAgain(tries) {
		return nil
	}
	if c.watch.allowed {
		return c.end(record.VerdictMax, record.CauseMaxVUs, "no more virtual users are allowed: %s; raise --max-vus", c.watch.reason)
	}
	return c.end(record.VerdictGenerator, record.CauseGenerator, "the load could not be made as asked: %s; give the generator more CPU or machines, or make the script cheaper", c.watch.reason)
}

// endIfOwnFails ends the sizing when most of what failed did so for want of something of the generator's.
func (c *controller) endIfOwnFails() error {
	if t := &c.total; t.own == 0 || t.own < t.failed/2 {
		return nil
	}
	return c.end(record.VerdictGenerator, record.CauseGenerator, "the load could not be made at all: %.0f of the first %.0f iterations failed for want of the generator's own files, ports or memory", c.total.own, c.total.ended())
}

// limitUse is one limit of the generator and how much of it was used.
type limitUse struct {
	what        string
	use         float64 // beyond 1: broken
	format      string  // of a sentence with the value
	value       float64
	allowed     bool // it is what the settings allow, and not the generator
	momentary   bool // it may pass: the machine was busy with something else
	warningOnly bool // a warning at most: a target on the same machine causes it too, and what it does shows as lateness
}

func (u *limitUse) text() string { return fmt.Sprintf(u.format, u.value) }

// generatorLimits are those that depend on the service, in seconds.
type generatorLimits struct{ late, stall float64 }

// generatorLimitsOf are the limits for a service with an unloaded iteration of
// so many seconds: what would be seen in its response times.
func generatorLimitsOf(iteration float64, objectives []Objective) generatorLimits {
	late := max(lateFloor.Seconds(), iteration/2)
	for _, o := range objectives {
		late = min(late, max(.001, o.Limit.Seconds()/10))
	}
	return generatorLimits{late: late, stall: max(minStall.Seconds(), limitStall*iteration)}
}

// uses are all limits as a hold of so many seconds has used them.
func (l generatorLimits) uses(h *hold, whole float64) []limitUse {
	d, s := h.length(), &h.sum
	all := []limitUse{
		{what: "cpu", use: s.cpu / d / limitCPU, format: "its CPU was %.0f %% busy", value: 100 * s.cpu / d},
		{what: "pressure", use: s.pressure / d / limitPressure, format: "its work waited for a CPU %.0f %% of the time", value: 100 * s.pressure / d, warningOnly: true},
		{what: "timers", use: s.timerLate / d / limitTimers, format: "%.1f %% of its timers were more than 20 ms late", value: 100 * s.timerLate / d, momentary: true},
		{what: "stalls", use: s.stall / d / l.stall, format: "garbage collection and scheduling stopped it for %.1f ms", value: 1000 * s.stall / d, warningOnly: true},
		{what: "files", use: s.files / limitTable, format: "%.0f %% of its open files are used", value: 100 * s.files},
		{what: "failures", use: s.own / max(1, s.ended()) / limitOwn, format: "%.1f %% of the iterations failed for want of its own files, ports or memory", value: 100 * s.own / max(1, s.ended())},
		{what: "ports", use: s.ports / limitTable, format: "%.0f %% of its ports are used", value: 100 * s.ports},
	}
	if !h.arrivals {
		return all
	}
	intended, late := max(1, s.started+s.dropped+s.crowded)*whole/d, h.lateP99(whole)
	return append(all,
		limitUse{what: "unsent", use: s.dropped / intended / limitUnsent, format: "%.1f %% of the arrivals were not sent", value: 100 * s.dropped / intended, momentary: true},
		limitUse{what: "virtual users", use: s.crowded / intended / limitUnsent, format: "%.1f %% of the arrivals found all of them busy", value: 100 * s.crowded / intended, allowed: true},
		limitUse{what: "lateness", use: late / l.late, format: "iterations began up to %.1f ms after they were due (99 %%)", value: 1000 * late, momentary: true})
}
