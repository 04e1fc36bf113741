package bottleneck_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// The variants of the matrix of real faults.
const (
	plain     = "plain"
	rates     = "rates"
	neighbour = "neighbour"
)

// row is one run of the matrix, as the file beside the table keeps it.
type row struct {
	Cell       string  `json:"cell"`
	Variant    string  `json:"variant"`
	Name       string  `json:"name"` // verdict
	Right      bool    `json:"right"`
	Goodput    float64 `json:"goodput"`
	Slots      float64 `json:"slots,omitempty"` // relative error; 0: not looked at
	Confidence float64 `json:"confidence"`
	Commit     string  `json:"commit"` // of the program; with + it had changes
	Machine    string  `json:"machine"`
	Load       float64 `json:"load"` // of five minutes, at the end; a run of its own makes about 2
	Day        string  `json:"day"`
	Text       string  `json:"text,omitempty"` // what was said, where it is not right
}

// lot is a cell of the matrix in one variant.
type lot struct {
	Cell, Variant string
	alone         bool    // one thing limits it
	slots         float64 // true ones; 0: not looked at
}

func (l lot) holds(r row) bool { return r.Cell == l.Cell && r.Variant == l.Variant }

// readRows reads what is kept; no file is no rows.
func readRows(path string) (all []row, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for line := range strings.Lines(string(text)) {
		var r row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, r)
	}
	return all, err
}

// appendRow keeps one more.
func appendRow(path string, r row) error {
	digits := func(v float64) float64 { return math.Round(v*1000) / 1000 }
	r.Goodput, r.Slots, r.Confidence = digits(r.Goodput), digits(r.Slots), digits(r.Confidence)
	if r.Right {
		r.Text = ""
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Close())
}

// scarcest is the lot with the fewest runs, if these are fewer than wanted, and their number.
func scarcest(lots []lot, all []row, wanted int) (l lot, runs int, ok bool) {
	runs = wanted
	for _, one := range lots {
		n := 0
		for _, r := range all {
			if one.holds(r) {
				n++
			}
		}
		if n < runs {
			l, runs, ok = one, n, true
		}
	}
	return l, runs, ok
}

// tally counts verdicts. Where the generator could not make the load there is no result.
type tally struct {
	runs, right, unsure, none, wrong int
	off                              float64 // of the slots, at most
	far                              int     // runs whose slots are off by more than a tenth
	low, high                        float64 // goodput; 0 where the generator gave none
	names                            map[string]int
}

func (n *tally) add(r row) {
	n.runs++
	if r.Right {
		n.off = max(n.off, math.Abs(r.Slots))
		if math.Abs(r.Slots) > 0.1 {
			n.far++
		}
	}
	if n.names == nil {
		n.names = map[string]int{}
	}
	n.names[r.Name]++
	if r.Goodput > 0 {
		n.high = max(n.high, r.Goodput)
		if n.low == 0 || r.Goodput < n.low {
			n.low = r.Goodput
		}
	}
	switch {
	case r.Right:
		n.right++
	case r.Name == record.LimitUnsure:
		n.unsure++
	case r.Name == record.LimitGenerator:
		n.none++
	default:
		n.wrong++
	}
}

func (n *tally) String() string {
	goodput := ""
	if n.low > 0 {
		goodput = fmt.Sprintf("%.0f-%.0f", n.low, n.high)
	}
	return fmt.Sprintf("%s | %d | %d | %d | %d | %d | %s", goodput, n.runs, n.right, n.unsure, n.none, n.wrong, counts(n.names))
}

// counts lists how often each name occurs.
func counts(names map[string]int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		list = append(list, fmt.Sprintf("%s %d", name, names[name]))
	}
	return strings.Join(list, ", ")
}

// shares tells what became of all runs.
func (n *tally) shares() string {
	part := func(k int) float64 { return 100 * float64(k) / float64(max(n.runs, 1)) }
	return fmt.Sprintf("%.1f %% right, %.1f %% unsure, %.1f %% without a result, %.1f %% wrong, of %d runs",
		part(n.right), part(n.unsure), part(n.none), part(n.wrong), n.runs)
}

