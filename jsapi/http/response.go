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
	job     *job // nil once detached
	object  *goja.Object
	status  int
	failed  *engine.Error
	timings engine.Timings
	url     string
	method  string
	kind    bodyKind
	tls     uint16
	cipher  uint16
	remote  netip.AddrPort
	sent    asked

	head  string // detached: proto, reason and header lines, each ended by a newline
	body  []byte // detached
	known map[string]goja.Value
}

// properties in the order in which scripts see them.
const properties = "remote_ip remote_port url status status_text proto headers cookies body timings " +
	"tls_version tls_cipher_suite ocsp error error_code request json"

// keptHere is how many bytes of a body are copied; a longer one is taken out of the engine instead.
const keptHere = 4 << 10

// detach makes the Response independent of its job, which is then free.
func (r *response) detach(m *instance) {
	call := r.job.call
	buf := append(m.scratch[:0], call.Proto()...)
	buf = append(append(buf, '\n'), call.Reason()...)
	buf = append(buf, '\n')
	for name, value := range call.Headers {
		buf = append(append(buf, name...), ": "...)
		buf = append(append(buf, value...), '\n')
	}
	m.scratch = buf
	r.head = string(buf)
	switch body := call.Body(); {
	case r.kind == bodyNone || r.known["body"] != nil && r.kind == bodyText && r.known["json"] == nil:
	case len(body) > keptHere:
		r.body = call.TakeBody()
	default:
		r.body = append([]byte(nil), body...)
	}
	r.job = nil
}

// Get implements [goja.DynamicObject].
func (r *response) Get(key string) goja.Value {
	if key == "status" && r.known == nil {
		return r.m.vm.ToValue(r.status)
	}
	if v, ok := r.known[key]; ok {
		return v
	}
	v := r.property(key)
	if v != nil {
		r.Set(key, v)
	}
	return v
}

// Set implements [goja.DynamicObject].
func (r *response) Set(key string, v goja.Value) bool {
	if r.known == nil {
		r.known = map[string]goja.Value{}
	}
	r.known[key] = v
	return true
}

// Has implements [goja.DynamicObject].
func (r *response) Has(key string) bool { return r.Get(key) != nil }

// Delete implements [goja.DynamicObject]; a property of every Response becomes undefined.
func (r *response) Delete(key string) bool { return r.Set(key, goja.Undefined()) }

// Keys implements [goja.DynamicObject].
func (r *response) Keys() []string {
	keys := strings.Fields(properties)
	for key := range r.known {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys[len(strings.Fields(properties)):])
	return keys
}

func (r *response) property(key string) goja.Value {
	vm := r.m.vm
	switch key {
	case "status":
		return vm.ToValue(r.status)
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
		code = engine.CodeStatus + r.status
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
	return r.m.vm.ToValue(strings.TrimSpace(statusNumber(r.status) + " " + reason))
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

// bytes returns the body; it is valid until the next request.
func (r *response) bytes() []byte {
	if r.job != nil {
		return r.job.call.Body()
	}
	return r.body
}

// text returns the body as text. A null body is not ok.
func (r *response) text() (s string, ok bool) {
	if v, made := r.known["body"]; made && r.kind == bodyText && !goja.IsNull(v) {
		return v.String(), true
	}
	if r.empty() {
		return "", false
	}
	return string(r.bytes()), true
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
		return r.m.vm.ToValue(r.m.vm.NewArrayBuffer(append([]byte(nil), r.bytes()...)))
	}
	return r.m.vm.ToValue(string(r.bytes()))
}

// lines returns protocol, reason and the header lines.
func (r *response) lines() (proto, reason, headers string) {
	if r.job != nil {
		var b strings.Builder
		call := r.job.call
		for name, value := range call.Headers {
			b.Write(name)
			b.WriteString(": ")
			b.Write(value)
			b.WriteByte('\n')
		}
		return call.Proto(), call.Reason(), b.String()
	}
	proto, rest, _ := strings.Cut(r.head, "\n")
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
	o := r.m.vm.NewObject()
	if r.status == 0 {
		return o
	}
	r.eachHeader(func(name, value string) {
		if had := o.Get(name); had != nil {
			value = had.String() + ", " + value
		}
		set(o, name, value)
	})
	return o
}

func (r *response) timingsValue() goja.Value {
	o := r.m.vm.NewObject()
	t := &r.timings
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
