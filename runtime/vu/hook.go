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
	defer func() { u.inHook = noHook }()
	args := u.context
	if u.dialect[h] == k6 {
		args = u.k6
	}
	defer u.Flush()
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
