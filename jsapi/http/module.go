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

const withBody = "(url: HttpURL, body?: RequestBody, params?: Params | null): Response"

// Module returns the module's table.
func Module() jsapi.Module {
	const withMethod = "(method: string, url: HttpURL, body?: RequestBody, params?: Params | null): "
	return jsapi.Define(
		jsapi.Module{Name: "plimsoll/http", Aliases: []string{"k6/http"}, Doc: about, Types: declarations, Absent: absent()}, newInstance,
		bare("get", "GET", "Sends a GET request."),
		bare("head", "HEAD", "Sends a HEAD request."),
		full("post", "POST", "Sends a POST request. An object as body is sent as a form."),
		full("put", "PUT", "Sends a PUT request."),
		full("patch", "PATCH", "Sends a PATCH request."),
		full("del", "DELETE", "Sends a DELETE request."),
		full("options", "OPTIONS", "Sends an OPTIONS request."),
		jsapi.Function("request", withMethod+"Response", "Sends a request with any method.", (*instance).any),
		jsapi.Function("asyncRequest", withMethod+"Promise<Response>", "Sends a request and goes on; at most 6 to one host run at a time, the others wait.", (*instance).async),
		jsapi.Function("batch", "<T extends BatchRequest[] | { [name: string]: BatchRequest }>(requests: T): { [K in keyof T]: Response }", "Sends requests in parallel, at most 20 at a time and 6 to one host, and waits for all. Each is a URL, an array `[method, url, body, params]` or an object of these; the result has the shape of the argument.", (*instance).batch),
		jsapi.Function("url", "(strings: TemplateStringsArray, ...values: unknown[]): NamedURL", "A template tag: the request is counted under the text with `${}` in place of the values.", (*instance).template),
		jsapi.Function("expectedStatuses", "(...statuses: (number | { min: number; max: number })[]): ExpectedStatuses", "Says which statuses are no failure, for `responseCallback` and `setResponseCallback`.", (*instance).expectedStatuses),
		jsapi.Function("setResponseCallback", "(expected: ExpectedStatuses | null): void", "Sets what is expected of all requests of this virtual user that follow. With null no status is a failure.", (*instance).setResponseCallback),
	)
}

// bare is the function of a method whose requests have no body.
func bare(name, method, doc string) jsapi.Export[*instance] {
	return jsapi.Function(name, "(url: HttpURL, params?: Params | null): Response", doc, func(m *instance, call goja.FunctionCall) goja.Value {
		return m.send(asked{method: method, url: call.Argument(0), params: call.Argument(1)})
	})
}

// full is the function of a method whose requests have a body.
func full(name, method, doc string) jsapi.Export[*instance] {
	return jsapi.Function(name, withBody, doc, func(m *instance, call goja.FunctionCall) goja.Value {
		return m.send(asked{method: method, url: call.Argument(0), body: call.Argument(1), params: call.Argument(2)})
	})
}

// instance is the module bound to one virtual user.
type instance struct {
	jsapi.Args
	vm       *goja.Runtime
	conn     jsapi.Connector
	rec      jsapi.Recorder
	keep     jsapi.Keeper
	loop     jsapi.Loop
	latest   latest
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

func newInstance(h jsapi.Host) *instance {
	m := &instance{
		Args: jsapi.Args{VM: h.VM(), Prefix: "plimsoll/http: "}, vm: h.VM(), expected: defaultExpected(),
		conn: jsapi.Need[jsapi.Connector](h), rec: jsapi.Need[jsapi.Recorder](h), loop: jsapi.Need[jsapi.Loop](h),
		keep: jsapi.Need[jsapi.Keeper](h),
	}
	m.keep.Exchanges(m.lastExchange)
	return m
}

func (m *instance) any(call goja.FunctionCall) goja.Value { return m.send(m.askedFor(call)) }

// throw ends the script's call with a TypeError.
func (m *instance) throw(message string) { m.Throw("%s", message) }

// absent is what k6/http has beside this.
func absent() map[string]string {
	cookies := "cookies are kept for each virtual user; give more of them with params.cookies"
	list := map[string]string{
		"file": "write the parts of a form yourself, with their boundary in the Content-Type header", "cookieJar": cookies, "CookieJar": cookies,
	}
	for _, version := range []string{"TLS_1_0", "TLS_1_1", "TLS_1_2", "TLS_1_3"} {
		list[version] = "compare tls_version with its text, such as 'tls1.3'"
	}
	return list
}
