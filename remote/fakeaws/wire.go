package fakeaws

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// ask is one call, read from any of the protocols.
type ask struct {
	service, action, region string
	body                    string
	form                    form // query protocol; empty otherwise
}

// handler does one action, with the cloud locked.
type handler func(*region, ask) (any, error)

// parseAsk finds out which service and action a request means: the scope of its signature names service and region.
func parseAsk(r *http.Request, body []byte) ask {
	q := ask{body: string(body), form: form{}}
	scope := r.Header.Get("Authorization")
	if _, s, ok := strings.Cut(scope, "Credential="); ok {
		scope, _, _ = strings.Cut(s, ",")
	} else {
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	if f := strings.Split(scope, "/"); len(f) >= 5 { // key (which may hold slashes), date, region, service, aws4_request
		q.region, q.service = f[len(f)-3], f[len(f)-2]
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		_, q.action, _ = strings.Cut(target, ".")
	case q.service == "s3":
		q.action = r.Method + " " + r.URL.Path
	default:
		if v, err := url.ParseQuery(q.body); err == nil {
			q.form = form(v)
			q.action = v.Get("Action")
		}
	}
	return q
}

// into reads the body of a JSON call.
func (q ask) into(v any) error {
	if err := json.Unmarshal([]byte(q.body), v); err != nil {
		return &apiError{http.StatusBadRequest, "SerializationException", err.Error()}
	}
	return nil
}

// form is a body of the query protocol, whose lists are numbered: Filter.1.Value.2.
type form url.Values

func (f form) get(key string) string { return url.Values(f).Get(key) }

// sub are the values below a prefix, without it.
func (f form) sub(prefix string) form {
	out := form{}
	for k, v := range f {
		if rest, ok := strings.CutPrefix(k, prefix+"."); ok {
			out[rest] = v
		}
	}
	return out
}

// list are the values of a numbered list.
func (f form) list(prefix string) []string {
	var out []string
	for n := 1; ; n++ {
		v, ok := f[prefix+"."+strconv.Itoa(n)]
		if !ok {
			return out
		}
		out = append(out, v[0])
	}
}

// each are the members of a numbered list of structures.
func (f form) each(prefix string) []form {
	var out []form
	for n := 1; ; n++ {
		s := f.sub(prefix + "." + strconv.Itoa(n))
		if len(s) == 0 {
			return out
		}
		out = append(out, s)
	}
}

// number is a value as a number, or what it is when absent or none.
func (f form) number(key string, absent int) int {
	if n, err := strconv.Atoi(f.get(key)); err == nil {
		return n
	}
	return absent
}

// apiError is a refusal in AWS's words.
type apiError struct {
	status        int
	code, message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// refusef is a refusal with status 400, which most have.
func refuse(code, message string) error { return &apiError{http.StatusBadRequest, code, message} }

// answer is what goes back.
type answer struct {
	status int
	code   string
	header http.Header
	body   []byte
}

func (a answer) send(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone is its own matter
}

// isJSON says that a service speaks JSON 1.1.
func (q ask) isJSON() bool {
	return q.service == "ssm" || q.service == "pricing" || q.service == "servicequotas"
}

// errorXML is an error of the query protocol; EC2 wraps it in another way than the rest.
type errorXML struct {
	Type    string `xml:",omitempty"`
	Code    string
	Message string
}

func (q ask) refuse(e *apiError) answer {
	a := answer{status: e.status, code: e.code, header: http.Header{}}
	a.header.Set("X-Amzn-Requestid", "00000000-0000-4000-8000-000000000000")
	switch {
	case q.isJSON():
		a.header.Set("Content-Type", "application/x-amz-json-1.1")
		a.header.Set("X-Amzn-Errortype", e.code)
		a.body, _ = json.Marshal(map[string]string{"__type": e.code, "message": e.message}) // strings alone
		return a
	case q.service == "ec2":
		a.body = element("Response", "", struct {
			Errors    []errorXML `xml:"Errors>Error"`
			RequestID string
		}{[]errorXML{{"", e.code, e.message}}, "00000000-0000-4000-8000-000000000000"})
	case q.service == "s3":
		a.body = element("Error", "", errorXML{"", e.code, e.message})
	default:
		a.body = element("ErrorResponse", "", struct {
			Error     errorXML
			RequestID string `xml:"RequestId"`
		}{errorXML{"Sender", e.code, e.message}, "00000000-0000-4000-8000-000000000000"})
	}
	a.header.Set("Content-Type", "text/xml;charset=UTF-8")
	return a
}

// namespaces of the query protocols' answers.
func namespace(service string) string {
	switch service {
	case "ec2":
		return "http://ec2.amazonaws.com/doc/2016-11-15/"
	case "iam":
		return "https://iam.amazonaws.com/doc/2010-05-08/"
	default:
		return "https://sts.amazonaws.com/doc/2011-06-15/"
	}
}

func (q ask) encode(v any, request string) answer {
	a := answer{status: http.StatusOK, header: http.Header{}}
	a.header.Set("X-Amzn-Requestid", request)
	if q.isJSON() {
		a.header.Set("Content-Type", "application/x-amz-json-1.1")
		a.body, _ = json.Marshal(v) // our own plain structures
		return a
	}
	a.header.Set("Content-Type", "text/xml;charset=UTF-8")
	if q.service == "ec2" {
		whole := element(q.action+"Response", namespace(q.service), v)
		head, tail, _ := bytes.Cut(whole, []byte(">"))
		a.body = bytes.Join([][]byte{head, []byte("><requestId>" + request + "</requestId>"), tail}, nil)
		return a
	}
	a.body = []byte("<" + q.action + "Response xmlns=\"" + namespace(q.service) + "\">" + string(element(q.action+"Result", "", v)) +
		"<ResponseMetadata><RequestId>" + request + "</RequestId></ResponseMetadata></" + q.action + "Response>")
	return a
}

// element writes a value as an XML element of a name.
func element(name, xmlns string, v any) []byte {
	var b bytes.Buffer
	start := xml.StartElement{Name: xml.Name{Local: name}}
	if xmlns != "" {
		start.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: xmlns}}
	}
	if err := xml.NewEncoder(&b).EncodeElement(v, start); err != nil {
		panic("fakeaws: an answer that cannot be written: " + err.Error()) // a mistake in this package
	}
	return b.Bytes()
}

// items is a list of the EC2 protocol; an empty one is still an element.
type items[T any] struct {
	Item []T `xml:"item"`
}

// unknownAction and invalid are the codes by which the services refuse what they do not know or understand.
func unknownAction(service string) string {
	if service == "ssm" || service == "pricing" || service == "servicequotas" {
		return "UnknownOperationException"
	}
	return "InvalidAction"
}

func invalid(service string) string {
	switch service {
	case "ec2":
		return "InvalidParameterValue"
	case "pricing":
		return "InvalidParameterException"
	default:
		return "ValidationException"
	}
}
