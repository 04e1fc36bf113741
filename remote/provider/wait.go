package provider

import (
	"context"
	"time"
)

// Pause waits, or returns why ctx ended.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Poll calls look until it says that it is done, fails, or ctx ends. Between
// calls it waits; a first call comes at once.
func Poll(ctx context.Context, wait time.Duration, look func() (done bool, err error)) error {
	for {
		done, err := look()
		if done || err != nil {
			return err
		}
		if err := Pause(ctx, wait); err != nil {
			return err
		}
	}
}
