package remote

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// maxSteal is the share of a machine's CPU time that others may take before
// a verdict would be about them, or about CPU credits, and not about the machine.
const maxSteal = 0.05

// facts are what the truth about a run is found in.
type facts struct {
	head  record.Run
	holds []record.Hold
	steal []reading // of the machine
	sent  []span
	end   *record.End
}

// span is how many requests were made in some time.
type span struct{ start, length, requests float64 }

// reading is a share at a time of the run.
type reading struct{ at, share float64 }

// readFacts reads a record; one that was cut has no end.
func readFacts(path string) (facts, error) {
	var f facts
	file, err := os.Open(path)
	if err != nil {
		return f, err
	}
	defer func() { _ = file.Close() }() // it was only read
	rows := record.NewReader(file)
	for {
		row, err := rows.Next()
		switch {
		case errors.Is(err, io.EOF):
			return f, nil
		case err != nil:
			return f, err
		}
		switch row := row.(type) {
		case *record.Run:
			f.head = *row
		case *record.Hold:
			f.holds = append(f.holds, *row)
		case *record.Resources:
			steal, ok := row.Values[record.CPUStealCores]
			if cores := row.Limits[record.CPUCores]; ok && cores > 0 && row.Kind() == record.KindHost {
				f.steal = append(f.steal, reading{row.AtS, steal / cores})
			}
		case *record.Window:
			w := span{start: row.StartS, length: row.LengthS}
			for _, c := range row.Scenarios {
				w.requests += float64(c.Requests)
			}
			f.sent = append(f.sent, w)
		case *record.End:
			f.end = row
		}
	}
}

// stealInFile reads the steal that Glances, or the sampler, wrote on the machine.
func stealInFile(path string, began time.Time, ahead time.Duration) []reading {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // it was only read
	rows := csv.NewReader(bufio.NewReader(file))
	rows.FieldsPerRecord = -1
	var all []reading
	width, column := 0, -1
	for {
		row, err := rows.Read()
		if err != nil {
			break
		}
		if row[0] == "timestamp" { // a Glances that was started again has columns of its own
			width, column = len(row), slices.Index(row, "cpu.steal")
			continue
		}
		if len(row) != width || column < 0 {
			continue
		}
		when, err := time.Parse(time.DateTime, row[0])
		percent, bad := strconv.ParseFloat(row[column], 64)
		if err == nil && bad == nil {
			all = append(all, reading{when.Add(ahead).Sub(began).Seconds(), percent / 100})
		}
	}
	return all
}

// maxStealInHolds is the highest mean of the readings within a hold; without holds that of the whole run.
func (f *facts) maxStealInHolds() float64 {
	spans := [][2]float64{{0, 1e18}}
	if len(f.holds) > 0 {
		spans = nil
	}
	for _, h := range f.holds {
		spans = append(spans, [2]float64{h.StartS, h.StartS + h.LengthS})
	}
	most := 0.0
	for _, span := range spans {
		sum, n := 0.0, 0
		for _, r := range f.steal {
			if r.at >= span[0] && r.at <= span[1] {
				sum, n = sum+r.share, n+1
			}
		}
		if n >= 2 {
			most = max(most, sum/float64(n))
		}
	}
	return most
}

// validateResult reads what plimsoll found, and withdraws it where it is not about the service.
func (s *session) validateResult(r *Outcome, early error) error {
	f, err := readFacts(r.Record)
	if err != nil {
		if r.Err != nil {
			return nil // that says why there is none
		}
		if r.Code != 0 && errors.Is(err, fs.ErrNotExist) {
			return &ChildError{What: "no load was sent", Code: r.Code}
		}
		return fmt.Errorf("the record of the load: %w", err)
	}
	if len(f.steal) == 0 {
		f.steal = stealInFile(filepath.Join(r.Folder, plan.WatcherFile), f.head.Started, r.Offset.Ahead)
	}
	r.Steal, r.End = f.maxStealInHolds(), f.end
	service := readServiceEnd(r.Folder)
	if rate, ok := f.rateBefore(service.at.Add(r.Offset.Ahead)); ok {
		service.note += fmt.Sprintf("; it had %s requests/s just before", units.Number(rate))
	}
	r.note("%s", service.note)
	if service.kills > 0 && r.End != nil {
		nameMemory(r.End, service)
	}
	why := ""
	switch {
	case early != nil:
		why = "the result is incomplete: " + early.Error()
	case r.Steal > maxSteal:
		why = fmt.Sprintf("no verdict: %.0f %% of the machine's CPU time was taken for others (steal)%s", r.Steal*100, credits(r))
	}
	if r.End == nil || why == "" && len(r.Notes) == 0 {
		return nil
	}
	if why != "" {
		invalidate(r.End, why)
		r.Code = r.End.ExitCode
		r.note("%s", why)
	}
	if r.End.Sizing != nil {
		r.End.Sizing.Notes = append(r.End.Sizing.Notes, r.Notes...)
	}
	return record.ReplaceEnd(r.Record, r.End, r.Notes)
}

func credits(r *Outcome) string {
	if !r.Type.Burstable {
		return ": another machine on the same host was busy; measure again"
	}
	return ": its CPU credits are used up; measure with --credits unlimited, or a type that has none"
}

// invalidate takes a verdict back.
func invalidate(end *record.End, why string) {
	v := record.VerdictUnstable
	end.Verdict, end.Reason, end.ExitCode = v, why, v.ExitCode()
	if end.Sizing != nil {
		end.Sizing.Verdict, end.Sizing.Reason, end.Sizing.ExitCode, end.Sizing.Capacity = v, why, v.ExitCode(), nil
	}
}
