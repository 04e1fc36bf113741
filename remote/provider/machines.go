package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// EndLimit is how long machines may take to end, and a whole clean-up.
const EndLimit = 10 * time.Minute

// EndedError is a machine that is not there any more.
type EndedError struct{ Machine Machine }

func (e *EndedError) Error() string {
	text := fmt.Sprintf("the machine %s (%s) is %s", e.Machine.ID, e.Machine.Type, e.Machine.State)
	if e.Machine.State == "" {
		text = fmt.Sprintf("the machine %s is not there", e.Machine.ID)
	}
	if e.Machine.Reason != "" {
		text += ": " + e.Machine.Reason
	}
	return text
}

// ExitCode is an outside tool's.
func (*EndedError) ExitCode() int { return exit.Outside }

// FindLive looks for one machine that lives; an EndedError says that it does not.
func FindLive(ctx context.Context, in Machines, id string) (Machine, error) {
	found, err := in.Find(ctx, Query{IDs: []string{id}})
	if err != nil {
		return Machine{}, err
	}
	if len(found) == 0 {
		return Machine{}, &EndedError{Machine{ID: id}}
	}
	switch found[0].State {
	case Pending, Running:
		return found[0], nil
	default:
		return found[0], &EndedError{found[0]}
	}
}

// WaitTerminated waits until machines are terminated.
func WaitTerminated(ctx context.Context, in Cloud, ids []string) error {
	ctx, cancel := context.WithTimeout(ctx, EndLimit)
	defer cancel()
	return Poll(ctx, in.Look(), func() (bool, error) {
		found, err := in.Machines.Find(ctx, Query{IDs: ids})
		if err != nil {
			return false, err
		}
		for _, m := range found {
			if m.State != Terminated {
				return false, nil
			}
		}
		return true, nil
	})
}
