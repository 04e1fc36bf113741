package target

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// request is one request for a set, or for one object of it.
type request struct {
	ctx  *fasthttp.RequestCtx
	user user
	set  *set
	id   string
	condition
}

// plural answers for a whole list.
func (r *request) plural() {
	if !allow(r.ctx, "GET, HEAD, POST, DELETE") || !r.conditions() {
		return
	}
	switch string(r.ctx.Method()) {
	case "POST":
		r.write(keep)
	case "DELETE":
		gone, clock, no := r.set.clear(r.condition)
		if no != nil {
			refuse(r.ctx, no)
			return
		}
		stamp(r.ctx, clock)
		answer(r.ctx, 200, listBody(gone))
	default:
		r.list()
	}
}

// single answers for one object.
func (r *request) single() {
	if !allow(r.ctx, "GET, HEAD, PUT, PATCH, DELETE") || !r.conditions() {
		return
	}
	switch string(r.ctx.Method()) {
	case "PUT":
		r.write(replace)
	case "PATCH":
		r.write(merge)
	case "DELETE":
		stone, no := r.set.remove(r.id, r.condition)
		if no != nil {
			refuse(r.ctx, no)
			return
		}
		stamp(r.ctx, stone.modified)
		answer(r.ctx, 200, wrap(`{"data":`, stone.raw))
	default:
		r.get()
	}
}

func (r *request) get() {
	o := r.set.get(r.id)
	switch {
	case o == nil && r.set.kind == "bucket":
		refuse(r.ctx, forbidden()) // Kinto does not tell whether another's bucket exists
	case o == nil:
		refuse(r.ctx, r.set.missing(r.id))
	case r.readable(o, o.modified):
		stamp(r.ctx, o.modified)
		answer(r.ctx, 200, r.object(o))
	}
}

// readable answers a read whose precondition stops it: 304 or 412.
func (r *request) readable(o *object, modified int64) bool {
	switch {
	case r.unlike == modified:
		stamp(r.ctx, modified)
		r.ctx.SetStatusCode(fasthttp.StatusNotModified)
	case r.match != 0 && r.match != modified:
		no := &refusal{status: 412, errno: 114, message: "Resource was modified meanwhile", etag: modified}
		if o != nil {
			no.details = map[string]any{"existing": json.RawMessage(o.raw)}
		}
		refuse(r.ctx, no)
	default:
		return true
	}
	return false
}

func (r *request) list() {
	var p page
	for key, value := range r.ctx.QueryArgs().All() {
		name, text := string(key), string(value)
		n, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
		switch {
		case name != "_since" && name != "_before" && name != "_limit":
			refuse(r.ctx, invalid("querystring", name, "this target knows _since, _before and _limit"))
			return
		case err != nil || n < 0 || name == "_limit" && n > 1<<30:
			refuse(r.ctx, invalid("querystring", name, text+" is not a number"))
			return
		case name == "_since":
			p.since = max(1, n)
		case name == "_before":
			p.before = n
		default:
			p.limit = int(n)
		}
	}
	found, more, total, clock := r.set.list(p)
	if !r.readable(nil, clock) {
		return
	}
	stamp(r.ctx, clock)
	if r.ctx.IsHead() {
		r.ctx.Response.Header.Set("Total-Objects", strconv.Itoa(total))
		r.ctx.Response.Header.Set("Total-Records", strconv.Itoa(total))
	}
	if more {
		args := r.ctx.QueryArgs()
		args.Set("_before", etag(last(found).modified))
		r.ctx.Response.Header.Set("Next-Page", "http://"+string(r.ctx.Host())+string(r.ctx.Path())+"?"+args.String())
	}
	answer(r.ctx, 200, listBody(found))
}

func (r *request) write(how manner) {
	c := change{id: r.id, owner: r.user.id, how: how, condition: r.condition}
	if !r.body(&c) {
		return
	}
	o, created, no := r.set.write(c)
	if no != nil {
		refuse(r.ctx, no)
		return
	}
	status := 200
	if created {
		status = 201
	}
	stamp(r.ctx, o.modified)
	answer(r.ctx, status, r.object(o))
}

// body reads {"data": {…}} into a change, and the id in it.
func (r *request) body(c *change) bool {
	raw := bytes.TrimSpace(r.ctx.PostBody())
	if len(raw) == 0 {
		return true
	}
	if kind := string(r.ctx.Request.Header.ContentType()); kind != "" && !strings.HasPrefix(kind, "application/json") {
		no := invalid("header", "Content-Type", "Content-Type header should be one of ['application/json']")
		no.status, no.message = 415, "Content-Type header should be one of ['application/json']"
		refuse(r.ctx, no)
		return false
	}
	var in map[string]json.RawMessage
	if err := json.Unmarshal(raw, &in); err != nil || in == nil {
		refuse(r.ctx, invalid("body", "", "Invalid JSON: an object was expected"))
		return false
	}
	for key := range in {
		if key != "data" {
			refuse(r.ctx, invalid("body", key, "this target takes data alone"))
			return false
		}
	}
	if data, ok := in["data"]; ok {
		if err := json.Unmarshal(data, &c.data); err != nil || c.data == nil {
			refuse(r.ctx, invalid("body", "data", "not an object"))
			return false
		}
	}
	return r.identify(c)
}

// identify takes the id from the data where the path has none.
func (r *request) identify(c *change) bool {
	raw, ok := c.data["id"]
	if !ok {
		return true
	}
	var id string
	switch err := json.Unmarshal(raw, &id); {
	case err != nil || !legalID(id):
		refuse(r.ctx, invalid("body", "id", "Invalid object id"))
	case c.id != "" && c.id != id:
		refuse(r.ctx, invalid("body", "id", "Object id does not match existing object"))
	default:
		c.id = id
		return true
	}
	return false
}

// conditions reads the headers If-Match and If-None-Match.
func (r *request) conditions() bool {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		text := string(r.ctx.Request.Header.Peek(name))
		switch text {
		case "":
			continue
		case "*":
			r.absent = r.absent || name == "If-None-Match"
			continue
		}
		inner, quoted := strings.CutPrefix(text, `"`)
		inner, closed := strings.CutSuffix(inner, `"`)
		n, err := strconv.ParseInt(inner, 10, 64)
		if !quoted || !closed || err != nil || n <= 0 {
			refuse(r.ctx, invalid("header", name, "The value should be integer between double quotes."))
			return false
		}
		if name == "If-Match" {
			r.match = n
		} else {
			r.unlike = n
		}
	}
	return true
}

// object is an object's answer, with who may write it.
func (r *request) object(o *object) []byte {
	return wrap(`{"permissions":{"write":["`+r.user.id+`"]},"data":`, o.raw)
}

func wrap(head string, raw []byte) []byte {
	b := make([]byte, 0, len(head)+len(raw)+1)
	b = append(append(b, head...), raw...)
	return append(b, '}')
}

func listBody(objects []*object) []byte {
	b := append(make([]byte, 0, 16+128*len(objects)), `{"data":[`...)
	for i, o := range objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, o.raw...)
	}
	return append(b, "]}"...)
}
