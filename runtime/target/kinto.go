package target

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// api speaks a part of Kinto's HTTP API, version 1: buckets, collections and
// records, with the preconditions, the lists and the errors that Kinto 26
// answers. Permissions are simple: a bucket is its maker's alone.
type api struct{ buckets *set }

func newAPI() *api { return &api{buckets: newSet("bucket")} }

const prefix = "/v1"

// serve answers one request.
func (a *api) serve(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	rest, versioned := strings.CutPrefix(path, prefix+"/")
	switch {
	case path == prefix:
		redirect(ctx, prefix+"/")
	case !versioned:
		redirect(ctx, prefix+path)
	case rest == "":
		a.root(ctx)
	case strings.HasSuffix(rest, "/"):
		redirect(ctx, strings.TrimSuffix(path, "/"))
	case rest == "__heartbeat__":
		if allow(ctx, "GET, HEAD") {
			answer(ctx, 200, []byte(`{"storage":true,"permission":true,"cache":true}`))
		}
	default:
		a.objects(ctx, strings.Split(rest, "/"))
	}
}

// redirect keeps method, body and query: 307.
func redirect(ctx *fasthttp.RequestCtx, path string) {
	url := "http://" + string(ctx.Host()) + path
	if query := ctx.URI().QueryString(); len(query) > 0 {
		url += "?" + string(query)
	}
	ctx.SetStatusCode(307)
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.Response.Header.Set("Location", url)
	ctx.SetBodyString("The resource has been moved to " + path + "\n")
}

// user is who asks.
type user struct {
	id     string
	bucket string // what "default" is for this user
}

// authenticate takes any name and password, as Kinto's basicauth does.
func authenticate(ctx *fasthttp.RequestCtx) (user, bool) {
	scheme, code, _ := bytes.Cut(ctx.Request.Header.Peek("Authorization"), []byte(" "))
	plain, err := base64.StdEncoding.DecodeString(string(code))
	if !strings.EqualFold(string(scheme), "basic") || err != nil || !bytes.Contains(plain, []byte(":")) {
		return user{}, false
	}
	sum := sha256.Sum256(plain)
	h := hex.EncodeToString(sum[:])
	return user{"basicauth:" + h, h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]}, true
}

func (a *api) root(ctx *fasthttp.RequestCtx) {
	if !allow(ctx, "GET, HEAD") {
		return
	}
	view := map[string]any{
		"project_name":     "plimsoll target",
		"http_api_version": "1.23",
		"url":              "http://" + string(ctx.Host()) + prefix + "/",
		"settings":         map[string]any{"readonly": false},
		"capabilities":     map[string]any{"basicauth": map[string]any{}, "default_bucket": map[string]any{}},
	}
	if u, ok := authenticate(ctx); ok {
		view["user"] = map[string]any{"id": u.id, "bucket": u.bucket, "principals": []string{u.id, "system.Authenticated", "system.Everyone"}}
	}
	answer(ctx, 200, marshal(view))
}

// objects answers for /buckets, /buckets/B, /buckets/B/collections and so on.
func (a *api) objects(ctx *fasthttp.RequestCtx, path []string) {
	if len(path) > 6 {
		refuse(ctx, unknown())
		return
	}
	for i, word := range path {
		if i%2 == 0 && word != [...]string{"buckets", "collections", "records"}[i/2] {
			refuse(ctx, unknown())
			return
		}
		if i%2 == 1 && !legalID(word) {
			refuse(ctx, invalid("path", "", "Invalid object id"))
			return
		}
	}
	u, ok := authenticate(ctx)
	if !ok {
		ctx.Response.Header.Set("Www-Authenticate", `Basic realm="Realm"`)
		refuse(ctx, &refusal{status: 401, errno: 104, message: "Please authenticate yourself to use this endpoint."})
		return
	}
	where, no := a.find(u, path, ctx.IsPut())
	if no != nil {
		refuse(ctx, no)
		return
	}
	r := &request{ctx: ctx, user: u, set: where}
	if len(path)%2 == 1 {
		r.plural()
		return
	}
	r.id = path[len(path)-1]
	if len(path) == 2 && r.id == "default" {
		r.id = u.bucket
	}
	r.single()
}

