// Package plan holds what is to be run, fully resolved: pure values, each
// setting with the place it came from. It reads no clock, no file and no flag.
package plan

import "time"

// Plan is one load test. Zero durations and counts mean "not set".
type Plan struct {
	Script string // path of the script, as given

	Iterations int           // total to start; 0: no limit
	Duration   time.Duration // when no more are started; 0: no limit
	Stages     []Stage       // the load over time; the last target holds until Duration
	Open       bool          // Stages are arrivals per second, not virtual users
	Poisson    bool          // open load with exponential gaps, else even
	MaxVUs     int           // ceiling of an open load's virtual users, and of a sizing
	Grace      time.Duration // how long a stopping iteration may take to end

	Settings []Setting // what the above was made of, for `--show-config` and the record
}

// Stage moves the load linearly to Target within Duration; a zero Duration jumps.
type Stage struct {
	Duration time.Duration `json:"duration"`
	Target   float64       `json:"target"` // virtual users, or arrivals per second
}

// Source says where a setting's value came from; a higher one wins.
type Source string

// The sources, from the weakest to the strongest.
const (
	Default Source = "default"
	Script  Source = "script"
	Test    Source = "named test"
	Env     Source = "environment"
	Flag    Source = "flag"
)

// Setting is one resolved value and its source.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source Source `json:"source"`
}

// Load returns the load that the stages ask for at a time since the start.
func (p Plan) Load(at time.Duration) float64 {
	from, begin := 0.0, time.Duration(0)
	for _, s := range p.Stages {
		if at < begin+s.Duration {
			return from + (s.Target-from)*float64(at-begin)/float64(s.Duration)
		}
		from, begin = s.Target, begin+s.Duration
	}
	return from
}
