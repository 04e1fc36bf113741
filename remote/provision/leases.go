package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

const (
	renewEvery  = 10 * time.Minute
	renewRetry  = time.Minute      // after a renewal that failed
	renewMargin = 10 * time.Minute // before the machine's own end: what is left to fetch and to clean up
)

// leases are the ends of their own of all machines that a run has now, be they
// loaded or waiting for their turn: [session.renewing] alone puts them off.
type leases struct {
	mu   sync.Mutex
	held map[string]*lease
	last time.Time // the latest end of any machine of the run
}

// lease is that of one machine.
type lease struct {
	until time.Time               // when it ends itself
	next  time.Time               // when that is to be put off
	end   context.CancelCauseFunc // of the work on it; nil: it waits
}

// hold begins with a machine that was started.
func (l *leases) hold(id string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[string]*lease{}
	}
	l.held[id] = &lease{until: until, next: time.Now().Add(renewEvery)}
	l.note(until)
}

func (l *leases) note(until time.Time) {
	if until.After(l.last) {
		l.last = until
	}
}

// drop lets machines go.
func (l *leases) drop(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		delete(l.held, id)
	}
}

// use says what ends when a machine's lease cannot be put off any more, until
// the function that it returns is called.
func (l *leases) use(id string, end context.CancelCauseFunc) (done func()) {
	set := func(end context.CancelCauseFunc) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if held := l.held[id]; held != nil {
			held.end = end
		}
	}
	set(end)
	return func() { set(nil) }
}

// due are the machines whose end is to be put off now.
func (l *leases) due() (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(l.held)) {
		if !time.Now().Before(l.held[id].next) {
			ids = append(ids, id)
		}
	}
	return ids
}

// renewed notes which machines have a new end, and ends the work on those whose old one is near.
func (l *leases) renewed(ids []string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if held := l.held[id]; held != nil {
			held.until, held.next = until, time.Now().Add(renewEvery)
			l.note(until)
		}
	}
	for _, held := range l.held {
		if held.end != nil && time.Until(held.until) < renewMargin {
			held.end(errLease)
		}
	}
}

// RenewLeases keeps the ends of all machines away until ctx ends. A machine that
// does not take the command, for the load may starve its agent, is asked again.
func (r *Provisioner) RenewLeases(ctx context.Context) {
	for provider.Pause(ctx, renewRetry) == nil {
		until := time.Now().Add(r.plan.Life)
		done, _ := r.Extend(ctx, r.leases.due(), until, nil) // what failed is due again
		r.leases.renewed(done, until)
	}
}

// Extend puts the own end of machines to a time, in the machines first and then in their tags. It returns those that
// took it, and why others did not.
func (r *Provisioner) Extend(ctx context.Context, ids []string, until time.Time, more provider.Tags) (done []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	step := r.plan.Renew()
	step.Vars["minutes"] = fmt.Sprint(script.Minutes(time.Until(until)))
	if done, err = step.RunAll(ctx, r.cloud.Commands, ids); len(done) == 0 {
		return nil, err
	}
	tags := provider.Tags{plan.TagExpires: until.UTC().Format(time.RFC3339)}
	maps.Copy(tags, more)
	if failed := r.cloud.Machines.Tag(ctx, done, tags); failed != nil {
		return nil, errors.Join(err, failed) // whoever cleans up what is over goes by the tag
	}
	return done, err
}

// LeaseEnd is when the last machine ends itself.
func (r *Provisioner) LeaseEnd() time.Time {
	r.leases.mu.Lock()
	defer r.leases.mu.Unlock()
	return cmp.Or(r.leases.last, r.plan.Expires)
}