// find returns the set that a path's last list or object is in. Within a
// user's default bucket whatever is missing is made, as Kinto does, but for a
// collection that is about to be put there.
func (a *api) find(u user, path []string, put bool) (*set, *refusal) {
	if len(path) == 1 {
		return a.buckets, nil
	}
	implicit := path[1] == "default"
	bucket := a.buckets.get(path[1])
	if implicit {
		bucket = a.buckets.ensure(u.bucket, u.id)
	}
	switch {
	case bucket != nil && bucket.owner != u.id, bucket == nil && len(path) > 2:
		return nil, forbidden()
	case len(path) == 2:
		return a.buckets, nil
	case len(path) == 3:
		return bucket.inner, nil
	}
	collection := bucket.inner.get(path[3])
	if implicit && (!put || len(path) > 4) {
		collection = bucket.inner.ensure(path[3], u.id)
	}
	switch {
	case len(path) == 4:
		return bucket.inner, nil
	case collection == nil:
		return nil, &refusal{status: 404, errno: 111, details: map[string]any{"id": path[3], "resource_name": "collection"}}
	}
	return collection.inner, nil
}

// legalID tells whether Kinto would take an id: letters, digits, and - or _ but at its start.
func legalID(id string) bool {
	for i, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case i > 0 && (c == '-' || c == '_'):
		default:
			return false
		}
	}
	return id != ""
}

func unknown() *refusal {
	return &refusal{status: 404, errno: 111, message: "The resource you are looking for could not be found."}
}

func forbidden() *refusal {
	return &refusal{status: 403, errno: 121, message: "This user cannot access this resource."}
}

func invalid(location, name, why string) *refusal {
	message := why
	if name != "" {
		message = name + " in " + location + ": " + why
	}
	return &refusal{status: 400, errno: 107, message: message, details: []map[string]string{{"location": location, "name": name, "description": why}}}
}

// overloaded is Kinto's answer when it has no place; 429 and 503 have numbers of their own.
func overloaded(status int) *refusal {
	if status == fasthttp.StatusTooManyRequests {
		return &refusal{status: status, errno: 117, message: "Too many requests, please retry later."}
	}
	return &refusal{status: status, errno: 201, message: "Service temporary unavailable due to overloading or maintenance, please retry later."}
}

// allow refuses other methods than those listed.
func allow(ctx *fasthttp.RequestCtx, methods string) bool {
	for m := range strings.SplitSeq(methods, ", ") {
		if m == string(ctx.Method()) {
			return true
		}
	}
	ctx.Response.Header.Set("Allow", methods)
	refuse(ctx, &refusal{status: 405, errno: 115, message: "Method not allowed on this endpoint."})
	return false
}

func refuse(ctx *fasthttp.RequestCtx, no *refusal) {
	body := map[string]any{"code": no.status, "errno": no.errno, "error": fasthttp.StatusMessage(no.status)}
	if no.message != "" {
		body["message"] = no.message
	}
	if no.details != nil {
		body["details"] = no.details
	}
	if no.etag != 0 {
		stamp(ctx, no.etag)
	}
	answer(ctx, no.status, marshal(body))
}

func answer(ctx *fasthttp.RequestCtx, status int, body []byte) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.Response.SetBodyRaw(body)
}

// stamp tells when something was modified.
func stamp(ctx *fasthttp.RequestCtx, modified int64) {
	ctx.Response.Header.Set("ETag", etag(modified))
	ctx.Response.Header.SetLastModified(time.UnixMilli(modified))
}

func etag(modified int64) string { return `"` + strconv.FormatInt(modified, 10) + `"` }

// marshal is for values of our own making.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("target: %v is no JSON: %v", v, err))
	}
	return b
}
