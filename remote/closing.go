package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Show is how results are shown.
type Show struct {
	JSON bool
	HTML string // the page of a run on one machine; "": in the run's folder
}

// Report lets plimsoll write the page of each machine, and prints what was
// found: the summary of one machine, or a table of several, and what it cost.
func (w World) Report(ctx context.Context, p *Plan, results []Outcome, show Show) error {
	var failed error
	measured := slices.DeleteFunc(slices.Clone(results), func(r Outcome) bool {
		_, err := os.Stat(r.Record)
		return err != nil
	})
	for _, r := range measured {
		page := filepath.Join(r.Folder, "report.html")
		if show.HTML != "" && len(measured) == 1 {
			page = show.HTML
		}
		args := []string{"report", r.Record, "--html=" + page}
		if r.CSV != "" {
			args = append(args, "--resources="+r.CSV, "--clock-offset="+r.Offset.Ahead.String())
		}
		out := io.Discard
		if len(measured) == 1 && !show.JSON {
			out = w.Stdout
		}
		if code, err := w.Plimsoll(ctx, Child{Args: args, Stdout: out, Stderr: w.Stderr}); err != nil || code != 0 {
			failed = errors.Join(failed, fmt.Errorf("the page of %s could not be written (code %d): %w", r.Type.Name, code, cmpError(err)))
			continue
		}
		w.Say("page: " + page)
	}
	if show.JSON {
		return errors.Join(failed, writeJSON(w.Stdout, p, results))
	}
	if len(results) > 1 {
		writeTable(w.Stdout, results)
	}
	for _, r := range results {
		w.closing(&r)
	}
	w.costs(results)
	for _, line := range Advise(results, p.Options.TargetLoad) {
		fmt.Fprintln(w.Stdout, line)
	}
	return failed
}

func cmpError(err error) error {
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
		if million, ok := r.PerMillion(); ok {
			cost += fmt.Sprintf(", %.4f %s per million requests at capacity", million, r.Price.Currency)
		}
	}
	fmt.Fprintf(w.Stdout, "%-12s%s (%s)\n", "Machine", r.label(), cost)
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
		"Generator", g.Machine.Type, perHour(g.Price), all, g.Rented.Round(time.Second))
	for i := range results {
		c := results[i].cost()
		all.Known, all.Amount = all.Known && c.Known, all.Amount+c.Amount
	}
	fmt.Fprintf(w.Stdout, "%-12s%s for all machines\n", "Cost", all)
}

// cost is what a machine costs for the time that it was rented: by the second, a minute at least.
func (r *Rental) cost() Cost {
	if r.Price == nil {
		return Cost{}
	}
	return Cost{Known: true, Amount: r.Price.PerHour * max(r.Rented, time.Minute).Hours(), Currency: r.Price.Currency}
}

func (r *Outcome) cost() Cost { return (&Rental{Price: r.Price, Rented: r.Rented}).cost() }

// PerMillion is what a million requests cost at the capacity.
func (r *Outcome) PerMillion() (float64, bool) {
	goodput, ok := r.Capacity()
	if !ok || r.Price == nil || goodput <= 0 {
		return 0, false
	}
	requests := r.End.Sizing.Unloaded.RequestsPerIteration
	if requests <= 0 {
		return 0, false
	}
	return r.Price.PerHour / (goodput * requests * 3600) * 1e6, true
}

// limit is what gave way, by the resources if they were watched, else by the controller.
func (r *Outcome) limit() string {
	if r.End == nil {
		return ""
	}
	if b := r.End.Bottleneck; b != nil && b.Name != record.LimitUnwatched {
		return b.Name
	}
	if r.End.Sizing != nil {
		return r.End.Sizing.Binding
	}
	return ""
}

