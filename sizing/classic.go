package sizing

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// ClassicOptions are those of Molotov's sizing; zero values are its defaults.
type ClassicOptions struct {
	Workers   int           // 500
	RampUp    time.Duration // 300 s, in which all of them start, one after the other
	Tolerance float64       // 0.05, of all iterations (Molotov: of the successful ones)
	Duration  time.Duration // the ramp and a minute
}

const (
	classicMinute = 60.0
	classicEnough = 100 // iterations before a minute is judged
)

// Classic sizes as Molotov does: workers start one by one until too many
// iterations of the minute fail. The number is one of workers in a closed
// loop, so it is about as large as the service's queue; what a service carries
// is [Run]'s to say. The answer is whatever was counted, also with an error.
func Classic(ctx context.Context, load Load, o ClassicOptions) (record.Classic, error) {
	o = o.complete()
	var r classicRule
	for r.now < o.Duration.Seconds() && !r.Reached {
		workers := min(o.Workers, 1+int(r.now/o.RampUp.Seconds()*float64(o.Workers)))
		if workers > r.MaxWorkers {
			r.MaxWorkers = workers
			if err := load.Resize(workers); err != nil {
				return r.Classic, err
			}
		}
		t, err := load.Tick(ctx, time.Duration(tick*float64(time.Second)))
		if err != nil {
			return r.Classic, err
		}
		r.count(t, o.Tolerance)
	}
	return r.Classic, nil
}

func (o ClassicOptions) complete() ClassicOptions {
	if o.Workers == 0 {
		o.Workers = 500
	}
	if o.RampUp == 0 {
		o.RampUp = 300 * time.Second
	}
	if o.Tolerance == 0 {
		o.Tolerance = .05
	}
	if o.Duration == 0 {
		o.Duration = o.RampUp + classicMinute*time.Second
	}
	return o
}

// classicRule judges minutes that tumble: each begins where the former ended.
type classicRule struct {
	record.Classic
	now, minute float64
}

func (r *classicRule) count(t Tick, tolerance float64) {
	r.now += t.Length.Seconds()
	if r.now-r.minute > classicMinute {
		r.minute = r.now
		r.MinuteOK, r.MinuteFailed = 0, 0
	}
	for _, s := range t.Scenarios {
		r.OK, r.Failed = r.OK+s.OK, r.Failed+s.Failed
		r.MinuteOK, r.MinuteFailed = r.MinuteOK+s.OK, r.MinuteFailed+s.Failed
	}
	all := r.MinuteOK + r.MinuteFailed
	if all == 0 {
		return
	}
	r.Ratio = float64(r.MinuteFailed) / float64(all)
	r.Reached = all >= classicEnough && r.Ratio > tolerance
}

// ClassicText is how Molotov closes a sizing, line by line.
func ClassicText(c record.Classic) string {
	totals := fmt.Sprintf("OVERALL: SUCCESSES: %d | FAILURES: %d\nLAST MINUTE: SUCCESSES: %d | FAILURES: %d\n",
		c.OK, c.Failed, c.MinuteOK, c.MinuteFailed)
	if !c.Reached {
		return "\nSizing was not finished. (interrupted)\n\n" + totals
	}
	return fmt.Sprintf("\nSizing is over!\n\nError Ratio %.2f %% obtained with %d workers.\n\n%s", 100*c.Ratio, c.MaxWorkers, totals)
}
