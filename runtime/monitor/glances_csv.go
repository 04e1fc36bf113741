package monitor

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// CSVOptions say how times of a Glances CSV relate to those of a run.
type CSVOptions struct {
	Start  time.Time      // of the run, on the generator's clock; zero: the file's first row
	Zone   *time.Location // Glances writes local times without a zone; nil: UTC
	Offset time.Duration  // the generator's clock minus Glances' clock
}

// CSV is what a Glances CSV holds.
type CSV struct {
	Format  string // which versions write like that
	Started time.Time
	Rows    []record.Resources
	Notes   []string // what was left out, and why
}

// CSVError says why a file cannot be used.
type CSVError struct{ Why string }

func (e *CSVError) Error() string { return "this is no Glances CSV that can be read: " + e.Why }

// ExitCode is that of a wrong input.
func (e *CSVError) ExitCode() int { return exit.Usage }

// Hint says how to make a good one.
func (e *CSVError) Hint() string {
	return "write one with Glances 4.5.8 or newer: glances -q -t 1 --export csv --export-csv-file FILE"
}

// ReadGlances reads a CSV as Glances exports it. Versions before 4.5.8 write
// list items in the order of the moment under the first row's header: those
// are read by the names inside the rows. What cannot be recovered is left out
// and told in Notes; it is never guessed. Files of a Glances that was started
// again may follow one another: each header holds for the rows below it.
func ReadGlances(in io.Reader, o CSVOptions) (*CSV, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	end := &lastByte{in: bufio.NewReaderSize(in, 1<<16)}
	lines := csv.NewReader(end)
	lines.FieldsPerRecord, lines.LazyQuotes, lines.ReuseRecord = -1, true, true
	header, err := lines.Read()
	if err != nil {
		return nil, &CSVError{"it has no header"}
	}
	l, err := newLayout(slices.Clone(header))
	if err != nil {
		return nil, err
	}
	t := &table{CSV: CSV{Format: l.style.versions()}, layout: l, options: o, said: map[string]int{}, contained: len(l.fields) > 0}
	var before []string
	for {
		row, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if badRow := new(csv.ParseError); err != nil && !errors.As(err, &badRow) {
			return nil, &CSVError{err.Error()} // it cannot be read on
		}
		if before != nil {
			t.add(before)
		}
		if err != nil {
			t.skip("rows that are no CSV")
			before = nil
			continue
		}
		before = append(before[:0], row...)
	}
	if end.last == '\n' && before != nil {
		t.add(before)
	} else if before != nil {
		t.say("a last row that was cut in mid-write")
	}
	return t.done()
}

// lastByte remembers the last byte read: a last line without an end was cut.
type lastByte struct {
	in   io.Reader
	last byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	if n > 0 {
		l.last = p[n-1]
	}
	return n, err
}

// table collects the rows of a file.
type table struct {
	CSV
	layout  *layout // nil: the header of this part cannot be read
	options CSVOptions
	last    time.Time
	broken  bool // the line before was no row: what was counted since is not for all of the time
	rates   rates
	seen    map[string]bool // containers of the row before: whether they told how much of their cache is idle
	said    map[string]int  // what was left out, and how often
	order   []string

	hosted    bool // the row before told of the machine
	contained bool // some header has containers
}

// skip leaves out a row.
func (t *table) skip(what string) {
	t.say(what)
	t.broken = true
}

func (t *table) say(what string) {
	if t.said[what] == 0 {
		t.order = append(t.order, what)
	}
	t.said[what]++
}

func (t *table) done() (*CSV, error) {
	for _, what := range t.order {
		t.Notes = append(t.Notes, fmt.Sprintf("left out %s (%d)", what, t.said[what]))
	}
	if !t.contained {
		t.Notes = append(t.Notes, "no column tells of a container: Glances ran without its containers plugin (it needs the docker and dateutil modules), or no container ran")
	}
	if len(t.Rows) == 0 {
		return nil, &CSVError{"it has no row that can be read"}
	}
	return &t.CSV, nil
}

