package fakeaws

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Fault is something that goes wrong, made by one of the functions below, as JSON by `POST` [ControlPath]faults.
// A fault of calls meets the next N calls of its actions (of any action if it names none), then it is spent; one of the world
// stays. The first that fits a call wins.
type Fault struct {
	Kind    string        `json:"kind"`
	Actions []string      `json:"actions,omitempty"`
	N       int           `json:"n,omitempty"`     // how many calls, or from which call on, or how many bytes or CPUs
	After   time.Duration `json:"after,omitempty"` // nanoseconds in JSON
	For     time.Duration `json:"for,omitempty"`
	Types   []string      `json:"types,omitempty"` // of instances; none means all
	Subnet  string        `json:"subnet,omitempty"`
}

const (
	throttle     = "throttle"
	http500      = "http500"
	unauthorized = "unauthorized"
	expireToken  = "expire-token"
	badKeys      = "bad-keys"
	dropBefore   = "drop-before"
	dropAfter    = "drop-after"
	holdBefore   = "hold-before"
	holdAfter    = "hold-after"

	capacity        = "capacity"
	unsupported     = "unsupported"
	vcpuLimit       = "vcpu-limit"
	neverOnline     = "never-online"
	loseAgent       = "lose-agent"
	spotInterrupt   = "spot-interrupt"
	slowVisible     = "slow-visible"
	truncateOutput  = "truncate-output"
	profileNotReady = "profile-not-ready"
)

// Throttle answers the next n calls with the throttling error of their service.
func Throttle(n int, actions ...string) Fault { return Fault{Kind: throttle, N: n, Actions: actions} }

// HTTP500 answers the next n calls with an internal error; nothing is done.
func HTTP500(n int, actions ...string) Fault { return Fault{Kind: http500, N: n, Actions: actions} }

// Unauthorized refuses an action for ever.
func Unauthorized(actions ...string) Fault {
	return Fault{Kind: unauthorized, N: 1 << 30, Actions: actions}
}

// ExpireTokenAfter refuses every call after the next n as made with an expired token.
func ExpireTokenAfter(n int) Fault { return Fault{Kind: expireToken, N: n} }

// BadKeys refuses every call as made with keys that nobody knows.
func BadKeys() Fault { return Fault{Kind: badKeys, N: 1 << 30} }

// DropBeforeCommit drops the connection of the next n calls without doing them.
func DropBeforeCommit(n int, actions ...string) Fault {
	return Fault{Kind: dropBefore, N: n, Actions: actions}
}

// DropAfterCommit does the next n calls and drops their connections instead of answering.
func DropAfterCommit(n int, actions ...string) Fault {
	return Fault{Kind: dropAfter, N: n, Actions: actions}
}

// HoldBefore lets the call of number n wait, before it is done, until its client has gone; HeldCall tells when.
// It is how a test kills a client at that very call.
func HoldBefore(n int) Fault { return Fault{Kind: holdBefore, N: n} }

// HoldAfter is HoldBefore for a call that was done and is never answered.
func HoldAfter(n int) Fault { return Fault{Kind: holdAfter, N: n} }

// Capacity lets EC2 have no machine of a type, in one subnet or (if empty) in any.
func Capacity(instanceType, subnet string) Fault {
	return Fault{Kind: capacity, Types: []string{instanceType}, Subnet: subnet}
}

// Unsupported lets a subnet's zone not offer a type.
func Unsupported(instanceType, subnet string) Fault {
	return Fault{Kind: unsupported, Types: []string{instanceType}, Subnet: subnet}
}

// VcpuLimit lets no more than n CPUs run at once.
func VcpuLimit(n int) Fault { return Fault{Kind: vcpuLimit, N: n} }

// NeverOnline keeps the agents of these types (of all, if none is named) from registering.
func NeverOnline(types ...string) Fault { return Fault{Kind: neverOnline, Types: types} }

// LoseAgentAfter loses the connection to each agent some time after it came online, for a while (for ever if zero).
func LoseAgentAfter(after, lasting time.Duration) Fault {
	return Fault{Kind: loseAgent, After: after, For: lasting}
}

// SpotInterrupt takes spot instances away some time after their launch.
func SpotInterrupt(after time.Duration) Fault { return Fault{Kind: spotInterrupt, After: after} }

// SlowVisible keeps new instances, groups and commands unknown for a while.
func SlowVisible(d time.Duration) Fault { return Fault{Kind: slowVisible, For: d} }

// TruncateOutput cuts what commands print to n bytes, without a word, for ever.
func TruncateOutput(n int) Fault { return Fault{Kind: truncateOutput, N: n} }

