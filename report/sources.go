package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// source gathers one source's readings, column by column.
type source struct {
	Source
	columns map[string]int // by the key as it was read: it is cleaned once
}

// A run queue may be many times as long as there are cores: these are no limit
// that is used up, and it is shown as the count that it is.

// maxReading bounds values that are believed, so that sums of them stay finite.
const maxReading = 1e24

func (f *Fold) resources(row *record.Resources) {
	if !sane(row.AtS) {
		f.warn("a reading of resources lies outside the run's time and was left out")
		return
	}
	s := f.sources[row.Source]
	if s == nil {
		s = &source{Source: Source{Name: redact.Line(row.Source)}, columns: map[string]int{}}
		f.sources[row.Source] = s
	}
	if row.Note != "" {
		s.Notes = append(s.Notes, record.Event{AtS: row.AtS, Kind: record.EventGap, Message: redact.Line(row.Note)})
	}
	if n := len(s.At); n > 0 && row.AtS <= s.At[n-1] {
		return // the same moment again
	}
	s.At = append(s.At, row.AtS)
	for i := range s.Series {
		s.Series[i].Values = append(s.Series[i].Values, math.NaN())
		s.Series[i].Limits = append(s.Series[i].Limits, math.NaN())
	}
	last := len(s.At) - 1
	for key, v := range row.Values {
		if math.Abs(v) > maxReading {
			f.warn("a reading of resources is beyond belief and was left out")
			continue
		}
		col := s.column(key)
		col.Values[last] = v
		if limit, ok := row.Limits[key]; ok && limit > 1/maxReading && limit < maxReading && key != record.RunQueue {
			col.Limits[last] = limit
		}
	}
}

func (s *source) column(key string) *Series {
	if i, ok := s.columns[key]; ok {
		return &s.Series[i]
	}
	s.columns[key] = len(s.Series)
	s.Series = append(s.Series, Series{Key: redact.Line(key), Values: gaps(len(s.At)), Limits: gaps(len(s.At))})
	return &s.Series[len(s.Series)-1]
}

func gaps(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = math.NaN()
	}
	return list
}

func (f *Fold) finishSources() {
	for _, s := range f.sources {
		slices.SortFunc(s.Series, func(a, b Series) int { return cmp.Compare(a.Key, b.Key) })
		f.run.Sources = append(f.run.Sources, s.Source)
	}
	slices.SortFunc(f.run.Sources, func(a, b Source) int { return cmp.Compare(a.Name, b.Name) })
}

// Use sums up a series: nil values were not read.
type Use struct {
	Mean  float64  `json:"mean"`
	Max   float64  `json:"max"`
	Last  float64  `json:"last"`
	Limit *float64 `json:"limit,omitempty"`     // the last known
	Share *float64 `json:"share_max,omitempty"` // the highest fraction of the limit
}

// Use sums the series up, or returns nil when nothing was read.
func (s Series) Use() *Use {
	u := &Use{Max: math.Inf(-1)}
	n, share := 0, math.Inf(-1)
	for i, v := range s.Values {
		if math.IsNaN(v) {
			continue
		}
		n++
		u.Mean += v
		u.Max, u.Last = max(u.Max, v), v
		if limit := s.Limits[i]; limit > 0 {
			u.Limit = &limit
			share = max(share, v/limit)
		}
	}
	if n == 0 {
		return nil
	}
	u.Mean /= float64(n)
	if u.Limit != nil {
		u.Share = &share
	}
	return u
}

// Kind is the first word of the source's name: one of record's Kind constants.
func (s Source) Kind() string {
	kind, _, _ := strings.Cut(s.Name, " ")
	return kind
}

// Use sums up the series of a key; nil when it was not read.
func (s Source) Use(key string) *Use {
	for _, series := range s.Series {
		if series.Key == key {
			return series.Use()
		}
	}
	return nil
}

// Targets are the sources that are not the generator itself.
func (r *Run) Targets() []Source {
	return slices.DeleteFunc(slices.Clone(r.Sources), func(s Source) bool { return s.Kind() == record.KindGenerator })
}

// Generator is what the generator read about itself; nil when it did not.
func (r *Run) Generator() *Source {
	for i := range r.Sources {
		if r.Sources[i].Kind() == record.KindGenerator {
			return &r.Sources[i]
		}
	}
	return nil
}
