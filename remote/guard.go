package remote

import (
	"context"
	"errors"
	"sync"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// errLease ends a load before the machine ends itself.
var errLease = errors.New("the lease of the machine could not be renewed: the load ended before the machine would")

// guard watches over a machine while work is done on it: work's context ends
// when the machine is gone, and before its lease is over. It returns what
// ended the work early, or nil.
func (s *session) guard(ctx context.Context, m provider.Machine, work func(context.Context)) error {
	guarded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	watched, stop := context.WithCancel(guarded)
	wg.Go(func() { s.watchMachine(watched, m, cancel) })
	defer s.leases.use(m.ID, cancel)()
	if g := s.generator; g != nil {
		wg.Go(func() { s.watchMachine(watched, g.machine, cancel) })
		defer s.leases.use(g.machine.ID, cancel)()
	}
	work(guarded)
	stop()
	wg.Wait()
	if cause := context.Cause(guarded); ctx.Err() == nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// watchMachine ends the work when the machine ended. A look that fails says nothing about the machine,
// and looks are rarer than at a machine that boots: every 5 s by default.
func (s *session) watchMachine(ctx context.Context, m provider.Machine, end context.CancelCauseFunc) {
	_ = provider.Poll(ctx, s.cloud.Look()*5/3, func() (bool, error) { // it ends with ctx
		var gone *provider.EndedError
		if _, err := provider.FindLive(ctx, s.cloud.Machines, m.ID); errors.As(err, &gone) && ctx.Err() == nil {
			end(gone)
			return true, nil
		}
		return false, nil
	})
}