// ProfileNotReady lets EC2 not know an instance profile for a while after it was made or, if it was always there,
// after the first launch with it.
func ProfileNotReady(d time.Duration) Fault { return Fault{Kind: profileNotReady, For: d} }

// Inject adds faults to those that are there.
func (c *Cloud) Inject(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, faults...)
}

// Heal takes all faults away.
func (c *Cloud) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// HeldCall is closed when a call is held by HoldBefore or HoldAfter.
func (c *Cloud) HeldCall() <-chan struct{} { return c.held }

// hold waits until the client has gone.
func (c *Cloud) hold(r *http.Request) {
	c.mu.Lock()
	select {
	case <-c.held:
	default:
		close(c.held)
	}
	c.mu.Unlock()
	select {
	case <-r.Context().Done():
	case <-c.ending.Done():
	}
	panic(http.ErrAbortHandler)
}

// takeFault finds the fault of calls that meets this one and takes one off its count.
func (c *Cloud) takeFault(q ask, n int) Fault {
	for i := range c.faults {
		f := &c.faults[i]
		if len(f.Actions) > 0 && !slices.Contains(f.Actions, q.action) {
			continue
		}
		switch f.Kind {
		case throttle, http500, unauthorized, badKeys, dropBefore, dropAfter:
			if f.N > 0 {
				f.N--
				return *f
			}
		case expireToken:
			if f.N == 0 {
				return *f
			}
			f.N--
		case holdBefore, holdAfter:
			if f.N == n {
				return *f
			}
		}
	}
	return Fault{}
}

// world finds a fault of the world that fits a type and a subnet.
func (c *Cloud) world(kind, instanceType, subnet string) (Fault, bool) {
	for _, f := range c.faults {
		if f.Kind == kind && (len(f.Types) == 0 || slices.Contains(f.Types, instanceType)) && (f.Subnet == "" || f.Subnet == subnet) {
			return f, true
		}
	}
	return Fault{}, false
}

// refusal is what a fault of calls answers, in the words of the service asked.
func (f Fault) refusal(q ask) *apiError {
	switch f.Kind {
	case throttle:
		return throttled(q.service)
	case http500:
		return &apiError{http.StatusInternalServerError, internal(q.service), "An internal error has occurred"}
	case unauthorized:
		return denied(q)
	case expireToken:
		return expired(q.service)
	case badKeys:
		return unknownKeys(q.service)
	}
	return nil
}

func throttled(service string) *apiError {
	switch service {
	case "ec2":
		return &apiError{http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."}
	case "s3":
		return &apiError{http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate."}
	case "sts", "iam":
		return &apiError{http.StatusBadRequest, "Throttling", "Rate exceeded"}
	default:
		return &apiError{http.StatusBadRequest, "ThrottlingException", "Rate exceeded"}
	}
}

func internal(service string) string {
	switch service {
	case "ec2", "s3":
		return "InternalError"
	case "sts", "iam":
		return "InternalFailure"
	default:
		return "InternalServerError"
	}
}

func denied(q ask) *apiError {
	if q.service == "ec2" {
		return &apiError{
			http.StatusForbidden, "UnauthorizedOperation",
			"You are not authorized to perform this operation. Encoded authorization failure message: double",
		}
	}
	if q.service == "s3" || q.service == "sts" || q.service == "iam" {
		return &apiError{http.StatusForbidden, "AccessDenied", fmt.Sprintf("User is not authorized to perform: %s:%s", q.service, q.action)}
	}
	return &apiError{http.StatusBadRequest, "AccessDeniedException", fmt.Sprintf("User is not authorized to perform: %s:%s", q.service, q.action)}
}

func expired(service string) *apiError {
	const message = "The security token included in the request is expired"
	switch service {
	case "ec2":
		return &apiError{http.StatusBadRequest, "RequestExpired", "Request has expired."}
	case "s3":
		return &apiError{http.StatusBadRequest, "ExpiredToken", message}
	case "sts", "iam":
		return &apiError{http.StatusForbidden, "ExpiredToken", message}
	default:
		return &apiError{http.StatusBadRequest, "ExpiredTokenException", message}
	}
}

func unknownKeys(service string) *apiError {
	switch service {
	case "ec2":
		return &apiError{http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials"}
	case "s3":
		return &apiError{http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."}
	case "sts", "iam":
		return &apiError{http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid."}
	default:
		return &apiError{http.StatusBadRequest, "UnrecognizedClientException", "The security token included in the request is invalid."}
	}
}
