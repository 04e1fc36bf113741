package record

// Hold is one step of a sizing: a load kept for a while and judged.
type Hold struct {
	N        int       `json:"n"` // counts from 1
	Phase    Phase     `json:"phase"`
	Control  Control   `json:"control"`  // ByVUs or ByRate
	Level    float64   `json:"level"`    // virtual users, or arrivals per second
	Why      string    `json:"why"`      // what made the controller choose this level
	StartS   float64   `json:"start_s"`  // of the judged part, in seconds of the run
	SettleS  float64   `json:"settle_s"` // waited before that, under the same load
	LengthS  float64   `json:"length_s"` // of the judged part, without settling
	Sent     uint64    `json:"sent"`     // iterations started
	OK       uint64    `json:"ok"`
	Failed   uint64    `json:"failed"`
	Requests uint64    `json:"requests"` // that ended
	Slow     uint64    `json:"slow"`     // requests that failed or missed the tightest objective
	Share    float64   `json:"share"`    // of iterations that failed
	Goodput  float64   `json:"goodput"`  // successful iterations per second
	Work     float64   `json:"y"`        // goodput that is comparable across loads: successful requests in iterations/s once iterations fail
	SE       float64   `json:"se"`       // relative standard error of Work
	InFlight float64   `json:"in_flight"`
	MeanS    float64   `json:"mean_s"` // successful iteration
	P50S     float64   `json:"p50_s"`  // of requests
	P95S     float64   `json:"p95_s"`
	P99S     float64   `json:"p99_s"`
	GrowthZ  float64   `json:"growth_z"` // how surely the backlog grew, in standard errors (arrivals only)
	Phi      float64   `json:"phi"`      // how much more failures vary than independent ones
	LLR      float64   `json:"llr"`      // log likelihood ratio of "beyond tolerance", over phi
	Verdict  Judgement `json:"verdict"`
	Cause    Cause     `json:"cause,omitempty"`
	Marginal bool      `json:"marginal,omitempty"` // undecided by the test: the last half, or what is known of the plateau, decided
	Interval Bounds    `json:"interval"`           // of the capacity, as known after this hold
	LeftS    float64   `json:"left_s"`             // estimate of the time still needed
}

// Bounds is an interval; an end that is not known is null.
type Bounds struct {
	Lo *float64 `json:"lo"`
	Hi *float64 `json:"hi"`
}

// Sizing is the answer of a sizing, as it is printed and as `--json` gives it.
// Rates are per second; shares are fractions.
type Sizing struct {
	SchemaVersion int     `json:"schema_version"`
	Verdict       Verdict `json:"verdict"` // found and those after it; interrupted when it was stopped
	Binding       Cause   `json:"binding,omitempty"`
	Reason        string  `json:"reason"` // one sentence: why it ended
	ExitCode      int     `json:"exit_code"`
	Control       Control `json:"control"`
	Backoff       string  `json:"backoff"` // after a failed iteration

	Capacity   *Capacity         `json:"capacity,omitempty"` // only when found
	Plateau    *Plateau          `json:"plateau,omitempty"`
	VUs        VUBounds          `json:"vus"` // also in Capacity, where one is found
	Interval   Interval          `json:"interval"`
	Unloaded   Unloaded          `json:"unloaded"`
	AtLimit    Latency           `json:"latency_at_limit"`
	Objectives []ObjectiveResult `json:"objectives,omitempty"`
	Scenarios  []ScenarioResult  `json:"scenarios,omitempty"`
	Alone      []AloneResult     `json:"alone,omitempty"` // each scenario sized by itself, where that was asked for
	Shape      Shape             `json:"shape"`
	Curve      []Hold            `json:"curve"`
	Generator  GeneratorReport   `json:"generator"`
	Cost       Cost              `json:"cost"`
	Settings   SizingSettings    `json:"settings"`
	// BudgetNeededS is what the budget would have to be, when it was too small.
	BudgetNeededS  float64  `json:"budget_needed_s,omitempty"`   // for bounds of ± 10 %
	BudgetForTestS float64  `json:"budget_for_test_s,omitempty"` // for a test on both sides
	USL            *USL     `json:"usl,omitempty"`
	Recommendation *Advice  `json:"recommendation,omitempty"`
	Classic        *Classic `json:"classic,omitempty"`
	Recheck        *Recheck `json:"recheck,omitempty"`
	Notes          []string `json:"notes,omitempty"` // what a reader should know about the number
}

