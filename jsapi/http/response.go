package http

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// response is the Response that a script sees. Each property is made when it
// is read for the first time; until the next request the data are still the
// engine's, then it has a copy of its own.
type response struct {
	m       *instance
	job     *job          // nil once detached
	failed  *engine.Error // nil when a response came
	url     string
	method  string
	body    goja.Value // that the script sent, and
	params  goja.Value // with what; may be nil
	timings engine.Timings
	remote  netip.AddrPort
	made    []property

	text   string // detached: protocol, reason and header lines, each ended by a newline, then a short body
	long   []byte // detached: a long body
	head   int32  // bytes of text before the body
	status int16
	tls    uint16
	cipher uint16
	kind   bodyKind
}

// property is one that became a value, or that the script set.
type property struct {
	name  string
	value goja.Value
}

// properties in the order in which scripts see them.
const properties = "remote_ip remote_port url status status_text proto headers cookies body timings " +
	"tls_version tls_cipher_suite ocsp error error_code request json"

// keptHere is how many bytes of a body are copied; a longer one is taken out of the engine instead.
const keptHere = 4 << 10

// describe appends protocol, reason and header lines of a call's response.
func describe(dst []byte, call *engine.Call) []byte {
	dst = append(append(dst, call.Proto()...), '\n')
	dst = append(append(dst, call.Reason()...), '\n')
	for name, value := range call.Headers {
		dst = append(append(dst, name...), ": "...)
		dst = append(append(dst, value...), '\n')
	}
	return dst
}

// detach makes the Response independent of its job, which is then free.
func (r *response) detach(m *instance) {
	call := r.job.call
	buf := describe(m.scratch[:0], call)
	r.head = int32(len(buf)) //nolint:gosec // headers are at most 128 KB
	switch body := call.Body(); {
	case r.kind == bodyNone, r.kind == bodyText && r.own("body") != nil:
	case len(body) > keptHere:
		r.long = call.TakeBody()
	default:
		buf = append(buf, body...)
	}
	m.scratch = buf
	r.text = string(buf)
	r.job = nil
}

// own returns a property that was made or set already.
func (r *response) own(key string) goja.Value {
	for i := range r.made {
		if r.made[i].name == key {
			return r.made[i].value
		}
	}
	return nil
}

// Get implements [goja.DynamicObject].
func (r *response) Get(key string) goja.Value {
	if v := r.own(key); v != nil {
		return v
	}
	if key == "status" {
		return r.m.vm.ToValue(int(r.status))
	}
	v := r.property(key)
	if v != nil {
		r.Set(key, v)
	}
	return v
}

// Set implements [goja.DynamicObject].
func (r *response) Set(key string, v goja.Value) bool {
	for i := range r.made {
		if r.made[i].name == key {
			r.made[i].value = v
			return true
		}
	}
	r.made = append(r.made, property{key, v})
	return true
}

// Has implements [goja.DynamicObject].
func (r *response) Has(key string) bool { return r.Get(key) != nil }

// Delete implements [goja.DynamicObject]; a property of every Response becomes undefined.
func (r *response) Delete(key string) bool { return r.Set(key, goja.Undefined()) }

// Keys implements [goja.DynamicObject].
func (r *response) Keys() []string {
	keys := strings.Fields(properties)
	for _, p := range r.made {
		if !slices.Contains(keys, p.name) {
			keys = append(keys, p.name)
		}
	}
	return keys
}

func (r *response) property(key string) goja.Value {
	vm := r.m.vm
	switch key {
	case "body":
		return r.bodyValue()
	case "json":
		return r.m.jsonMethod()
	case "headers":
		return r.headers()
	case "timings":
		return r.timingsValue()
	case "url":
		return vm.ToValue(r.url)
	case "cookies":
		return r.cookies()
	case "request":
		return r.request()
	case "error", "error_code":
		return r.errorValue(key)
	case "proto", "status_text":
		return r.statusLine(key)
	default:
		return r.connection(key)
	}
}

func (r *response) errorValue(key string) goja.Value {
	code, text := 0, ""
	switch {
	case r.failed != nil:
		code, text = r.failed.Code, r.failed.Message
	case r.status >= http.StatusBadRequest:
		code = engine.CodeStatus + int(r.status)
	}
	if key == "error" {
		return r.m.vm.ToValue(text)
	}
	return r.m.vm.ToValue(code)
}

