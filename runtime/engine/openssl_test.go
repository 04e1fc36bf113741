package engine_test

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// A TLS server may say things on an idle connection that are no answer. OpenSSL's can be told to; crypto/tls' cannot.
func TestAKeyUpdateOnAKeptConnectionIsNoAnswer(t *testing.T) {
	t.Parallel()
	openssl := installed(t, "openssl")
	file := filepath.Join(t.TempDir(), "cert.pem")
	writeCertificate(t, file)
	cmd := exec.CommandContext(t.Context(), openssl, "s_server", "-accept", "127.0.0.1:0", "-cert", file, "-tls1_3") //nolint:gosec // the one on the path
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	lines := bufio.NewScanner(out)
	until := func(prefix string) string {
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				return rest
			}
		}
		t.Errorf("openssl ended before it said %q: %v", prefix, lines.Err())
		return ""
	}
	addr := strings.TrimSpace(until("ACCEPT "))
	const longest = 64 // of a key update's record, bytes; all else that is said here is longer
	passed := make(chan struct{}, 10)
	url := "https" + strings.TrimPrefix(serve(t, func(c net.Conn) {
		to, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(to, c); _ = to.Close() }()
		buf := make([]byte, 16<<10)
		for {
			n, err := to.Read(buf)
			if err != nil {
				return
			}
			_, _ = c.Write(buf[:n])
			if n < longest {
				passed <- struct{}{}
			}
		}
	}), "http")
	client := newClient(t, engine.Options{InsecureSkipVerify: true})
	call := client.NewCall()
	answered := make(chan struct{})
	for _, reused := range []bool{false, true} {
		go func() {
			defer func() { answered <- struct{}{} }()
			send(call, "POST", url) // looked at, however short the pause
		}()
		until("POST / HTTP/1.1")
		_, _ = io.WriteString(in, hello)
		<-answered
		if call.Err != nil || call.Status != 200 || call.Reused != reused {
			t.Fatalf("got %v, status %d, reused %v; want reused %v", call.Err, call.Status, call.Reused, reused)
		}
		_, _ = io.WriteString(in, "K\n")
		<-passed
	}
}

// OpenSSL refuses the lack of a certificate with another alert than crypto/tls does.
func TestOpenSSLWantsACertificate(t *testing.T) {
	t.Parallel()
	openssl := installed(t, "openssl")
	file := filepath.Join(t.TempDir(), "cert.pem")
	writeCertificate(t, file)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for _, wants := range []string{"-verify", "-Verify"} { // asks, insists
			cmd := exec.CommandContext(t.Context(), openssl, "s_server", "-accept", "127.0.0.1:0", "-cert", file, version, wants, "1", "-www") //nolint:gosec // the one on the path
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var addr string
			for lines := bufio.NewScanner(out); addr == "" && lines.Scan(); {
				addr, _ = strings.CutPrefix(lines.Text(), "ACCEPT ")
				if addr == lines.Text() {
					addr = ""
				}
			}
			call := get(t, newClient(t, engine.Options{InsecureSkipVerify: true}), "https://"+strings.TrimSpace(addr)+"/")
			insists := wants == "-Verify"
			if told := call.Err != nil && call.Err.Kind == engine.KindTLS && strings.Contains(call.Err.Message, "wants a client certificate"); told != insists || !insists && call.Status != 200 {
				t.Errorf("%s %s: got status %d, %v", version, wants, call.Status, call.Err)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
}

// writeCertificate writes a certificate and its key to a file.
func writeCertificate(t *testing.T, file string) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	s.Close()
	pair := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