// Capacity is the answer in numbers.
type Capacity struct {
	VUBounds
	Goodput          float64    `json:"goodput"`           // successful iterations per second at the limit
	GoodputClosed    float64    `json:"goodput_closed"`    // the same, seen by virtual users back to back; 0: not seen
	OfferedConfirmed float64    `json:"offered_confirmed"` // arrivals per second that were held; 0: answer is in virtual users
	OfferedEstimate  float64    `json:"offered_estimate"`
	FirstFailing     *float64   `json:"first_failing"` // arrivals per second that failed; null: not tested above
	CI95             [2]float64 `json:"ci95"`          // of goodput
	ConfirmS         float64    `json:"confirm_s"`
	FailedShare      float64    `json:"failed_share"` // while confirming
	InFlight         float64    `json:"in_flight"`
	Resolution       float64    `json:"resolution"` // relative width of the interval
}

// VUBounds is what virtual users back to back showed.
type VUBounds struct {
	Knee         int      `json:"vus"`               // smallest number that reaches 97 % of the plateau; 0: not known
	KneeBelow    int      `json:"vus_below"`         // largest tried number that does not
	Within       int      `json:"vus_within"`        // largest number that stayed within tolerance
	FirstFailing *int     `json:"vus_first_failing"` // smallest that did not; null: none did
	FailedShare  float64  `json:"vus_failed_share"`  // there
	Estimate     *float64 `json:"vus_estimate"`      // where the tolerance would be reached
	Largest      int      `json:"vus_max"`           // largest number tried
}

// Plateau is the goodput that more virtual users do not raise (the peak, where it falls).
type Plateau struct {
	Goodput    float64     `json:"goodput"`
	SE         float64     `json:"se"` // relative standard error
	VUsFrom    int         `json:"vus_from"`
	VUsTo      int         `json:"vus_to"`
	Iterations uint64      `json:"iterations"`
	Kind       PlateauKind `json:"kind"`
}

// Interval is the range of arrivals per second that the limit lies in.
type Interval struct {
	Lo       float64  `json:"lo"`
	Hi       *float64 `json:"hi"`        // null: no upper end is known
	HiTested bool     `json:"hi_tested"` // false: computed
}

// Unloaded is what one virtual user saw.
type Unloaded struct {
	IterationS           float64 `json:"iteration_s"`
	RequestS             float64 `json:"request_s"`
	RequestsPerIteration float64 `json:"requests_per_iteration"`
	FailedShare          float64 `json:"failed_share"`
}

// Latency holds quantiles of requests.
type Latency struct {
	P50S float64 `json:"p50_s"`
	P90S float64 `json:"p90_s"`
	P95S float64 `json:"p95_s"`
	P99S float64 `json:"p99_s"`
	MaxS float64 `json:"max_s"`
}

// ObjectiveResult is one objective and how much of it was used at the limit.
type ObjectiveResult struct {
	Kind    string  `json:"kind"`   // as written: p(95)<200ms
	Target  float64 `json:"target"` // seconds
	Allowed float64 `json:"allowed"`
	AtLimit float64 `json:"at_limit"` // share of requests that failed or were later
	Binding bool    `json:"binding"`
}

// ScenarioResult says how one scenario of the mix fared in the first load beyond the limit.
type ScenarioResult struct {
	Name        string  `json:"name"`
	Share       float64 `json:"share"`        // of all iterations
	FailedShare float64 `json:"failed_share"` // of its own iterations
	OfFailures  float64 `json:"of_failures"`  // of all failures
	First       bool    `json:"first"`        // it fails first
	MeanS       float64 `json:"mean_s"`
}

// AloneResult is the answer for one scenario without the others.
type AloneResult struct {
	Name    string   `json:"name"`
	Verdict Verdict  `json:"verdict"`
	Binding Cause    `json:"binding,omitempty"`
	Goodput *float64 `json:"goodput"` // null: no capacity was found
}

