package engine_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// issued is a certificate with its key.
type issued struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// issue makes a certificate, valid for a day around now and for 127.0.0.1 unless change says otherwise. Without a parent it signs itself.
func issue(t *testing.T, parent *issued, change func(*x509.Certificate)) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: now.Add(-12 * time.Hour), NotAfter: now.Add(12 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	if change != nil {
		change(c)
	}
	signer := &issued{c, key}
	if parent != nil {
		signer = parent
	}
	der, err := x509.CreateCertificate(rand.Reader, c, signer.Certificate, &key.PublicKey, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{made, key}
}

// authority makes change one of an authority's certificate, too.
func authority(name string, change func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.IPAddresses, c.IsCA, c.KeyUsage, c.ExtKeyUsage = name, nil, true, x509.KeyUsageCertSign, nil
		if change != nil {
			change(c)
		}
	}
}

// secured serves hello over TLS with a chain, the server's own certificate first.
func secured(t *testing.T, config *tls.Config, chain ...*issued) string {
	t.Helper()
	own := tls.Certificate{PrivateKey: chain[0].key}
	for _, c := range chain {
		own.Certificate = append(own.Certificate, c.Raw)
	}
	config.Certificates = []tls.Certificate{own}
	return "https" + strings.TrimPrefix(serve(t, func(c net.Conn) {
		s := tls.Server(c, config)
		always(hello)(s)
		_ = s.Close()
	}), "http")
}

func TestCertificatesThatAreRefusedAreToldWithTheWayOut(t *testing.T) {
	t.Parallel()
	early, late := time.Date(2021, 2, 3, 4, 5, 0, 0, time.UTC), time.Date(2121, 2, 3, 4, 5, 0, 0, time.UTC)
	expired := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = early.AddDate(-1, 0, 0), early }
	future := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = late, late.AddDate(1, 0, 0) }
	forClients := func(c *x509.Certificate) { c.ExtKeyUsage[0] = x509.ExtKeyUsageClientAuth }
	named := func(names ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, names }
	}
	root := issue(t, nil, authority("root", nil))
	other := issue(t, nil, authority("other", nil))
	between := issue(t, root, authority("between", nil))
	const insecure = "--insecure"
	for name, row := range map[string]struct {
		chain []*issued
		code  int
		says  []string // nothing: it is taken
	}{
		"good":                    {[]*issued{issue(t, root, nil)}, 0, nil},
		"good, by one in between": {[]*issued{issue(t, between, nil), between}, 0, nil},
		"expired":                 {[]*issued{issue(t, root, expired)}, engine.CodeTLS, []string{"certificate of 127.0.0.1 expired on 2021-02-03 04:05 UTC", "renew", insecure}},
		"expired, and unknown":    {[]*issued{issue(t, other, expired)}, engine.CodeTLS, []string{"certificate of 127.0.0.1 expired on 2021-02-03 04:05 UTC"}},
		"not yet valid":           {[]*issued{issue(t, root, future)}, engine.CodeTLS, []string{"certificate of 127.0.0.1 is not valid before 2121-02-03 04:05 UTC", "clock", insecure}},
		"expired, in between": {func() []*issued {
			c := issue(t, root, authority("old", expired))
			return []*issued{issue(t, c, nil), c}
		}(), engine.CodeTLS, []string{"certificate of an authority that signs that of 127.0.0.1 expired on 2021-02-03 04:05 UTC"}},
		"the one in between is left out": {[]*issued{issue(t, between, nil)}, engine.CodeUnknownCA, []string{"127.0.0.1 is signed by an authority that is not trusted here", "SSL_CERT_FILE", insecure}},
		"unknown authority":              {[]*issued{issue(t, other, nil), other}, engine.CodeUnknownCA, []string{"127.0.0.1 is signed by an authority that is not trusted here", "SSL_CERT_FILE", insecure}},
		"signed by itself":               {[]*issued{issue(t, nil, nil)}, engine.CodeUnknownCA, []string{"127.0.0.1 is signed by itself", "SSL_CERT_FILE", insecure}},
		"another name":                   {[]*issued{issue(t, root, named("a.test"))}, engine.CodeHostname, []string{"certificate is not for 127.0.0.1, but for a.test: ", insecure}},
		"another address":                {[]*issued{issue(t, root, func(c *x509.Certificate) { c.IPAddresses[0] = net.IPv4(127, 0, 0, 2) })}, engine.CodeHostname, []string{"not for 127.0.0.1, but for 127.0.0.2: "}},
		"many names":                     {[]*issued{issue(t, root, named("a.test", "*.b.test", "c.test", "d.test", "e.test"))}, engine.CodeHostname, []string{"but for a.test, *.b.test, c.test and 2 more: "}},
		"a long name":                    {[]*issued{issue(t, root, named(strings.Repeat("a", 60)+"bb.test"))}, engine.CodeHostname, []string{"but for " + strings.Repeat("a", 60) + "…: "}},
		"a common name alone":            {[]*issued{issue(t, root, named())}, engine.CodeHostname, []string{"no names at all (a common name does not count)"}},
		"another name, and unknown":      {[]*issued{issue(t, other, named("a.test"))}, engine.CodeHostname, []string{"certificate is not for 127.0.0.1, but for a.test: "}},
		"made for clients":               {[]*issued{issue(t, root, forClients)}, engine.CodeTLS, []string{"127.0.0.1 is not made for servers", insecure}},
		"signed by one that may not": {func() []*issued {
			c := issue(t, root, func(c *x509.Certificate) { c.Subject.CommonName = "no authority" })
			return []*issued{issue(t, c, nil), c}
		}(), engine.CodeUnknownCA, []string{"127.0.0.1 is signed by an authority that is not trusted here"}},
		"signed for another name": {func() []*issued {
			c := issue(t, root, authority("narrow", func(c *x509.Certificate) {
				c.PermittedIPRanges = []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0), Mask: net.CIDRMask(8, 32)}}
			}))
			return []*issued{issue(t, c, nil), c}
		}(), engine.CodeTLS, []string{"signed by an authority that may not sign for this name"}},
		"too many in between": {func() []*issued {
			c := issue(t, root, authority("last", func(c *x509.Certificate) { c.MaxPathLenZero = true }))
			d := issue(t, c, authority("beyond", nil))
			return []*issued{issue(t, d, nil), d, c}
		}(), engine.CodeTLS, []string{"more authorities above it than one of them allows"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roots := x509.NewCertPool()
			roots.AddCert(root.Certificate)
			url := secured(t, &tls.Config{}, row.chain...)
			first := get(t, newClient(t, engine.Options{RootCAs: roots}), url)
			second := get(t, newClient(t, engine.Options{RootCAs: roots}), url)
			if row.says == nil {
				if first.Err != nil {
					t.Fatal(first.Err)
				}
				return
			}
			if first.Err == nil || first.Err.Kind != engine.KindTLS || first.Err.Code != row.code {
				t.Fatalf("got %+v, want kind tls and code %d", first.Err, row.code)
			}
			for _, want := range row.says {
				if !strings.Contains(first.Err.Message, want) {
					t.Errorf("got %q, want %q in it", first.Err.Message, want)
				}
			}
			if second.Err == nil || second.Err.Message != first.Err.Message {
				t.Errorf("the same again is told as %v, not as %v", second.Err, first.Err)
			}
			if call := get(t, newClient(t, engine.Options{InsecureSkipVerify: true}), url); call.Err != nil {
				t.Errorf("with any certificate taken: %v", call.Err)
			}
		})
	}
}

