package provision

import (
	"context"
	"errors"
	"sync"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// errLease ends a load before the machine ends itself.
var errLease = errors.New("the lease of the machine could not be renewed: the load ended before the machine would")

// Guard watches over machines while work is done on them: work's context ends
// when one of them is gone, and before the lease of one is over. It returns what
// ended the work early, or nil.
func (r *Provisioner) Guard(ctx context.Context, machines []provider.Machine, work func(context.Context)) error {
	guarded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	watched, stop := context.WithCancel(guarded)
	for _, m := range machines {
		wg.Go(func() { r.watchMachine(watched, m, cancel) })
		defer r.leases.use(m.ID, cancel)()
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
func (r *Provisioner) watchMachine(ctx context.Context, m provider.Machine, end context.CancelCauseFunc) {
	_ = provider.Poll(ctx, r.cloud.Look()*5/3, func() (bool, error) { // it ends with ctx
		var gone *provider.EndedError
		if _, err := provider.FindLive(ctx, r.cloud.Machines, m.ID); errors.As(err, &gone) && ctx.Err() == nil {
			end(gone)
			return true, nil
		}
		return false, nil
	})
}
