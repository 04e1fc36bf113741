package remote

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Show is how results are shown.
type Show struct {
	JSON  bool
	HTML  string // the page of a run on one machine; "": in the run's folder
	Force bool   // the page may take the place of a file that is not plimsoll's
}

// Report lets plimsoll write the page of each machine and tell what was found:
// the summary of one machine, or a comparison of several. What it cost comes after.
func (w World) Report(ctx context.Context, p *plan.Plan, results []Outcome, show Show) error {
	there := slices.DeleteFunc(slices.Clone(results), func(r Outcome) bool {
		_, err := os.Stat(r.Record)
		return err != nil
	})
	answers := answersOf(there)
	all := summary{SchemaVersion: 1, Run: p.Run, Region: p.Caller.Region, Machines: []machineSummary{}}
	one := show
	if len(there) > 1 {
		one.HTML = ""
	}
	var failed error
	for i := range results {
		r := &results[i]
		var said []byte
		if slices.ContainsFunc(there, func(o Outcome) bool { return o.Record == r.Record }) {
			var err error
			said, err = w.page(ctx, r, one)
			failed = errors.Join(failed, err)
		}
		if show.JSON {
			all.Machines = append(all.Machines, r.summary(said))
		} else if len(answers) == 1 && answers[0].Record == r.Record {
			failed = errors.Join(failed, writeLine(w.Stdout, said))
		}
	}
	if len(answers) > 1 {
		said, err := w.compare(ctx, p, answers, show)
		failed = errors.Join(failed, err)
		if !show.JSON {
			failed = errors.Join(failed, writeLine(w.Stdout, said))
		} else if json.Valid(said) {
			all.Comparison = said
		}
	}
	if show.JSON {
		if len(results) > 0 && results[0].Generator != nil {
			all.Generator = results[0].Generator.summary()
		}
		out := json.NewEncoder(w.Stdout)
		out.SetIndent("", "  ")
		return errors.Join(failed, out.Encode(all))
	}
	for i := range results {
		w.closing(&results[i])
	}
	w.costs(results)
	return failed
}

// answersOf are the outcomes that tell of a machine: what was cut tells less than an answer, and is better than nothing.
func answersOf(there []Outcome) []Outcome {
	for _, tells := range []func(Outcome) bool{
		func(r Outcome) bool { return r.End != nil && r.End.Sizing != nil && r.End.Sizing.Verdict != "" },
		func(r Outcome) bool { return r.End != nil },
	} {
		if all := slices.DeleteFunc(slices.Clone(there), func(r Outcome) bool { return r.Replaced || !tells(r) }); len(all) > 0 {
			return all
		}
	}
	return there
}

func writeLine(w io.Writer, said []byte) error {
	_, err := w.Write(append(said, '\n'))
	return err
}

// page lets plimsoll write the page of one machine, and say what its record tells.
func (w World) page(ctx context.Context, r *Outcome, show Show) ([]byte, error) {
	page := cmp.Or(show.HTML, filepath.Join(r.Folder, "report.html"))
	args := []string{"report", r.Record, "--html=" + page}
	if show.Force {
		args = append(args, "--force")
	}
	if show.JSON {
		args = append(args, "--json")
	}
	if r.CSV != "" {
		args = append(args, "--resources="+r.CSV, "--clock-offset="+r.Offset.Ahead.String())
	}
	said := &bytes.Buffer{}
	if code, err := w.Plimsoll(ctx, Child{Args: args, Stdout: said, Stderr: w.Stderr}); err != nil || code != 0 {
		return said.Bytes(), fmt.Errorf("the page of %s could not be written (code %d): %w", r.Type.Name, code, orSeeAbove(err))
	}
	w.Say("page: " + page)
	return said.Bytes(), nil
}

