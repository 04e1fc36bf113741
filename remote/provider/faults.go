package provider

import (
	"errors"
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Fault is a kind of failure that is answered in a way of its own. A Fault is
// an error, so that errors.Is(err, remote.Capacity) asks for it.
type Fault string //nolint:errname // a kind, that reads as a word where it is asked for

// The faults.
const (
	Capacity        Fault = "capacity"          //nolint:errname // no machine of this type in this zone now: try the next subnet
	Quota           Fault = "quota"             //nolint:errname // the account may not have more at once: one after another
	Denied          Fault = "denied"            //nolint:errname // an action is not permitted
	Credentials     Fault = "credentials"       //nolint:errname // none, wrong or expired
	Throttled       Fault = "throttled"         //nolint:errname // too many calls, after all retries
	NotFound        Fault = "not found"         //nolint:errname // what was asked for is not there
	Exists          Fault = "exists"            //nolint:errname // the name is taken
	InUse           Fault = "in use"            //nolint:errname // cannot be removed yet
	ProfileNotReady Fault = "profile not ready" //nolint:errname // an identity for machines that was just made: ask again in a few seconds
	NoAgent         Fault = "no agent"          //nolint:errname // the machine takes no commands (yet)
	Invalid         Fault = "invalid"           //nolint:errname // the request is wrong, and stays so
	Unavailable     Fault = "unavailable"       //nolint:errname // server errors and lost connections, after all retries
)

func (f Fault) Error() string { return string(f) }

// APIError is a call that a cloud refused or lost, after its retries.
type APIError struct {
	Fault    Fault
	Action   string // as a policy names it
	Code     string // the cloud's own
	Message  string // the cloud's own words
	Resource string // what it was about, where known: a type, an id, a name
	Err      error  // what the SDK returned
	Advice   string // what helps, in the words of the cloud's tools; "": [APIError.Hint] says what holds for any
}

func (e *APIError) Error() string {
	s := e.Action
	if e.Resource != "" {
		s += " (" + e.Resource + ")"
	}
	switch {
	case e.Code != "" && e.Message != "":
		s += fmt.Sprintf(": %s: %s", e.Code, e.Message)
	case e.Code != "" || e.Message != "":
		s += ": " + e.Code + e.Message
	case e.Err != nil:
		s += ": " + e.Err.Error()
	default:
		s += ": " + string(e.Fault)
	}
	return s
}

// Unwrap gives the fault and the SDK's error.
func (e *APIError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Fault}
	}
	return []error{e.Fault, e.Err}
}

// Hint says what to do about it; "" where there is nothing general to say.
func (e *APIError) Hint() string {
	if e.Advice != "" {
		return e.Advice
	}
	switch e.Fault {
	case Denied:
		return fmt.Sprintf("these credentials may not %s: `plimsoll remote policy` prints all that is needed", e.Action)
	case Quota:
		return "ask for a higher quota, end other machines, or give fewer --type"
	case Capacity:
		return "another --subnet (zone) or another --type may have room"
	case Throttled:
		return "the account's calls are limited: try again in a minute"
	case Credentials, ProfileNotReady, NotFound, Exists, InUse, NoAgent, Invalid, Unavailable:
	}
	return ""
}

// ExitCode is 2 for credentials, which are configuration, else an outside tool's.
func (e *APIError) ExitCode() int {
	if e.Fault == Credentials {
		return exit.Usage
	}
	return exit.Outside
}

// NeverMade says that what was to be made is not there for sure, so that no clean-up has to look out for it.
func NeverMade(err error) bool {
	for _, f := range []Fault{Capacity, Quota, Denied, ProfileNotReady, Invalid} {
		if errors.Is(err, f) {
			return true
		}
	}
	return false
}
