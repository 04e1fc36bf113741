package plan

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/threshold"
)

// Mode is which kind of test is planned; some defaults depend on it.
type Mode uint8

// The modes.
const (
	Run     Mode = iota // a load as planned
	Size                // a load that the controller drives
	Classic             // Molotov's sizing: a linear ramp of users
)

// Spec describes one setting: [Table] has all. Flags, environment variables,
// script options, `--show-config` and the reference are made from it.
type Spec struct {
	Name    string   // --name and PLIMSOLL_NAME
	Aliases []string // further flags, kept for those who know them
	Short   string   // one-letter flag
	Option  string   // in a script's options; a dot leads into an object; "": not there
	Kind    Kind
	Words   []string // that a choice or a list takes
	Default string   // "": none
	Sizing  string   // the default of Size, where it differs
	Classic string   // the default of Classic, where it differs
	Doc     string   // one line
	Modes   []Mode   // where it means something; nil: everywhere
	Needs   Need     // what else it needs to mean something

	Min, Max float64 // of numbers, in the unit of the kind (percent, per second, nanoseconds); Max 0: none

	put func(*Plan, value)
}

const (
	maxUsers = 1_000_000
	maxRate  = 10_000_000
)

// Env is the name of the setting's environment variable.
func (s Spec) Env() string {
	return "PLIMSOLL_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Check says what is wrong with a value; nil when it may be used.
func (s Spec) Check(text string) error {
	_, err := s.parse(text)
	var bound *threshold.Error
	if errors.As(err, &bound) {
		return fmt.Errorf("%w: %s", err, boundAdvice(bound))
	}
	return err
}

// DefaultIn is the default in a mode.
func (s Spec) DefaultIn(m Mode) string {
	switch {
	case m == Size && s.Sizing != "":
		return s.Sizing
	case m == Classic && s.Classic != "":
		return s.Classic
	default:
		return s.Default
	}
}

// Table lists all settings, in the order in which they are shown.
func Table() []Spec { return append(loadTable(), append(userTable(), sizingTable()...)...) }

// userTable is what each virtual user does.
func userTable() []Spec {
	return []Spec{
		{
			Name: "delay", Option: "delay", Kind: Time, Default: "0s", Needs: NeedUsers,
			Doc: "each virtual user waits this long after each iteration, beside the scenario's own delay",
			put: func(p *Plan, v value) { p.Delay = v.duration },
		},
		{
			Name: "backoff", Option: "backoff", Kind: Pause, Default: backoffIteration, Needs: NeedUsers,
			Doc: "what follows a failed iteration: a wait of about a mean iteration, none, or a duration",
			put: func(p *Plan, v value) { p.Backoff = Backoff{None: v.text == backoffNone, Wait: v.duration} },
		},
		{
			Name: "timeout", Option: "timeout", Kind: Time, Default: "60s", Sizing: "10s", Classic: "10s", Min: float64(time.Millisecond),
			Doc: "of requests that name none of their own",
			put: func(p *Plan, v value) { p.Timeout = v.duration },
		},
		{
			Name: "insecure", Aliases: []string{"insecure-skip-tls-verify"}, Option: "insecure", Kind: Switch, Default: "false",
			Doc: "do not verify certificates",
			put: func(p *Plan, v value) { p.Insecure = v.text == "true" },
		},
		{
			Name: "max-body", Option: "maxBody", Kind: Bytes, Min: 1, Max: 1 << 31, Default: "16MiB",
			Doc: "longest body of a response that is taken, as it came and decoded; a longer one is a failure",
			put: func(p *Plan, v value) { p.MaxBody = int(v.whole) }, //nolint:gosec // at most 2 GiB
		},
		{
			Name: "discard-bodies", Option: "discardResponseBodies", Kind: Switch, Default: "false",
			Doc: "count the bodies of responses and keep none, where a request has no responseType",
			put: func(p *Plan, v value) { p.Discard = v.text == "true" },
		},
		{
			Name: "fail-on", Option: "failOn", Kind: List, Words: []string{"exceptions", "checks", "requests"}, Default: "exceptions,checks,requests",
			Doc: "what makes an iteration fail",
			put: func(p *Plan, v value) { p.FailOn = v.words },
		},
		{
			Name: "threshold", Option: "thresholds", Kind: Bounds, Modes: []Mode{Run},
			Doc: "what the run must keep: 'http_req_duration: p(95)<200'; may be repeated",
			put: func(p *Plan, v value) { p.Thresholds = v.bounds },
		},
	}
}

// sizingTable is how the limit is searched for.
func sizingTable() []Spec {
	both, size := []Mode{Size, Classic}, []Mode{Size}
	return []Spec{
		{
			Name: "tolerance", Aliases: []string{"sizing-tolerance"}, Option: "sizing.tolerance", Kind: Percent, Max: 100, Default: "5%",
			Doc: "share of iterations that may fail",
			put: func(p *Plan, v value) { p.Sizing.Tolerance = v.number / 100 },
		},
		{
			Name: "objective", Option: "sizing.objectives", Kind: List, Needs: NeedController,
			Doc: "a latency that must hold: p(95)<200ms; may be repeated",
			put: func(p *Plan, v value) { p.Sizing.Objectives = v.words },
		},
		{
			Name: "by", Option: "sizing.by", Kind: Choice, Words: []string{string(ByVUs), string(ByRate), string(BySessions)}, Default: string(ByVUs), Modes: size, Needs: NeedSearch,
			Doc: "what is ramped: vus (then arrivals test the answer), rate, or sessions",
			put: func(p *Plan, v value) { p.Sizing.By = Control(v.text) },
		},
		{
			Name: "max", Option: "sizing.max", Kind: Number, Max: maxRate, Modes: both, Needs: NeedController,
			Doc: "highest load: virtual users, or arrivals per second with --by rate",
			put: func(p *Plan, v value) { p.Sizing.Max = v.number },
		},
		{
			Name: "resolution", Option: "sizing.resolution", Kind: Percent, Min: 0.1, Max: 50, Default: "3%", Modes: both, Needs: NeedController,
			Doc: "how narrow the answer's interval is to be",
			put: func(p *Plan, v value) { p.Sizing.Resolution = v.number / 100 },
		},
		{
			Name: "budget", Option: "sizing.budget", Kind: Time, Modes: both, Needs: NeedController,
			Doc: "how long it may take; by default about four minutes, longer for long iterations",
			put: func(p *Plan, v value) { p.Sizing.Budget = v.duration },
		},
		{
			Name: "soak", Option: "sizing.soak", Kind: Time, Modes: both, Needs: NeedController,
			Doc: "hold the answer this long at the end",
			put: func(p *Plan, v value) { p.Sizing.Soak = v.duration },
		},
		{
			Name: "per-scenario", Option: "sizing.perScenario", Kind: Switch, Default: "false", Modes: both, Needs: NeedController,
			Doc: "size each scenario alone, too",
			put: func(p *Plan, v value) { p.Sizing.PerScenario = v.text == "true" },
		},
		{
			Name: "target-load", Option: "sizing.targetLoad", Kind: Rate, Max: maxRate, Modes: both, Needs: NeedController,
			Doc: "recommend how many replicas carry this many iterations",
			put: func(p *Plan, v value) { p.Sizing.TargetLoad = v.number },
		},
		{
			Name: "max-regression", Option: "sizing.maxRegression", Kind: Percent, Max: 99, Default: "10%", Modes: size, Needs: NeedFormer,
			Doc: "with --from: how much less it may carry (exit code 8)",
			put: func(p *Plan, v value) { p.Sizing.MaxRegression = v.number / 100 },
		},
		{
			Name: "ramp-up", Option: "sizing.rampUp", Kind: Time, Default: "5m", Modes: []Mode{Classic},
			Doc: "over how long Molotov's ramp starts its users",
			put: func(p *Plan, v value) { p.Sizing.RampUp = v.duration },
		},
	}
}
