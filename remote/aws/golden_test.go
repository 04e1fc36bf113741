package aws_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/plimsoll-load/plimsoll/remote/aws"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

var update = flag.Bool("update", false, "write the requests and results of testdata/golden anew")

// TestMain keeps the SDK away from this machine's own settings and from the network's metadata service.
func TestMain(m *testing.M) {
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not a secret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL": "", "AWS_CONFIG_FILE": "/nonexistent", "AWS_CA_BUNDLE": "",
		"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		if err := os.Setenv(k, v); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func open(t *testing.T, o aws.Options) provider.Cloud {
	t.Helper()
	if o.Region == "" {
		o.Region = "eu-west-1"
	}
	cloud, err := aws.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return cloud
}

// replay answers requests with the responses of a golden file, and keeps what was asked.
type replay struct {
	t         *testing.T
	mu        sync.Mutex
	responses []string
	requests  []string
}

func (r *replay) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.requests)
	text := render(r.t, req)
	if same := slices.Index(r.requests, text); same >= 0 {
		text = fmt.Sprintf("the same as request %d\n", same+1)
	}
	r.requests = append(r.requests, text)
	if n >= len(r.responses) {
		r.t.Errorf("request %d has no response: %s", n+1, r.requests[n])
		return nil, errors.New("no response is left")
	}
	head, body, _ := strings.Cut(r.responses[n], "\n")
	var status int
	var kind string
	if _, err := fmt.Sscan(head, &status, &kind); err != nil {
		r.t.Errorf("response %d begins with %q: %v", n+1, head, err)
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {kind}, "X-Amzn-Requestid": {"00000000-0000-4000-8000-000000000001"}},
		Body:   io.NopCloser(strings.NewReader(strings.TrimSuffix(body, "\n"))), ContentLength: -1,
	}, nil
}

// render is a request without what differs from call to call: who signed, when, how, and the SDK's own version.
func render(t *testing.T, req *http.Request) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s https://%s%s\n", req.Method, req.URL.Host, req.URL.EscapedPath())
	for _, line := range pairs(req.URL.RawQuery) {
		fmt.Fprintf(&b, "? %s\n", line)
	}
	if _, scope, ok := strings.Cut(req.Header.Get("Authorization"), "Credential=AKIDEXAMPLE/20000101/"); ok {
		scope, _, _ = strings.Cut(scope, ",")
		fmt.Fprintf(&b, "signed for %s\n", scope)
	}
	for _, name := range []string{"Content-Type", "X-Amz-Target"} {
		if v := req.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	if req.Body == nil {
		return b.String()
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Error(err)
	}
	b.WriteString("\n")
	switch kind := req.Header.Get("Content-Type"); {
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		for _, line := range pairs(string(body)) {
			b.WriteString(line + "\n")
		}
	case strings.HasPrefix(kind, "application/x-amz-json"):
		var value any
		if err := json.Unmarshal(body, &value); err != nil {
			t.Error(err)
		}
		indented, err := json.MarshalIndent(value, "", "  ") // with its keys sorted
		if err != nil {
			t.Error(err)
		}
		b.Write(append(indented, '\n'))
	default:
		b.Write(body)
		b.WriteString("\n")
	}
	return b.String()
}

// pairs are the parameters of a form, decoded and sorted, long ones (user data, signatures) as they are.
func pairs(form string) []string {
	var lines []string
	for _, pair := range strings.FieldsFunc(form, func(r rune) bool { return r == '&' }) {
		plain, err := url.QueryUnescape(pair)
		if err != nil {
			plain = pair
		}
		if name, _, _ := strings.Cut(plain, "="); name == "X-Amz-Signature" || name == "X-Amz-Credential" {
			continue
		}
		lines = append(lines, strings.ReplaceAll(plain, "\n", `\n`))
	}
	slices.Sort(lines)
	return lines
}

// outcome is what a call gave its caller, as text.
func outcome(value any, err error) string {
	if err == nil {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return err.Error()
		}
		return string(text) + "\n"
	}
	text := "error: " + err.Error() + "\n"
	var api *provider.APIError
	if errors.As(err, &api) {
		text += "fault: " + string(api.Fault) + "\n"
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		text += "hint: " + hinted.Hint() + "\n"
	}
	return text
}

// TestGolden replays each file of testdata/golden. Its responses are written by hand after the shapes in AWS's API
// references; its requests and its result are what this package makes of the call of that name.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(calls) {
		t.Errorf("%d files in testdata/golden for %d calls", len(files), len(calls))
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { playGolden(t, filepath.Join("testdata/golden", name+".txtar"), call) })
		})
	}
}

func playGolden(t *testing.T, file string, call func(ctx context.Context, c provider.Cloud) (any, error)) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{t: t}
	want := map[string]string{}
	for _, f := range archive.Files {
		want[f.Name] = string(f.Data)
		if strings.HasPrefix(f.Name, "response") {
			r.responses = append(r.responses, string(f.Data))
		}
	}
	got := map[string]string{"result": outcome(call(t.Context(), open(t, aws.Options{HTTP: &http.Client{Transport: r}})))}
	fresh := &txtar.Archive{Comment: archive.Comment}
	for i, request := range r.requests {
		name := fmt.Sprintf("request %d", i+1)
		got[name] = request
		fresh.Files = append(fresh.Files, txtar.File{Name: name, Data: []byte(request)})
		if i < len(r.responses) {
			fresh.Files = append(fresh.Files, txtar.File{Name: fmt.Sprintf("response %d", i+1), Data: []byte(r.responses[i])})
		}
	}
	fresh.Files = append(fresh.Files, txtar.File{Name: "result", Data: []byte(got["result"])})
	if *update {
		if err := os.WriteFile(file, txtar.Format(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(r.requests) != len(r.responses) {
		t.Errorf("%d requests were sent, %d are expected", len(r.requests), len(r.responses))
	}
	for name, text := range got {
		if text != want[name] {
			t.Errorf("%s: %s is\n%s\nwant (-update writes it anew)\n%s", file, name, text, want[name])
		}
	}
}
