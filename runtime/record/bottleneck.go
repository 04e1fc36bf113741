package record

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Names of what can limit a service, see [Bottleneck].
const (
	LimitCPU         = "cpu"         // of its quota, its cores, or the machine's
	LimitThread      = "thread"      // one thread is busy all the time while cores are idle
	LimitGC          = "gc"          // the CPU time goes into garbage collection
	LimitMemory      = "memory"      // its limit, or pressure on the way there
	LimitDisk        = "disk"        // it waits for a disk
	LimitNetwork     = "network"     // the link, or what shapes it
	LimitDescriptors = "descriptors" // open files and sockets
	LimitBacklog     = "backlog"     // connections are accepted too slowly: the queue of them overflows
	LimitAdmission   = "admission"   // a rate limit, or refusal of what is too much
	LimitPool        = "pool"        // a number of slots: workers, connections, permits
	LimitLock        = "lock"        // one thing at a time
	LimitCoherency   = "coherency"   // more load makes it slower: contention, thrashing
	LimitStalls      = "stalls"      // it stands still from time to time
	LimitLeak        = "leak"        // it fails after some amount of work, whatever the load
	LimitDownstream  = "downstream"  // it waits for another service
	LimitGenerator   = "generator"   // the load could not be made: no result about the service
	LimitNone        = "none"        // no limit was reached
	LimitUnsure      = "unsure"      // see RunnerUp and the evidence
	LimitUnwatched   = "unwatched"   // resources were not watched
)

// Bottleneck says what limited a service, by which evidence, and what would be next.
type Bottleneck struct {
	Name       string     `json:"name"`                // one of the Limit constants
	Source     string     `json:"source,omitempty"`    // whose resource it is: "container kinto"
	Confidence float64    `json:"confidence"`          // 0 to 1: how far it is ahead of the next one
	RunnerUp   string     `json:"runner_up,omitempty"` // the second candidate; with `unsure` the other one of two
	Goodput    float64    `json:"goodput"`             // at the limit, iterations per second
	Slots      float64    `json:"slots,omitempty"`     // how many iterations it works on at once, by Little's law
	Evidence   []Evidence `json:"evidence"`
	Ceilings   []Ceiling  `json:"ceilings,omitempty"` // lowest first
	Next       *Ceiling   `json:"next,omitempty"`     // what would limit it if this were mended
	Growth     []Growth   `json:"growth,omitempty"`   // what rises with the work done
	Watched    []string   `json:"watched,omitempty"`  // sources
	Coverage   float64    `json:"coverage"`           // share of the judged time in which the target was watched
	Notes      []string   `json:"notes,omitempty"`    // what was missing, and what would tell more
}

// Evidence is one figure that made the verdict.
type Evidence struct {
	Name  string  `json:"name"` // of the value, as in Resources, or of what was computed
	Value float64 `json:"value"`
	Text  string  `json:"text"` // the same for people, with unit and limit
}

// Ceiling is the load at which a resource would be full, by the utilisation
// law: use = idle + demand x load, fitted over the loads that were carried.
type Ceiling struct {
	Name   string  `json:"name"` // Limit constant
	Source string  `json:"source"`
	Rate   float64 `json:"rate"`   // iterations per second
	Low    float64 `json:"low"`    // of the 95 % interval; both 0 when it is not known
	High   float64 `json:"high"`   // of the 95 % interval
	Demand float64 `json:"demand"` // of one iteration: core-seconds, bytes …
	Use    float64 `json:"use"`    // share of the resource used at the limit
}

// Growth is a quantity that rises with the work done.
type Growth struct {
	Source       string  `json:"source"`
	Name         string  `json:"name"`                   // of the value, as in Resources
	PerIteration float64 `json:"per_iteration"`          // in the value's unit
	Low          float64 `json:"low"`                    // of the 95 % interval
	High         float64 `json:"high"`                   // of the 95 % interval
	Limit        float64 `json:"limit,omitempty"`        // 0: none is known
	FullInS      float64 `json:"full_in_s,omitempty"`    // at the load of the limit; 0: not known
	FullAfter    float64 `json:"full_after,omitempty"`   // iterations from the start of the run
	FellTo       float64 `json:"collected_to,omitempty"` // share left after a fall: it is given back from time to time
	Text         string  `json:"text"`
}

// String is the verdict in one sentence with its figures.
func (b Bottleneck) String() string {
	switch b.Name {
	case "":
		return ""
	case LimitUnwatched:
		return "Resources were not watched, so what limits the service is not known; watch them with --monitor auto, container=NAME or glances=URL"
	case LimitNone:
		return sentence("No limit was reached", b.texts(), nil)
	case LimitUnsure:
		return sentence("Not sure what limits it: "+b.either(), b.texts(), b.Next)
	case LimitGenerator:
		return sentence("Limited by the generator, not by the service", b.texts(), nil)
	}
	return sentence("Limited by "+b.named(), b.texts(), b.Next)
}

// either tells the candidates when it is not sure.
func (b Bottleneck) either() string {
	return cmp.Or(b.RunnerUp, "no resource was full, and the shape fits nothing known")
}

// Label is the name with whose resource it is, as in a table: "cpu of container kinto".
func (b Bottleneck) Label() string {
	if b.Source == "" {
		return b.Name
	}
	return b.Name + " of " + b.Source
}

// named is the limit in words, with whose it is.
func (b Bottleneck) named() string {
	of := ""
	if _, name, ok := strings.Cut(b.Source, " "); ok {
		of = " of " + name
	} else if b.Source != "" {
		of = " of the " + b.Source
	}
	switch b.Name {
	case LimitThread:
		return "one thread" + of
	case LimitGC:
		return "garbage collection" + of
	case LimitAdmission:
		return "admission: a rate limit, or refusal of what is too much"
	case LimitPool:
		return fmt.Sprintf("a pool of about %s slots", units.Number(b.Slots))
	case LimitLock:
		return "a lock: one thing at a time"
	case LimitCoherency:
		return "contention: more load makes it slower"
	case LimitStalls:
		return "stalls"
	case LimitLeak:
		return "a leak: it fails after some amount of work"
	case LimitDownstream:
		return "a service that it waits for"
	case LimitBacklog:
		return "accepting connections" + of
	case LimitDescriptors:
		return "open descriptors" + of
	}
	return b.Name + of
}

func (b Bottleneck) texts() []string {
	var all []string
	for _, e := range b.Evidence[:min(len(b.Evidence), 4)] {
		all = append(all, e.Text)
	}
	return all
}

func sentence(head string, evidence []string, next *Ceiling) string {
	if len(evidence) > 0 {
		head += ": " + strings.Join(evidence, ", ")
	}
	if next != nil {
		head += fmt.Sprintf("; next: %s at %s/s", next.Name, units.Number(next.Rate))
	}
	return head
}
