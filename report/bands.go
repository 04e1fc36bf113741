package report

import (
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Band is a stretch of time that the charts mark.
type Band struct {
	From, To float64
	Kind     BandKind
	Name     string
}

// BandKind says what a band means.
type BandKind string

// The kinds of bands.
const (
	BandRamp   BandKind = "ramp"   // the load rises
	BandPass   BandKind = "pass"   // a hold that stayed within tolerance
	BandFail   BandKind = "fail"   // a hold that did not
	BandVoid   BandKind = "void"   // a hold that counts neither way
	BandLimit  BandKind = "limit"  // the hold that confirmed the answer
	BandOutage BandKind = "outage" // nothing worked
)

// Bands are the stretches of a run that the charts mark.
func (r *Run) Bands() []Band {
	var out []Band
	for _, h := range r.Holds {
		b := Band{From: h.StartS - h.SettleS, To: h.StartS + h.LengthS, Kind: BandPass, Name: string(h.Phase) + " " + LoadOf(h)}
		switch {
		case h.Verdict == record.Void:
			b.Kind = BandVoid
		case h.Verdict == record.Fail:
			b.Kind = BandFail
		case h.Phase == record.PhaseConfirm:
			b.Kind = BandLimit
		}
		if b.To > b.From && sane(max(b.From, 0)) && sane(b.To) {
			out = append(out, b)
		}
	}
	if ramp, ok := r.ramp(); ok && len(r.Holds) == 0 {
		out = append(out, ramp)
	}
	return append(out, r.outages()...)
}

// ramp is the stretch until the virtual users are at their most, where it takes more than two windows.
func (r *Run) ramp() (Band, bool) {
	for i, p := range r.Points {
		if p.VUs == r.Total.VUsMax {
			return Band{0, p.At + p.Length, BandRamp, "ramp to " + units.Many(uint64(max(p.VUs, 0)), "VU")}, i > 2
		}
	}
	return Band{}, false
}

// outages are stretches of windows in which iterations ended and none of them well.
func (r *Run) outages() []Band {
	var out []Band
	for _, p := range r.Points {
		if p.OK > 0 || p.Failed == 0 {
			continue
		}
		if n := len(out); n > 0 && p.At-out[n-1].To < 1e-3 {
			out[n-1].To = p.At + p.Length
			continue
		}
		out = append(out, Band{p.At, p.At + p.Length, BandOutage, "nothing worked"})
	}
	return out
}

// limitHold is the hold that shows the service at its limit: the confirmed
// one, else the passing one with the highest goodput.
func (r *Run) limitHold() *record.Hold {
	var best *record.Hold
	for i := range r.Holds {
		h := &r.Holds[i]
		if h.Verdict != record.Pass {
			continue
		}
		confirms, confirmed := h.Phase == record.PhaseConfirm, best != nil && best.Phase == record.PhaseConfirm
		if best == nil || confirms && !confirmed || confirms == confirmed && h.Goodput > best.Goodput {
			best = h
		}
	}
	return best
}