// compare lets plimsoll say what each machine carries and costs, and which are the cheapest for the planned load.
func (w World) compare(ctx context.Context, p *plan.Plan, answers []Outcome, show Show) ([]byte, error) {
	args := []string{"compare"}
	for _, r := range answers {
		args = append(args, r.Record)
	}
	if p.Options.TargetLoad > 0 {
		args = append(args, "--target-load="+strconv.FormatFloat(p.Options.TargetLoad, 'f', -1, 64))
	}
	if show.JSON {
		args = append(args, "--json")
	}
	said := &bytes.Buffer{}
	code, err := w.Plimsoll(ctx, Child{Args: args, Stdout: said, Stderr: w.Stderr})
	// with a smaller machine it is no failure that something became worse
	if err != nil || code != exit.OK && code != exit.Regression {
		return said.Bytes(), fmt.Errorf("the machines could not be compared (code %d): %w", code, orSeeAbove(err))
	}
	return said.Bytes(), nil
}

func orSeeAbove(err error) error {
	if err == nil {
		return errors.New("see above")
	}
	return err
}

// closing tells what one machine cost, and what a reader should know.
func (w World) closing(r *Outcome) {
	cost := "price unknown"
	if r.Price != nil {
		cost = fmt.Sprintf("%.4f %s an hour, %s for %s", r.Price.PerHour, r.Price.Currency, r.cost(), r.Rented.Round(time.Second))
	}
	fmt.Fprintf(w.Stdout, "%-12s%s, %s, %s: %s (%s)\n", "Machine", r.label(), plan.VCPUs(r.Type.VCPUs), plan.GiB(r.Type.MemoryBytes), r.status(), cost)
	if r.Offset.Within > 0 {
		fmt.Fprintf(w.Stdout, "%-12sthis machine is %s ahead of it, ± %s\n", "Clock", r.Offset.Ahead.Round(time.Millisecond), r.Offset.Within.Round(time.Millisecond))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w.Stdout, "%-12s%s\n", "Note", n)
	}
	if r.Err != nil {
		fmt.Fprintf(w.Stdout, "%-12s%v\n", "Failed", r.Err)
	}
}

// costs tells what the generator cost, which is in no price of the service's machines, and what all did.
func (w World) costs(results []Outcome) {
	if len(results) == 0 || results[0].Generator == nil {
		return
	}
	g := results[0].Generator
	all := g.cost()
	fmt.Fprintf(w.Stdout, "%-12s%s (%s, %s for %s), a cost of its own: what a million requests cost is the service's machine alone\n",
		"Generator", g.Machine.Type, plan.PerHour(g.Price), all, g.Rented.Round(time.Second))
	for i := range results {
		c := results[i].cost()
		all.Known, all.Amount = all.Known && c.Known, all.Amount+c.Amount
	}
	fmt.Fprintf(w.Stdout, "%-12s%s for all machines\n", "Cost", all)
}

// cost is what a machine costs for the time that it was rented: by the second, a minute at least.
func (r *Rental) cost() plan.Cost {
	if r.Price == nil {
		return plan.Cost{}
	}
	return plan.Cost{Known: true, Amount: r.Price.PerHour * max(r.Rented, time.Minute).Hours(), Currency: r.Price.Currency}
}

func (r *Outcome) cost() plan.Cost {
	c := (&Rental{Price: r.Price, Rented: r.Rented}).cost()
	if r.Machine.ID == "" { // it was never started
		c.Amount = 0
	}
	return c
}

// label is the type, and how it was rented where that is not as usual.
func (r *Outcome) label() string {
	if r.Preemptible {
		return r.Type.Name + " (" + r.market + ")"
	}
	return r.Type.Name
}

// status is how it ended, in one word.
func (r *Outcome) status() string {
	switch {
	case r.Skipped:
		return "skipped"
	case r.preempted:
		return "incomplete"
	case r.Err != nil:
		return "failed"
	case r.End == nil:
		return "cut"
	}
	return string(r.End.Verdict)
}

