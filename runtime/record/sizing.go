package record

// Hold is one step of a sizing: a load kept for a while and judged.
type Hold struct {
	N        int     `json:"n"`       // counts from 1
	Phase    string  `json:"phase"`   // probe, ramp, plateau, knee, drain, refine, confirm, sandwich …
	Control  string  `json:"control"` // vus or rate
	Level    float64 `json:"level"`   // virtual users, or arrivals per second
	StartS   float64 `json:"start_s"`
	LengthS  float64 `json:"length_s"` // of the judged part, without settling
	Sent     uint64  `json:"sent"`     // iterations started
	OK       uint64  `json:"ok"`
	Failed   uint64  `json:"failed"`
	Goodput  float64 `json:"goodput"` // successful iterations per second
	InFlight float64 `json:"in_flight"`
	P50S     float64 `json:"p50_s"`
	P95S     float64 `json:"p95_s"`
	P99S     float64 `json:"p99_s"`
	Verdict  string  `json:"verdict"` // pass, fail, marginal, void
	Cause    string  `json:"cause,omitempty"`
}

// Sizing is the answer of a sizing, as it is printed and as `--json` gives it.
type Sizing struct {
	Verdict string `json:"verdict"`           // found, baseline, max, budget, unstable, generator, dead
	Binding string `json:"binding,omitempty"` // failures, backlog, collapse, latency:…, max-vus …
	Reason  string `json:"reason"`            // one sentence: why it ended
}
