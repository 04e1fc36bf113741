package vu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dop251/goja"
)

// hook runs beforeAll, afterAll, beforeVU or afterVU within a limit of time.
func (u *User) hook(ctx context.Context, h hook, limit time.Duration, fn goja.Callable) (goja.Value, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%v %w: more than %v", h, errTooLong, limit))
	defer cancel()
	u.watch(ctx)
	defer u.unwatch()
	u.inHook = h
	defer func() { u.inHook = noHook }()
	args := u.context
	if u.dialect[h] == k6 {
		args = u.k6
	}
	defer u.flush()
	return u.finish(fn(goja.Undefined(), args...))
}

// toJSON is JSON.stringify; undefined becomes "".
func (u *User) toJSON(value goja.Value) (string, error) {
	if value == nil || goja.IsUndefined(value) {
		return "", nil
	}
	if _, isFunction := goja.AssertFunction(value); isFunction {
		return "", errors.New("a function cannot be written as JSON")
	}
	var out string
	ex := u.vm.Try(func() {
		stringify, _ := goja.AssertFunction(u.vm.Get("JSON").ToObject(u.vm).Get("stringify"))
		text, err := stringify(goja.Undefined(), value)
		if err != nil {
			panic(u.vm.NewGoError(err))
		}
		out = text.String()
	})
	if ex != nil {
		return "", ex
	}
	return out, nil
}

// fromJSON is JSON.parse.
func (u *User) fromJSON(text string) (goja.Value, error) {
	parse, _ := goja.AssertFunction(u.vm.Get("JSON").ToObject(u.vm).Get("parse"))
	return parse(goja.Undefined(), u.vm.ToValue(text))
}

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

var failOnNames = []string{"exceptions", "checks", "requests"}

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
		failOn = failOnNames
	}
	for _, name := range failOn {
		if !slices.Contains(failOnNames, name) {
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