func TestAClientCertificateThatIsWantedIsTold(t *testing.T) {
	t.Parallel()
	own := issue(t, nil, nil)
	type config = tls.Config
	refuse := func([][]byte, [][]*x509.Certificate) error { return io.EOF }
	for name, row := range map[string]struct {
		config *config
		says   string // nothing: it is answered
	}{
		"nobody asks, 1.2":                {&config{MaxVersion: tls.VersionTLS12}, ""},
		"nobody asks, 1.3":                {&config{MinVersion: tls.VersionTLS13}, ""},
		"asked, not wanted, 1.2":          {&config{ClientAuth: tls.RequestClientCert, MaxVersion: tls.VersionTLS12}, ""},
		"asked, not wanted, 1.3":          {&config{ClientAuth: tls.RequestClientCert}, ""},
		"checked if there is one":         {&config{ClientAuth: tls.VerifyClientCertIfGiven}, ""},
		"any is wanted, 1.2":              {&config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, "127.0.0.1 wants a client certificate"},
		"any is wanted, 1.3":              {&config{ClientAuth: tls.RequireAnyClientCert}, "127.0.0.1 wants a client certificate"},
		"a good one is wanted, 1.2":       {&config{ClientAuth: tls.RequireAndVerifyClientCert, MaxVersion: tls.VersionTLS12}, "127.0.0.1 wants a client certificate"},
		"a good one is wanted, 1.3":       {&config{ClientAuth: tls.RequireAndVerifyClientCert}, "(TLS alert 116, certificate required)"},
		"asked, and refused by rule, 1.2": {&config{ClientAuth: tls.RequestClientCert, MaxVersion: tls.VersionTLS12, VerifyPeerCertificate: refuse}, "wants a client certificate"},
		"a rule of the server's own":      {&config{ClientAuth: tls.RequestClientCert, VerifyConnection: func(tls.ConnectionState) error { return io.EOF }}, "(TLS alert 42, bad certificate)"},
		"the same, 1.2":                   {&config{ClientAuth: tls.RequestClientCert, MaxVersion: tls.VersionTLS12, VerifyConnection: func(tls.ConnectionState) error { return io.EOF }}, "wants a client certificate"},
		"no version in common":            {&config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, "TLS 1.2 and 1.3 are used here (TLS alert 70"},
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+"/"+method, func(t *testing.T) {
				t.Parallel()
				call := newClient(t, engine.Options{InsecureSkipVerify: true}).NewCall()
				served := row.config.Clone()
				served.ClientCAs = x509.NewCertPool()
				send(call, method, secured(t, served, own))
				if row.says == "" {
					if call.Err != nil {
						t.Fatal(call.Err)
					}
					return
				}
				if call.Err == nil || call.Err.Kind != engine.KindTLS || call.Err.Code != engine.CodeTLS || !strings.Contains(call.Err.Message, row.says) {
					t.Errorf("got %+v, want kind tls and %q", call.Err, row.says)
				}
			})
		}
	}
}

