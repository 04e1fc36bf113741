// Package http is the script module plimsoll/http, which k6/http names too.
//
// Its hot path is [instance.send]: a request of a synchronous script costs no
// allocation beyond the Response object, whose properties become JavaScript
// values only when they are read. While nobody needed its data they stay in
// the engine's buffers; the next request makes the Response take a copy.
package http

import (
	_ "embed"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

//go:embed http.d.ts
var declarations string

const about = `Sends HTTP requests. ` + "`k6/http`" + ` is the same module.

A request **fails**, and with it the iteration, when no response came or when its status is 400 or more and was not
declared expected (` + "`responseCallback`, `setResponseCallback`, `expectedStatuses`" + `). A failed request does not throw: the
Response has ` + "`status` 0 (or the status), `error` and `error_code`" + `.

Requests are counted by method and name. The name is the tag ` + "`name`" + `, else the URL's path without its query, in which
segments that look like identifiers become ` + "`{id}`" + `: digits; hexadecimal text of 8 characters or more with a digit in it,
UUIDs among them; other text of 16 or more with two digits in it. Where such text follows a word of small letters and a
dash, the word stays (` + "`tasks-3fa85f64-…` is `tasks-{id}`" + `).`

// Module returns the module's table.
func Module() jsapi.Module {
	return jsapi.Module{
		Name: "plimsoll/http", Aliases: []string{"k6/http"}, Default: true,
		Doc: about, Types: declarations, Entries: entries,
	}
}

// instance is the module bound to one virtual user.
type instance struct {
	host     jsapi.Host
	vm       *goja.Runtime
	live     *response // the last one, while its data are still in its job's buffers
	free     []*job    // to be used again
	expected *expected // what setResponseCallback set
	names    naming
	failures map[failureKey]failed
	lanes    lanes
	scratch  []byte

	parse    goja.Callable // JSON.parse; this and the next are made when first needed
	jsonFunc goja.Value    // Response.json
}

func entries(host jsapi.Host) []jsapi.Entry {
	m := &instance{host: host, expected: defaultExpected()}
	if host != nil {
		m.vm = host.VM()
	}
	return []jsapi.Entry{
		{Name: "get", Sig: "(url: HttpURL, params?: Params | null): Response", Value: m.bare("GET"), Doc: "Sends a GET request."},
		{Name: "head", Sig: "(url: HttpURL, params?: Params | null): Response", Value: m.bare("HEAD"), Doc: "Sends a HEAD request."},
		{Name: "post", Sig: "(url: HttpURL, body?: RequestBody, params?: Params | null): Response", Value: m.full("POST"), Doc: "Sends a POST request. An object as body is sent as a form."},
		{Name: "put", Sig: "(url: HttpURL, body?: RequestBody, params?: Params | null): Response", Value: m.full("PUT"), Doc: "Sends a PUT request."},
		{Name: "patch", Sig: "(url: HttpURL, body?: RequestBody, params?: Params | null): Response", Value: m.full("PATCH"), Doc: "Sends a PATCH request."},
		{Name: "del", Sig: "(url: HttpURL, body?: RequestBody, params?: Params | null): Response", Value: m.full("DELETE"), Doc: "Sends a DELETE request."},
		{Name: "options", Sig: "(url: HttpURL, body?: RequestBody, params?: Params | null): Response", Value: m.full("OPTIONS"), Doc: "Sends an OPTIONS request."},
		{Name: "request", Sig: "(method: string, url: HttpURL, body?: RequestBody, params?: Params | null): Response", Value: m.any, Doc: "Sends a request with any method."},
		{Name: "asyncRequest", Sig: "(method: string, url: HttpURL, body?: RequestBody, params?: Params | null): Promise<Response>", Value: m.async, Doc: "Sends a request and goes on; at most 6 to one host run at a time, the others wait."},
		{Name: "batch", Sig: "<T extends BatchRequest[] | { [name: string]: BatchRequest }>(requests: T): { [K in keyof T]: Response }", Value: m.batch, Doc: "Sends requests in parallel, at most 20 at a time and 6 to one host, and waits for all. Each is a URL, an array `[method, url, body, params]` or an object of these; the result has the shape of the argument."},
		{Name: "url", Sig: "(strings: TemplateStringsArray, ...values: unknown[]): NamedURL", Value: m.template, Doc: "A template tag: the request is counted under the text with `${}` in place of the values."},
		{Name: "expectedStatuses", Sig: "(...statuses: (number | { min: number; max: number })[]): ExpectedStatuses", Value: m.expectedStatuses, Doc: "Says which statuses are no failure, for `responseCallback` and `setResponseCallback`."},
		{Name: "setResponseCallback", Sig: "(expected: ExpectedStatuses | null): void", Value: m.setResponseCallback, Doc: "Sets what is expected of all requests of this virtual user that follow. With null no status is a failure."},
	}
}

// bare makes the function of a method whose requests have no body.
func (m *instance) bare(method string) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		return m.send(asked{method: method, url: call.Argument(0), params: call.Argument(1)})
	}
}

// full makes the function of a method whose requests have a body.
func (m *instance) full(method string) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		return m.send(asked{method: method, url: call.Argument(0), body: call.Argument(1), params: call.Argument(2)})
	}
}

func (m *instance) any(call goja.FunctionCall) goja.Value { return m.send(askedFor(call)) }

// throw ends the script's call with a TypeError.
func (m *instance) throw(message string) {
	panic(m.vm.NewTypeError("%s", "plimsoll/http: "+message))
}
