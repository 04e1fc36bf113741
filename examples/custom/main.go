// Command custom is a Plimsoll with a script module of its own: package session
// and a list of modules are all that it takes.
//
//	go run ./examples/custom examples/custom/loadtest.js
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/session"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: custom SCRIPT")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run loads what the script says with a Plimsoll that has the module 'custom', too.
func run(ctx context.Context, script string, environ []string, out io.Writer) error {
	fold := session.NewFold()
	s, err := session.Prepare(ctx, session.Options{
		Script: script, Environ: environ, Modules: append(all.Modules(), custom()), Sinks: []session.Sink{fold},
	})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // the report has all
	if _, err := s.Run(ctx); err != nil {
		return err
	}
	return text.Write(out, fold.Run(), text.Options{})
}

// order is the module's instance, of which each virtual user has one.
type order struct {
	jsapi.Args
	number int64
}

// custom is the module 'custom'.
func custom() jsapi.Module {
	return jsapi.Define(jsapi.Module{Name: "custom", Doc: "Makes orders."},
		func(h jsapi.Host) *order { return &order{Args: jsapi.Args{VM: h.VM()}} },
		jsapi.Function("order", "(item: string): string", "The next order of an item, as JSON.", (*order).next))
}

func (o *order) next(call goja.FunctionCall) goja.Value {
	item := o.String(call.Argument(0), "item")
	o.number++
	return o.VM.ToValue(fmt.Sprintf(`{"data":{"item":%q,"number":%d}}`, item, o.number))
}