// What an alert says before anybody asked for a certificate, is not of one.
func TestAlertsAreToldByName(t *testing.T) {
	t.Parallel()
	for code, says := range map[byte]string{
		10: "127.0.0.1 ended the connection (TLS alert 10, unexpected message)", 20: "(TLS alert 20, bad record MAC)", 40: "no cipher suite in common",
		42: "127.0.0.1 ended the connection (TLS alert 42, bad certificate)", 43: "alert 43", 46: "alert 46", 48: "alert 48", 49: "ended the connection (TLS alert 49, access denied)",
		70: "no version in common", 71: "insufficient security", 80: "internal error", 86: "inappropriate fallback", 112: "there is no host named 127.0.0.1",
		116: "wants a client certificate", 120: "no application protocol", 200: "(TLS alert 200, alert(200))",
	} {
		url := "https" + strings.TrimPrefix(serve(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, code})
		}), "http")
		call := get(t, newClient(t, engine.Options{}), url)
		if call.Err == nil || call.Err.Kind != engine.KindTLS || !strings.Contains(call.Err.Message, says) {
			t.Errorf("alert %d: got %+v, want %q", code, call.Err, says)
		}
	}
}

func TestAServerThatClosesAfterItAskedForACertificateIsToldSo(t *testing.T) {
	t.Parallel()
	own := issue(t, nil, nil)
	for name, row := range map[string]struct {
		asks   tls.ClientAuthType
		end    func(net.Conn)
		before string // an answer
		told   bool
	}{
		"asked, closed":               {tls.RequestClientCert, func(c net.Conn) { _ = wire(c).Close() }, "", true},
		"asked, half-closed":          {tls.RequestClientCert, func(c net.Conn) { _ = wire(c).CloseWrite() }, "", true},
		"asked, ended in order":       {tls.RequestClientCert, func(c net.Conn) { _ = c.Close() }, "", true},
		"asked, reset":                {tls.RequestClientCert, func(c net.Conn) { reset(wire(c)) }, "", true},
		"asked, closed in the answer": {tls.RequestClientCert, func(c net.Conn) { _ = wire(c).Close() }, "HTTP/1.1 200 OK\r\n", false},
		"asked, cut short":            {tls.RequestClientCert, func(c net.Conn) { _ = c.Close() }, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false},
		"not asked, closed":           {tls.NoClientCert, func(c net.Conn) { _ = wire(c).Close() }, "", false},
		"not asked, reset":            {tls.NoClientCert, func(c net.Conn) { reset(wire(c)) }, "", false},
		"not asked, ended in order":   {tls.NoClientCert, func(c net.Conn) { _ = c.Close() }, "", false},
	} {
		for version := uint16(tls.VersionTLS12); version <= tls.VersionTLS13; version++ {
			config := &tls.Config{ClientAuth: row.asks, MaxVersion: version, Certificates: []tls.Certificate{{Certificate: [][]byte{own.Raw}, PrivateKey: own.key}}}
			url := "https" + strings.TrimPrefix(serve(t, func(c net.Conn) {
				s := tls.Server(c, config)
				if _, ok := request(bufio.NewReader(s)); ok {
					_, _ = io.WriteString(s, row.before)
					row.end(s)
				}
			}), "http")
			call := newClient(t, engine.Options{InsecureSkipVerify: true}).NewCall()
			send(call, "POST", url)
			if call.Err == nil || strings.Contains(call.Err.Message, "after it had asked for a client certificate") != row.told {
				t.Errorf("%s, %s: got %v", name, tls.VersionName(version), call.Err)
			}
		}
	}
}