// summary is the object of --json.
type summary struct {
	SchemaVersion int              `json:"schema_version"`
	Run           string           `json:"run"`
	Region        string           `json:"region"`
	Machines      []machineSummary `json:"machines"`
	Generator     *rentalSummary   `json:"generator,omitempty"`  // in no price of the machines
	Comparison    json.RawMessage  `json:"comparison,omitempty"` // of several machines: the object of `plimsoll compare --json`
}

type rentalSummary struct {
	Type         string   `json:"type"`
	Instance     string   `json:"instance"`
	PricePerHour *float64 `json:"price_per_hour"`
	Currency     string   `json:"currency,omitempty"`
	RentedS      float64  `json:"rented_s"`
	Cost         *float64 `json:"cost"` // null: not known
}

func (r *Rental) summary() *rentalSummary {
	s := &rentalSummary{Type: r.Machine.Type, Instance: r.Machine.ID, RentedS: r.Rented.Seconds()}
	if r.Price != nil {
		cost := r.cost().Amount
		s.PricePerHour, s.Currency, s.Cost = &r.Price.PerHour, r.Price.Currency, &cost
	}
	return s
}

type machineSummary struct {
	Type          string         `json:"type"`
	Instance      string         `json:"instance,omitempty"`
	CPUs          int            `json:"cpus,omitempty"`
	MemoryBytes   int64          `json:"memory_bytes,omitempty"`
	Preemptible   bool           `json:"spot,omitempty"`
	Verdict       string         `json:"verdict"`
	ExitCode      int            `json:"exit_code"`
	Capacity      *float64       `json:"capacity"` // iterations per second; null: none was found
	Limit         string         `json:"limit,omitempty"`
	PricePerHour  *float64       `json:"price_per_hour"`
	PerMillion    *float64       `json:"price_per_million_requests"`
	Currency      string         `json:"currency,omitempty"`
	RentedS       float64        `json:"rented_s"`
	RoundTripS    float64        `json:"round_trip_s,omitempty"`
	Steal         float64        `json:"steal"`
	ClockOffsetS  float64        `json:"clock_offset_s,omitempty"`
	ClockWithinS  float64        `json:"clock_within_s,omitempty"`
	Record        string         `json:"record,omitempty"`
	ResourcesFile string         `json:"resources_file,omitempty"`
	Sizing        *record.Sizing `json:"sizing,omitempty"`
	Notes         []string       `json:"notes,omitempty"`
	Error         string         `json:"error,omitempty"`
}

// summary is one machine's, with what plimsoll said of its record.
func (r *Outcome) summary(said []byte) machineSummary {
	m := machineSummary{
		Type: r.Type.Name, Instance: r.Machine.ID, CPUs: r.Type.VCPUs, MemoryBytes: r.Type.MemoryBytes, Preemptible: r.Preemptible, Verdict: r.status(), ExitCode: r.Code,
		RentedS: r.Rented.Seconds(), RoundTripS: r.RoundTrip.Seconds(), Steal: r.Steal,
		ClockOffsetS: r.Offset.Ahead.Seconds(), ClockWithinS: r.Offset.Within.Seconds(), Record: r.Record, ResourcesFile: r.CSV, Notes: r.Notes, Error: errText(r.Err),
	}
	if r.Price != nil {
		m.PricePerHour, m.Currency = &r.Price.PerHour, r.Price.Currency
	}
	if r.End != nil {
		m.Sizing = r.End.Sizing
	}
	var run struct {
		Machine struct {
			Capacity   *float64 `json:"capacity"`
			PerMillion *float64 `json:"price_per_million"`
			Limit      string   `json:"limit"`
		} `json:"machine"`
	}
	if json.Unmarshal(said, &run) == nil {
		m.Capacity, m.PerMillion, m.Limit = run.Machine.Capacity, run.Machine.PerMillion, run.Machine.Limit
	}
	return m
}

// ExitCode is the one of plimsoll that weighs most over all machines.
func ExitCode(results []Outcome) int {
	var codes []int
	for _, r := range results {
		if !r.Skipped && !r.Replaced && r.Record != "" {
			codes = append(codes, r.Code)
		}
	}
	return exit.First(codes...)
}
