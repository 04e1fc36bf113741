package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	renewEvery  = 10 * time.Minute
	renewTry    = time.Minute      // after a renewal that failed
	renewMargin = 10 * time.Minute // before the machine's own end: what is left to fetch and to clean up
	lookAtEvery = 5 * time.Second  // at a machine that is being loaded
)

// extend puts a machine's own end to a time, in the machine first and then in its tag.
func (s *session) extend(ctx context.Context, id string, until time.Time, more Tags) error {
	step := s.plan.renew()
	step.vars["minutes"] = fmt.Sprint(minutes(time.Until(until)))
	if _, err := step.run(ctx, s.cloud.Commands, id); err != nil {
		return err
	}
	tags := Tags{TagExpires: until.UTC().Format(time.RFC3339)}
	for k, v := range more {
		tags[k] = v
	}
	return s.cloud.Machines.Tag(ctx, []string{id}, tags)
}

// errLease ends a load before the machine ends itself.
var errLease = errors.New("the lease of the machine could not be renewed: the load ended before the machine would")

// guard watches over a machine while work is done on it: work's context ends
// when the machine is gone, and before its lease is over. It returns what
// ended the work early, or nil.
func (s *session) guard(ctx context.Context, m Machine, work func(context.Context)) error {
	guarded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	watched, stop := context.WithCancel(guarded)
	wg.Go(func() { s.lookAt(watched, m, cancel) })
	if s.plan.Options.Instance == "" {
		wg.Go(func() { s.renewing(watched, m, cancel) })
	}
	if g := s.generator; g != nil {
		wg.Go(func() { s.lookAt(watched, g.machine, cancel) })
		wg.Go(func() { s.renewing(watched, g.machine, cancel) })
	}
	work(guarded)
	stop()
	wg.Wait()
	if cause := context.Cause(guarded); ctx.Err() == nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// lookAt ends the work when the machine ended. A look that fails says nothing about the machine.
func (s *session) lookAt(ctx context.Context, m Machine, end context.CancelCauseFunc) {
	_ = every(ctx, lookAtEvery, func() (bool, error) { // it ends with ctx
		var gone *EndedError
		if _, err := find(ctx, s.cloud.Machines, m.ID); errors.As(err, &gone) && ctx.Err() == nil {
			end(gone)
			return true, nil
		}
		return false, nil
	})
}

// renewing keeps the machine's own end away for as long as this program lives.
func (s *session) renewing(ctx context.Context, m Machine, end context.CancelCauseFunc) {
	lease, wait := s.leaseEnd(), renewEvery
	for {
		if pause(ctx, wait) != nil {
			return
		}
		until := time.Now().Add(s.plan.Life)
		err := s.extend(ctx, m.ID, until, nil)
		switch {
		case err == nil:
			lease, wait = until, renewEvery
			s.mu.Lock()
			s.lease = until
			s.mu.Unlock()
		case ctx.Err() != nil:
			return
		case time.Until(lease) < renewMargin:
			end(errLease)
			return
		default:
			wait = renewTry
		}
	}
}