const tableHead = `# Real services, each limited in one way

What the real program called each. Written by ` + "`make matrix`" + ` from the runs in [resources-matrix.jsonl](resources-matrix.jsonl), and
added to there: it goes on where it stopped, with what has the fewest runs (` + "`make matrix MINUTES=60`" + ` for an hour of it,
` + "`CELL=mutex VARIANT=rates RUNS=20`" + ` for a part). Every run sizes ` + "`runtime/monitor/testdata/service`" + `, limited by control groups,
by ` + "`tc`" + ` in a network name space of its own, or by itself. *rates*: made for 200 to 600/s, another one each run (the generator:
0.1 to 0.3 cores), of which the goodput tells what came of it; *neighbour*: another process uses half a core, 10 ms of each 20. A
memory limit has no rate to choose, and so no *rates*. *No result*: the generator could not make the load, and says so.

The aim: 10 runs of each and more, where one thing limits 95 % right, 2 % wrong at most, and ĉ, the slots, within 10 %.
`

// matrixTable is the page: a row a lot, what each was called how often.
func matrixTable(lots []lot, all []row) string {
	var out strings.Builder
	out.WriteString(tableHead)
	out.WriteString(origins(all))
	out.WriteString("\n| limited by | variant | goodput/s | runs | right | unsure | no result | wrong | named | ĉ off by at most |\n|---|---|---|---|---|---|---|---|---|---|\n")
	var together, alone tally
	for _, l := range lots {
		var n tally
		for _, r := range all {
			if !l.holds(r) {
				continue
			}
			n.add(r)
			together.add(r)
			if l.alone {
				alone.add(r)
			}
		}
		slots := ""
		if l.slots > 0 && n.right > 0 {
			slots = fmt.Sprintf("%.0f %%", n.off*100)
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", l.Cell, l.Variant, &n, slots)
	}
	if len(all) > 0 {
		out.WriteString(confusion(lots, all))
	}
	fmt.Fprintf(&out, "\nTogether: %s.\nWhere one thing limits: %s; ĉ off by more than 10 %% in %d.\n", together.shares(), alone.shares(), alone.far)
	return out.String()
}

// confusion is what limits against what was named, a row a cell with all its variants.
func confusion(lots []lot, all []row) string {
	named, columns := map[string]map[string]int{}, map[string]bool{}
	for _, r := range all {
		if named[r.Cell] == nil {
			named[r.Cell] = map[string]int{}
		}
		named[r.Cell][r.Name]++
		columns[r.Name] = true
	}
	var out strings.Builder
	names := slices.Sorted(maps.Keys(columns))
	fmt.Fprintf(&out, "\n| limited by, called | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for i, l := range lots {
		if i > 0 && lots[i-1].Cell == l.Cell {
			continue
		}
		fmt.Fprintf(&out, "| %s |", l.Cell)
		for _, name := range names {
			if n := named[l.Cell][name]; n > 0 {
				fmt.Fprintf(&out, " %d |", n)
			} else {
				out.WriteString("  |")
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// origins tells which machines and which commits of the program the runs are of.
func origins(all []row) string {
	if len(all) == 0 {
		return "\nNo runs yet.\n"
	}
	machines, commits := map[string]*[]float64{}, map[string]int{}
	for _, r := range all {
		if machines[r.Machine] == nil {
			machines[r.Machine] = new([]float64)
		}
		*machines[r.Machine] = append(*machines[r.Machine], r.Load)
		commits[r.Commit]++
	}
	var out strings.Builder
	out.WriteString("\nMachines:\n\n")
	for _, name := range slices.Sorted(maps.Keys(machines)) {
		loads := *machines[name]
		fmt.Fprintf(&out, "- %s: %d of the runs, with a load of %.1f to %.1f\n", name, len(loads), slices.Min(loads), slices.Max(loads))
	}
	if len(commits) > 1 {
		fmt.Fprintf(&out, "\n**Runs of %d commits of the program are mixed**: %s.\n", len(commits), counts(commits))
	} else {
		fmt.Fprintf(&out, "\nCommit of the program: %s.\n", counts(commits))
	}
	return out.String()
}
