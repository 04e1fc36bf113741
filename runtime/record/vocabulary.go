package record

import (
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// Mode is what kind of session a record is of.
type Mode string

// The modes.
const (
	ModeRun     Mode = "run"
	ModeSize    Mode = "size"
	ModeClassic Mode = "classic" // `run --sizing`: Molotov's ramp, and mostly the controller after it
)

// Control is what a hold keeps, and what a sizing turns to find the limit.
type Control = plan.Control

// The controls; a hold's is one of the first two.
const (
	ByVUs      = plan.ByVUs
	ByRate     = plan.ByRate
	BySessions = plan.BySessions
)

// Verdict is how a session ended.
type Verdict string

// The verdicts. Those of a sizing that found no capacity say what stood in the way.
const (
	VerdictOK          Verdict = "ok"          // a run within its tolerance
	VerdictFailed      Verdict = "failed"      // a run beyond it
	VerdictTeardown    Verdict = "teardown"    // a run within its tolerance whose script failed to clean up
	VerdictClassic     Verdict = "classic"     // the classic ramp alone has ended
	VerdictFound       Verdict = "found"       // a sizing with an answer
	VerdictBaseline    Verdict = "baseline"    // too much fails at the lowest load
	VerdictMax         Verdict = "max"         // the largest load allowed does not fill the service
	VerdictBudget      Verdict = "budget"      // time ran out
	VerdictUnstable    Verdict = "unstable"    // everything failed at loads that passed before
	VerdictGenerator   Verdict = "generator"   // the generator is the limit
	VerdictDead        Verdict = "dead"        // nothing worked
	VerdictInterrupted Verdict = "interrupted" // it was stopped from outside
	VerdictError       Verdict = "error"       // it could not be done; the reason says why
	VerdictCut         Verdict = "cut"         // of a record without an end: readers say it, it is never written
)

// Judgement is what a hold counts as.
type Judgement string

// The judgements.
const (
	Pass Judgement = "pass" // within tolerance and objectives, and no growing backlog
	Fail Judgement = "fail" // see its cause
	Void Judgement = "void" // the generator was in trouble: it counts neither way
)

// Phase is the part of a sizing that a hold belongs to, in the order in which they come.
type Phase string

// The phases.
const (
	PhaseProbe       Phase = "probe"        // one virtual user: what an iteration takes without load
	PhaseRamp        Phase = "ramp"         // the load doubles until something gives
	PhasePlateau     Phase = "plateau"      // goodput that more virtual users do not raise
	PhaseKnee        Phase = "knee"         // the fewest virtual users that reach it
	PhasePaced       Phase = "paced"        // arrivals below what one virtual user does, where that fails
	PhaseDrain       Phase = "drain"        // nothing is started until what is under way has ended
	PhaseRefine      Phase = "refine"       // the interval is narrowed
	PhaseConfirm     Phase = "confirm"      // its lower end, for longer
	PhaseRetestUpper Phase = "retest upper" // just above what was confirmed: must fail
	PhaseRecheck     Phase = "recheck"      // a former answer again
	PhaseSoak        Phase = "soak"         // the answer, for as long as was asked
	PhaseClassic     Phase = "classic ramp" // of the classic: it has no holds
	PhaseFurther     Phase = "further"      // after the answer, to tell what limits the service
)

// Cause is why a hold failed, and what set the limit of a sizing: one of the
// constants, or a missed objective, see [MissedObjective].
type Cause string

// The causes. A hold's is one of the first three, the generator's or a missed objective.
const (
	CauseFailures  Cause = "failures"  // more iterations fail than are tolerated
	CauseBacklog   Cause = "backlog"   // more arrives than is completed
	CauseCollapse  Cause = "collapse"  // goodput falls beyond its peak: more is computed to bring it down
	CauseGenerator Cause = "generator" // the load could not be made
	CauseMaxVUs    Cause = "max-vus"   // no more virtual users are allowed
	CauseMaxRate   Cause = "max-rate"  // no more arrivals are allowed
	CauseBudget    Cause = "budget"    // no more time is allowed
)

const latencyCause = "latency:"

// MissedObjective is the cause that is an objective, written as "p(95)<200ms".
func MissedObjective(objective string) Cause { return Cause(latencyCause + objective) }

// Objective is the missed objective; false for another cause.
func (c Cause) Objective() (string, bool) { return strings.CutPrefix(string(c), latencyCause) }

// PlateauKind is the shape of goodput over virtual users.
type PlateauKind string

// The kinds of a plateau.
const (
	PlateauFlat PlateauKind = "flat" // more virtual users change nothing
	PlateauPeak PlateauKind = "peak" // they make it less
	PlateauNone PlateauKind = "none" // it still rose where it ended: goodput is the most that was seen
)

// AboveLimit is what goodput does beyond the limit.
type AboveLimit string

// What goodput does beyond the limit.
const (
	AboveFlat       AboveLimit = "flat"
	AboveRetrograde AboveLimit = "retrograde" // it falls
	AboveUnknown    AboveLimit = "unknown"
)

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events.
const (
	EventPhase     EventKind = "phase"     // a sizing's next hold
	EventInterrupt EventKind = "interrupt" // a signal
	EventOutage    EventKind = "outage"    // everything fails
	EventWarning   EventKind = "warning"
	EventProxy     EventKind = "proxy"   // requests go through it, from here on
	EventConsole   EventKind = "console" // a line that the script wrote
	EventGap       EventKind = "gap"     // a source of resources: why nothing was read, or what became of it
)

// ResourceState is what became of a source of resources, where that changes what its values mean.
type ResourceState string

// The states. A row without one is a plain reading, or a gap that says nothing of the source.
const (
	StateEnded       ResourceState = "ended"         // the process or container is not there
	StateOutOfMemory ResourceState = "out_of_memory" // … because it was killed for want of memory
	StateRestarted   ResourceState = "restarted"     // what follows is another life of it
	StateMoved       ResourceState = "moved"         // it is in another control group, or on other cores
)

// Over says whether a life of the source has ended: what had piled up in it is gone.
func (s ResourceState) Over() bool {
	return s == StateEnded || s == StateOutOfMemory || s == StateRestarted
}

// HoldRequest is a load to hold after a sizing has its answer: it may tell
// what limits the service, and changes nothing in the answer.
type HoldRequest struct {
	Control Control // ByVUs or ByRate
	Level   float64 // virtual users, or arrivals per second
	LengthS float64
	Why     string
}

// GeneratorBusy is the share of its CPU quota from which on a generator is late:
// what it measures from there on is about itself.
const GeneratorBusy = 0.85