// Shape says how the service behaves around its limit.
type Shape struct {
	AboveLimit   AboveLimit  `json:"above_limit"`
	Retrograde   *Retrograde `json:"retrograde,omitempty"`
	RecoveryS    float64     `json:"recovery_s"` // to drain after the worst overload
	Rising       bool        `json:"rising"`     // the same load gave more later: warm-up, autoscaler
	Slowing      bool        `json:"slowing"`    // the same load gave less later: growing data, a slower machine
	StallPeriodS float64     `json:"stall_period_s,omitempty"`
	Outages      []uint64    `json:"outages,omitempty"` // counts of requests at which everything failed
	Inversions   int         `json:"inversions"`        // loads that passed and later failed
	BaseFailure  float64     `json:"base_failure"`      // share that fails whatever the load
}

// Retrograde tells the peak and how far goodput fell beyond it.
type Retrograde struct {
	PeakVUs int     `json:"peak_vus"`
	Peak    float64 `json:"peak"`
	AtVUs   int     `json:"at_vus"`
	Goodput float64 `json:"goodput"`
}

// GeneratorReport says whether the load could be made as asked.
type GeneratorReport struct {
	OK       bool     `json:"ok"`
	Reason   string   `json:"reason,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Sent     float64  `json:"sent_share"` // of intended arrivals
	LateS    float64  `json:"lateness_s"` // worst 99 % quantile of a hold
	CPU      float64  `json:"cpu"`        // highest share of its quota in a hold
	VoidHold int      `json:"void_holds"` // holds that counted neither way
}

// Cost is what the answer cost.
type Cost struct {
	WallS      float64 `json:"wall_s"`
	Holds      int     `json:"holds"`
	Iterations uint64  `json:"iterations"`
	Requests   uint64  `json:"requests"`
	Failed     uint64  `json:"failed"` // iterations
}

// SizingSettings are the settings that the answer depends on.
type SizingSettings struct {
	Tolerance  float64  `json:"tolerance"`
	Resolution float64  `json:"resolution"`
	BudgetS    float64  `json:"budget_s"`
	Max        float64  `json:"max"`
	SoakS      float64  `json:"soak_s,omitempty"`
	Objectives []string `json:"objectives,omitempty"`
	HorizonS   float64  `json:"horizon_s,omitempty"` // how long a computed load must survive
}

// USL is a fit of the Universal Scalability Law, X(n) = γn / (1 + σ(n-1) + κn(n-1)).
type USL struct {
	Gamma   float64  `json:"gamma"`
	Sigma   float64  `json:"sigma"`
	Kappa   float64  `json:"kappa"`
	R2      float64  `json:"r2"`
	PeakN   *float64 `json:"peak_n"` // null: no peak
	Peak    *float64 `json:"peak"`   // goodput there, or the limit γ/σ; null: grows for ever
	Points  int      `json:"points"`
	Refused string   `json:"refused,omitempty"` // why it was not fitted
}

// Advice is how many replicas a target load needs.
type Advice struct {
	TargetLoad  float64  `json:"target_load"`
	Replicas    int      `json:"replicas"` // 0: not reachable
	Spare       int      `json:"spare"`
	Headroom    float64  `json:"headroom"`    // share of a replica's capacity that is planned for
	PerReplica  float64  `json:"per_replica"` // goodput
	Assumptions []string `json:"assumptions"`
}

// Classic is what Molotov's rule says.
type Classic struct {
	Reached      bool    `json:"reached"`
	Ratio        float64 `json:"ratio"` // failed of all, in the minute
	MaxWorkers   int     `json:"max_workers"`
	OK           uint64  `json:"ok"`
	Failed       uint64  `json:"failed"`
	MinuteOK     uint64  `json:"minute_ok"`
	MinuteFailed uint64  `json:"minute_failed"`
}

// Recheck compares with a former answer.
type Recheck struct {
	Former        float64 `json:"former"` // goodput
	Change        float64 `json:"change"` // relative; negative: it carries less
	Noise         float64 `json:"noise"`  // change that is not told from none
	Regressed     bool    `json:"regressed"`
	MaxRegression float64 `json:"max_regression"`
}