// anew takes the header of another Glances, whose columns are its own. Nothing
// is known of the time before its first row.
func (t *table) anew(header []string) {
	sources := slices.Sorted(maps.Keys(t.seen))
	if t.hosted {
		sources = append([]string{record.KindHost}, sources...)
	}
	for _, source := range sources {
		t.Rows = append(t.Rows, record.Resources{
			AtS: t.last.Sub(t.options.Start).Seconds(), Source: source, Values: map[string]float64{},
			Note: "no reading: Glances was away, and began its file anew",
		})
	}
	t.seen, t.hosted, t.last = nil, false, time.Time{}
	t.rates.forget()
	l, err := newLayout(slices.Clone(header))
	if err != nil {
		t.layout = nil
		return
	}
	t.layout = l
	t.contained = t.contained || len(l.fields) > 0
}

// add reads one row.
func (t *table) add(row []string) {
	if row[0] == "timestamp" {
		t.anew(row)
		return
	}
	if t.layout == nil {
		t.say("rows under a header that cannot be read")
		return
	}
	at, err := time.ParseInLocation(time.DateTime, row[0], t.options.Zone)
	if err != nil {
		t.skip("rows without a time")
		return
	}
	at = at.Add(t.options.Offset)
	if t.Started.IsZero() {
		t.Started = at
		if t.options.Start.IsZero() {
			t.options.Start = at
		}
	}
	elapsed := 0.0
	if !t.last.IsZero() && !t.broken {
		elapsed = at.Sub(t.last).Seconds()
	}
	t.last, t.broken = at, false
	reading := t.rates.begin(record.KindHost)
	ok := t.layout.host(reading, row)
	host := reading.Resources
	t.hosted = ok
	seconds := at.Sub(t.options.Start).Seconds()
	cores := 0.0
	if ok {
		host.AtS = seconds
		cores = host.Limits[record.CPUCores]
		t.Rows = append(t.Rows, host)
	} else {
		t.say("the host's columns, which have moved, of rows of Glances " + t.Format)
	}
	containers, ok := t.layout.containers(row)
	if !ok {
		t.say("containers of rows whose columns cannot be told apart")
	}
	now := map[string]bool{}
	for _, c := range containers {
		perSample(c, elapsed)
		r := containerRow(c, cores, t.seen)
		r.AtS = seconds
		t.Rows = append(t.Rows, r)
		now[r.Source] = c.idle()
	}
	t.missed(now, seconds)
}

// missed notes whose rows end here.
func (t *table) missed(now map[string]bool, seconds float64) {
	for source := range t.seen {
		if _, there := now[source]; !there {
			t.Rows = append(t.Rows, record.Resources{
				AtS: seconds, Source: source, Values: map[string]float64{}, Note: source + " is not in Glances' rows from here on",
			})
		}
	}
	t.seen = now
}

// perSample makes version 3's counts per reading rates, as later versions write them.
func perSample(c item, elapsed float64) {
	for old, field := range map[string]string{"io_r": "io_rx", "io_w": "io_wx"} {
		if v, ok := c.v[old]; ok && elapsed > 0 {
			c.v[field] = v / elapsed
		}
	}
	if _, old := c.v["per sample"]; !old {
		return
	}
	for _, field := range []string{"network_rx", "network_tx"} {
		v, ok := c.v[field]
		delete(c.v, field)
		if ok && elapsed > 0 {
			c.v[field] = v / elapsed
		}
	}
}

// cell reads a number; empty is not 0, and nothing that is told is negative.
func cell(text string) (float64, bool) {
	if text == "" || strings.ContainsAny(text, "xXpP_iInN") { // no hexadecimal, no Inf, no NaN
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && sound(v)
}

// numeric says whether a cell is in the place of a number, though it tells none.
func numeric(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil || text == "" || text == "None"
}