func (r *response) statusLine(key string) goja.Value {
	proto, reason, _ := r.lines()
	if r.status == 0 {
		return r.m.vm.ToValue("")
	}
	if key == "proto" {
		return r.m.vm.ToValue(proto)
	}
	return r.m.vm.ToValue(strings.TrimSpace(r.number() + " " + reason))
}

// connection returns what is known of the connection; nil for what is no property.
func (r *response) connection(key string) goja.Value {
	vm := r.m.vm
	switch key {
	case "remote_ip":
		if !r.remote.IsValid() {
			return vm.ToValue("")
		}
		return vm.ToValue(r.remote.Addr().String())
	case "remote_port":
		return vm.ToValue(int(r.remote.Port()))
	case "tls_version":
		return vm.ToValue(tlsVersion(r.tls))
	case "tls_cipher_suite":
		if r.tls == 0 {
			return vm.ToValue("")
		}
		return vm.ToValue(tls.CipherSuiteName(r.cipher))
	case "ocsp":
		return vm.NewObject()
	}
	return nil
}

func tlsVersion(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "tls1.0"
	case tls.VersionTLS11:
		return "tls1.1"
	case tls.VersionTLS12:
		return "tls1.2"
	case tls.VersionTLS13:
		return "tls1.3"
	}
	return ""
}

// payload returns the response's body.
func (r *response) payload() string {
	switch {
	case r.job != nil:
		return string(r.job.call.Body())
	case r.long != nil:
		return string(r.long)
	}
	return r.text[r.head:]
}

// content returns the body as text; a null body is not ok.
func (r *response) content() (s string, ok bool) {
	if r.empty() {
		return "", false
	}
	if v := r.own("body"); v != nil && r.kind == bodyText {
		return v.String(), true
	}
	return r.payload(), true
}

// empty says whether the script sees null as body.
func (r *response) empty() bool {
	return r.kind == bodyNone || r.status == 0 || r.status == http.StatusNoContent || r.status == http.StatusNotModified
}

func (r *response) bodyValue() goja.Value {
	switch {
	case r.empty():
		return goja.Null()
	case r.kind == bodyBinary:
		return r.m.vm.ToValue(r.m.vm.NewArrayBuffer([]byte(r.payload())))
	}
	return r.m.vm.ToValue(r.payload())
}

// lines returns protocol, reason and the header lines.
func (r *response) lines() (proto, reason, headers string) {
	text := r.text[:r.head]
	if r.job != nil {
		r.m.scratch = describe(r.m.scratch[:0], r.job.call)
		text = string(r.m.scratch)
	}
	proto, rest, _ := strings.Cut(text, "\n")
	reason, headers, _ = strings.Cut(rest, "\n")
	return proto, reason, headers
}

// eachHeader calls f for each header line.
func (r *response) eachHeader(f func(name, value string)) {
	_, _, lines := r.lines()
	for lines != "" {
		var line string
		line, lines, _ = strings.Cut(lines, "\n")
		name, value, _ := strings.Cut(line, ": ")
		f(name, value)
	}
}

func (r *response) headers() goja.Value {
	o := r.m.Map() // the server gives the names
	if r.status == 0 {
		return o
	}
	r.eachHeader(func(name, value string) {
		if had := o.Get(name); had != nil {
			value = had.String() + ", " + value
		}
		r.m.Put(o, name, value)
	})
	return o
}

func (r *response) timingsValue() goja.Value {
	o := r.m.vm.NewObject()
	t := &r.timings
	set := func(o *goja.Object, name string, v float64) { r.m.Put(o, name, v) }
	set(o, "duration", ms(t.Duration()))
	set(o, "blocked", ms(t.Blocked))
	set(o, "looking_up", ms(t.LookingUp))
	set(o, "connecting", ms(t.Connecting))
	set(o, "tls_handshaking", ms(t.TLSHandshaking))
	set(o, "sending", ms(t.Sending))
	set(o, "waiting", ms(t.Waiting))
	set(o, "receiving", ms(t.Receiving))
	return o
}
