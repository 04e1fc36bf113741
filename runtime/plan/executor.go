package plan

import "time"

// All that an executor is to a plan is in this file: its fields, its settings,
// which of them exclude each other, and the shape of the load that they make.

// Executor is how iterations are started. A run may have several, side by side.
type Executor struct {
	Kind       string            // as options.scenarios calls it; empty: it is the plan's own
	Scenario   string            // that its iterations are of; empty: each VU picks one by weight
	Exec       string            // the function, or the scenario, that its iterations run, where that has another name
	Env, Tags  map[string]string // of its iterations
	Start      time.Duration     // when it begins, since the run's beginning
	Iterations int               // total to start; 0: no limit
	PerVU      bool              // each of VUs runs so many iterations, else they share them
	Duration   time.Duration     // when no more are started, since it began; 0: no limit
	Stages     []Stage           // the load over time, from nothing; the last target holds until Duration
	Open       bool              // Stages are arrivals per second, not VUs
	Poisson    bool              // open load with exponential gaps, else even
	VUs        int               // PerVU: how many there are; of an open load: made before the first arrival, 0: as many as its rate suggests
	MaxVUs     int               // ceiling of an open load's VUs, and of a sizing
	Grace      time.Duration     // how long a stopping iteration may take to end
	RampDown   time.Duration     // how long one may that is under way where the stages want fewer VUs
}

// Stage moves the load linearly to Target within Duration; a zero Duration jumps.
type Stage struct {
	Duration time.Duration `json:"duration"`
	Target   float64       `json:"target"` // virtual users, or arrivals per second
}

// loadTable is how much load there is, and when.
func loadTable() []Spec {
	run := []Mode{Run}
	return []Spec{
		{
			Name: "vus", Aliases: []string{"workers"}, Short: "u", Option: "vus", Kind: Count, Min: 1, Max: maxUsers,
			Default: "1", Classic: "500", Modes: []Mode{Run, Classic},
			Doc: "how many virtual users run at once; of --rate: how many are made before it begins",
			put: func(p *Plan, v value) { p.VUs = int(v.whole) },
		},
		{
			Name: "duration", Short: "d", Option: "duration", Kind: Time, Min: 1, Modes: []Mode{Run, Classic},
			Doc: "how long iterations are started",
			put: func(p *Plan, v value) { p.Duration = v.duration },
		},
		{
			Name: "iterations", Short: "i", Option: "iterations", Kind: Count, Min: 1, Max: 1e15, Modes: run,
			Doc: "how many iterations are started in all",
			put: func(p *Plan, v value) { p.Iterations = int(v.whole) },
		},
		{
			Name: "stages", Aliases: []string{"stage"}, Short: "s", Option: "stages", Kind: Ramp, Max: maxUsers, Modes: run,
			Doc: "virtual users over time: 30s:10,1m:10,30s:0",
			put: func(p *Plan, v value) { p.Stages = v.stages },
		},
		{
			Name: "rate", Option: "rate", Kind: Rate, Min: 1.0 / 3600, Max: maxRate, Modes: run,
			Doc: "iterations arrive at this rate, whoever is free takes them: 150/s, 9000/m",
			put: func(p *Plan, v value) { p.Open, p.Stages = true, []Stage{{Target: v.number}} },
		},
		{
			Name: "arrivals", Option: "arrivals", Kind: Choice, Words: []string{"even", "poisson"}, Default: "even", Sizing: "poisson", Classic: "poisson", Needs: NeedArrivals,
			Doc: "how arrivals follow each other: even, or poisson (at random)",
			put: func(p *Plan, v value) { p.Poisson = v.text == "poisson" },
		},
		{
			Name: "max-vus", Option: "maxVUs", Kind: Count, Min: 1, Max: maxUsers, Default: "10000", Needs: NeedArrivals,
			Doc: "most virtual users that arrivals may need; beyond, they are dropped and counted",
			put: func(p *Plan, v value) { p.MaxVUs = int(v.whole) },
		},
		{
			Name: "grace", Option: "grace", Kind: Time, Default: "30s",
			Doc: "how long iterations may go on after the end before they are interrupted",
			put: func(p *Plan, v value) { p.Grace, p.RampDown = v.duration, v.duration },
		},
		{
			Name: "scenario", Kind: Word,
			Doc: "run only this scenario, from the beginning",
			put: func(p *Plan, v value) { p.Scenario = v.text },
		},
		{
			Name: "seed", Kind: Seed,
			Doc: "makes picks and arrivals the same again; drawn and printed when not given",
			put: func(p *Plan, v value) { p.Seed = v.whole },
		},
	}
}

// exclusive are pairs of settings of which a load has one: what a stronger
// source says makes the other void.
func exclusive() [][2]string {
	return [][2]string{
		{"duration", "stages"},
		{"duration", "iterations"},
		{"iterations", "stages"},
		{"stages", "rate"},
	}
}

// shape makes stages of what was said about the load.
func (r *resolver) shape(p *Plan) error {
	vus := float64(p.VUs)
	stages, staged := r.chosen["stages"]
	switch {
	case r.mode == Size:
		return nil // driven by the controller
	case r.mode == Classic:
		p.Stages = []Stage{{Duration: p.Sizing.RampUp, Target: vus}}
	case p.Open && staged:
		return &Error{stages.key, stages.text, stages.source, "is for virtual users, and there is a rate, too", "leave out either the stages or the rate"}
	case p.Open:
		if _, said := r.chosen["vus"]; !said {
			p.VUs = 0
		}
		if p.VUs > p.MaxVUs {
			p.MaxVUs = p.VUs
		}
		if p.Duration == 0 && p.Iterations == 0 {
			g := r.chosen["rate"]
			return &Error{g.key, g.text, g.source, "has no end", "say how long with --duration 60s, or how many with --iterations 1000"}
		}
	case staged:
		p.Stages = append([]Stage{{Target: vus}}, p.Stages...)
		if p.Duration == 0 {
			for _, s := range p.Stages {
				p.Duration += s.Duration
			}
		}
		if p.Duration == 0 && p.Iterations == 0 {
			return &Error{stages.key, stages.text, stages.source, "takes no time", "give a stage a duration, or say how long with --duration 60s"}
		}
	default:
		r.constant(p)
	}
	return nil
}

// constant is a load of the same users all the time: for a duration, for a
// number of iterations, else for one iteration each.
func (r *resolver) constant(p *Plan) {
	if p.Duration == 0 && p.Iterations == 0 {
		p.Iterations = p.VUs
	}
	if p.Iterations > 0 && p.Iterations < p.VUs {
		r.warn("%d iterations keep no more than %d virtual users busy: %d are not started", p.Iterations, p.Iterations, p.VUs-p.Iterations)
		p.VUs = p.Iterations
	}
	p.Stages = []Stage{{Target: float64(p.VUs)}}
}
