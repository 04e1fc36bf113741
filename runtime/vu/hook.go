package vu

import (
	"context"
	"errors"
	"fmt"
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
	if u.samples != nil {
		u.samples.SetTags(0)
	}
	defer func() { u.inHook = noHook }()
	args := u.context
	if u.dialect[h] == k6 {
		args = u.k6
	}
	defer u.Flush()
	return u.guarded(h.String(), func() (goja.Value, error) { return u.finish(fn(goja.Undefined(), args...)) })
}

// toJSON is JSON.stringify; undefined becomes "". What JSON would drop is an
// error that says where it is; functions and NaN only where it is strict.
func (u *User) toJSON(value goja.Value, strict bool) (string, error) {
	if value == nil || goja.IsUndefined(value) {
		return "", nil
	}
	if _, isFunction := goja.AssertFunction(value); isFunction {
		return "", errors.New("a function cannot be written as JSON")
	}
	text, err := u.guarded("JSON.stringify", func() (goja.Value, error) {
		if err := u.inspect(value, strict); err != nil {
			return nil, err
		}
		stringify, _ := goja.AssertFunction(u.vm.Get("JSON").ToObject(u.vm).Get("stringify"))
		return stringify(goja.Undefined(), value)
	})
	if err != nil {
		return "", err
	}
	return text.String(), nil
}

// fromJSON is JSON.parse.
func (u *User) fromJSON(text string) (goja.Value, error) {
	return u.guarded("JSON.parse", func() (goja.Value, error) {
		parse, _ := goja.AssertFunction(u.vm.Get("JSON").ToObject(u.vm).Get("parse"))
		return parse(goja.Undefined(), u.vm.ToValue(text))
	})
}
