package report

import "github.com/plimsoll-load/plimsoll/runtime/record"

// Sized says that the run has the answer of a sizing. Molotov's classic rule
// alone gives none: its Sizing has no verdict.
func (r *Run) Sized() bool { return r.End != nil && r.End.Sizing != nil && r.End.Sizing.Verdict != "" }

// Answer is what a sizing found; nil where the run has none.
func (r *Run) Answer() *record.Sizing {
	if !r.Sized() {
		return nil
	}
	return r.End.Sizing
}

// FullAnswer is the answer with its curve, which is in the record's hold rows.
func (r *Run) FullAnswer() *record.Sizing {
	if r.End == nil || r.End.Sizing == nil {
		return nil
	}
	s := *r.End.Sizing
	if len(s.Curve) == 0 {
		s.Curve = append([]record.Hold{}, r.Holds...)
	}
	return &s
}

// Limit is what limited the run: a resource, else what set a sizing's limit; empty where it is not known.
func (r *Run) Limit() string {
	if b := r.Bottleneck(); b != nil && b.Name != record.LimitUnwatched {
		return b.Label()
	}
	if r.Sized() {
		return string(r.End.Sizing.Binding)
	}
	return ""
}
