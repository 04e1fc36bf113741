package engine_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// secure serves HTTPS with a certificate for example.com and 127.0.0.1.
func secure(t *testing.T) (url string, roots *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.Host+" "+r.TLS.ServerName)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.URL, roots
}

func TestTLS(t *testing.T) {
	t.Parallel()
	url, roots := secure(t)
	shared := &engine.Shared{}
	for name, o := range map[string]engine.Options{
		"a certificate that is trusted": {RootCAs: roots, Shared: shared},
		"any certificate":               {InsecureSkipVerify: true, Shared: shared},
	} {
		call := get(t, newClient(t, o), url)
		if call.Err != nil || call.Status != 200 || !strings.HasPrefix(string(call.Body()), "HTTP/1.1 127.0.0.1:") {
			t.Fatalf("%s: %v, %q", name, call.Err, call.Body())
		}
		if call.TLS != tls.VersionTLS13 || call.Cipher == 0 || call.Timings.TLSHandshaking <= 0 {
			t.Errorf("%s: version %x, suite %x, handshake %v", name, call.TLS, call.Cipher, call.Timings.TLSHandshaking)
		}
		send(call, "GET", url)
		if call.Err != nil || !call.Reused || call.BytesIn <= len(call.Body()) {
			t.Errorf("%s, again: %v, reused %v, %d bytes in", name, call.Err, call.Reused, call.BytesIn)
		}
	}
}

func TestTLSFailures(t *testing.T) {
	t.Parallel()
	url, roots := secure(t)
	plain := "https" + strings.TrimPrefix(serve(t, fast(hello)), "http")
	silent := "https" + strings.TrimPrefix(serve(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), "http")
	for name, row := range map[string]struct {
		url     string
		options engine.Options
		kind    engine.Kind
		code    int
	}{
		"unknown authority": {url, engine.Options{}, engine.KindTLS, engine.CodeUnknownCA},
		"other host":        {strings.Replace(url, "127.0.0.1", "localhost", 1), engine.Options{RootCAs: roots}, engine.KindTLS, engine.CodeHostname},
		"no TLS there":      {plain, engine.Options{}, engine.KindTLS, engine.CodeTLSHeader},
		"silent":            {silent, engine.Options{Timeout: 100 * time.Millisecond}, engine.KindTimeout, engine.CodeTimeout},
	} {
		call := get(t, newClient(t, row.options), row.url)
		if call.Err == nil || call.Err.Kind != row.kind || call.Err.Code != row.code {
			t.Errorf("%s: got %+v, want %s %d", name, call.Err, row.kind, row.code)
		}
	}
}