// writeTable prints a sweep, one line a machine.
func writeTable(w io.Writer, results []Outcome) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TYPE\tCPUS\tMEMORY\tCAPACITY\tLIMIT\tP95\tAN HOUR\tPER MILLION\tVERDICT")
	for _, r := range results {
		row := []string{r.label(), fmt.Sprint(r.Type.VCPUs), gib(r.Type.MemoryBytes), "-", "-", "-", "unknown", "-", r.word()}
		if c, ok := r.Capacity(); ok {
			row[3] = fmt.Sprintf("%.4g/s", c)
			if p95 := r.End.Sizing.AtLimit.P95S; p95 > 0 {
				row[5] = fmt.Sprintf("%.3g ms", p95*1000)
			}
		}
		if l := r.limit(); l != "" {
			row[4] = l
		}
		if r.Price != nil {
			row[6] = fmt.Sprintf("%.4f %s", r.Price.PerHour, r.Price.Currency)
		}
		if m, ok := r.PerMillion(); ok {
			row[7] = fmt.Sprintf("%.4f %s", m, r.Price.Currency)
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // a terminal that is gone
	fmt.Fprintln(w)
}

// label is the type, and how it was rented where that is not as usual.
func (r *Outcome) label() string {
	if r.Spot {
		return r.Type.Name + " (spot)"
	}
	return r.Type.Name
}

// word is how it ended, in one word.
func (r *Outcome) word() string {
	switch {
	case r.Skipped:
		return "skipped"
	case r.taken:
		return "incomplete"
	case r.Err != nil:
		return "failed"
	case r.End == nil:
		return "cut"
	}
	return r.End.Verdict
}

// Advise says which machines carry a target load for the least money.
func Advise(results []Outcome, target float64) []string {
	if target <= 0 {
		return nil
	}
	type offer struct {
		text    string
		perHour float64
	}
	var offers []offer
	for _, r := range results {
		capacity, ok := r.Capacity()
		if !ok || capacity <= 0 {
			continue
		}
		const headroom = 0.7 // of a machine's capacity that is planned for
		n := math.Ceil(target / (capacity * headroom))
		text := fmt.Sprintf("%.0f × %s carry %.4g/s at %.0f %% of their capacity", n, r.Type.Name, target, 100*target/(n*capacity))
		if r.Price == nil {
			offers = append(offers, offer{text + ", price unknown", math.Inf(1)})
			continue
		}
		offers = append(offers, offer{fmt.Sprintf("%s, for %.4f %s an hour", text, n*r.Price.PerHour, r.Price.Currency), n * r.Price.PerHour})
	}
	slices.SortStableFunc(offers, func(a, b offer) int {
		switch {
		case a.perHour < b.perHour:
			return -1
		case a.perHour > b.perHour:
			return 1
		}
		return 0
	})
	var lines []string
	for i, o := range offers {
		lines = append(lines, fmt.Sprintf("%-12s%s", []string{"Advice", "or"}[min(i, 1)], o.text))
	}
	return lines
}

// summary is the object of --json.
type summary struct {
	SchemaVersion int              `json:"schema_version"`
	Run           string           `json:"run"`
	Region        string           `json:"region"`
	Machines      []machineSummary `json:"machines"`
	Generator     *rentalSummary   `json:"generator,omitempty"` // in no price of the machines
	Advice        []string         `json:"advice,omitempty"`
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

func writeJSON(w io.Writer, p *Plan, results []Outcome) error {
	all := summary{SchemaVersion: 1, Run: p.Run, Region: p.Caller.Region, Machines: []machineSummary{}, Advice: Advise(results, p.Options.TargetLoad)}
	if len(results) > 0 && results[0].Generator != nil {
		all.Generator = results[0].Generator.summary()
	}
	for _, r := range results {
		m := machineSummary{
			Type: r.Type.Name, Instance: r.Machine.ID, CPUs: r.Type.VCPUs, MemoryBytes: r.Type.MemoryBytes, Verdict: r.word(), ExitCode: r.Code,
			Limit: r.limit(), RentedS: r.Rented.Seconds(), RoundTripS: r.RoundTrip.Seconds(), Steal: r.Steal,
			ClockOffsetS: r.Offset.Ahead.Seconds(), ClockWithinS: r.Offset.Within.Seconds(), Record: r.Record, ResourcesFile: r.CSV, Notes: r.Notes, Error: text(r.Err),
		}
		if c, ok := r.Capacity(); ok {
			m.Capacity = &c
		}
		if r.Price != nil {
			m.PricePerHour, m.Currency = &r.Price.PerHour, r.Price.Currency
		}
		if c, ok := r.PerMillion(); ok {
			m.PerMillion = &c
		}
		if r.End != nil {
			m.Sizing = r.End.Sizing
		}
		all.Machines = append(all.Machines, m)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(all)
}

// ExitCode is the one of plimsoll that weighs most over all machines.
func ExitCode(results []Outcome) int {
	weight := []int{130, 143, 1, 2, 3, 7, 6, 4, 5, 8}
	best := len(weight)
	for _, r := range results {
		if r.Skipped || r.Replaced || r.Record == "" {
			continue
		}
		if at := slices.Index(weight, r.Code); at >= 0 && at < best {
			best = at
		} else if at < 0 && r.Code != 0 {
			best = min(best, 2) // one that is not in the table: an internal error
		}
	}
	if best == len(weight) {
		return 0
	}
	return weight[best]
}
