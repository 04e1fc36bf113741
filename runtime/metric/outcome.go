package metric

import "time"

// Outcome is how one iteration went, as far as it decides when the next one
// starts: a virtual user tells it to the scheduler. What is counted of an
// iteration is its [Sample].
type Outcome struct {
	Scenario ScenarioID
	OK       bool
	Took     time.Duration // from its start (not from when it was due) to its end
	Pause    time.Duration // the scenario's own delay, waited after it in a closed load
}
