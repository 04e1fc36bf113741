package vu

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// options are those of the script's own that virtual users follow.
type options struct {
	exceptions, checks, requests  bool // failOn
	keepCookies                   bool
	beforeAllLimit, afterAllLimit time.Duration
}

// counts says whether a failure of a kind makes the iteration fail.
func (o *options) counts(kind string) bool {
	switch kind {
	case kindException:
		return o.exceptions
	case kindCheck:
		return o.checks
	default:
		return o.requests
	}
}

func failOnNames() []string { return []string{"exceptions", "checks", "requests"} }

func (o *options) read(text json.RawMessage, failOn []string, s Script) error {
	var from struct {
		FailOn          []string `json:"failOn"`
		NoCookiesReset  bool     `json:"noCookiesReset"`
		SetupTimeout    string   `json:"setupTimeout"`
		TeardownTimeout string   `json:"teardownTimeout"`
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &from); err != nil {
			return s.Explain("", 0, 0, "options: "+err.Error())
		}
	}
	if failOn == nil {
		failOn = from.FailOn
	}
	if failOn == nil {
		failOn = failOnNames()
	}
	for _, name := range failOn {
		if !slices.Contains(failOnNames(), name) {
			return s.Explain("", 0, 0, fmt.Sprintf("options.failOn has %q: there are exceptions, checks and requests", name))
		}
	}
	o.exceptions = slices.Contains(failOn, "exceptions")
	o.checks = slices.Contains(failOn, "checks")
	o.requests = slices.Contains(failOn, "requests")
	o.keepCookies = from.NoCookiesReset
	var err error
	if o.beforeAllLimit, err = limit(from.SetupTimeout); err == nil {
		o.afterAllLimit, err = limit(from.TeardownTimeout)
	}
	if err != nil {
		return s.Explain("", 0, 0, "options: setupTimeout and teardownTimeout are durations such as '90s': "+err.Error())
	}
	return nil
}

func limit(text string) (time.Duration, error) {
	if text == "" {
		return hookLimit, nil
	}
	return time.ParseDuration(text)
}
