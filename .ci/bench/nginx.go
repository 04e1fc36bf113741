package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// server is an nginx of our own.
type server struct {
	process    *exec.Cmd
	plain, tls string // addresses without a path
}

const nginxConfig = `worker_processes 1;
daemon off;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events { worker_connections 8192; }
http {
	access_log off;
	keepalive_requests 1000000000;
	keepalive_timeout 1h;
	client_body_temp_path %[1]s;
	proxy_temp_path %[1]s;
	fastcgi_temp_path %[1]s;
	uwsgi_temp_path %[1]s;
	scgi_temp_path %[1]s;
	server {
		listen 127.0.0.1:%[2]d backlog=8192;
		listen 127.0.0.1:%[3]d ssl;
		ssl_certificate %[1]s/cert.pem;
		ssl_certificate_key %[1]s/key.pem;
		location / { default_type text/plain; return 200 "%[4]s"; }
		location /json {
			default_type application/json;
			return 200 '{"id":17,"name":"a name","tags":["one","two","three"],"owner":{"id":4,"name":"an owner"}}';
		}
		location /status { stub_status; }
	}
}
`

// startNginx starts it on two free ports. It is known by the answer that it was told to give.
func startNginx(ctx context.Context, work string, pin bool) (*server, error) {
	dir := filepath.Join(work, "nginx")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := selfSigned(dir); err != nil {
		return nil, err
	}
	var token [8]byte
	_, _ = rand.Read(token[:]) // never fails
	nonce := hex.EncodeToString(token[:])
	for range 10 {
		plain, tls, err := freePorts()
		if err != nil {
			return nil, err
		}
		config := fmt.Sprintf(nginxConfig, dir, plain, tls, nonce)
		if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o600); err != nil {
			return nil, err
		}
		s := &server{plain: fmt.Sprintf("http://127.0.0.1:%d", plain), tls: fmt.Sprintf("https://127.0.0.1:%d", tls)}
		s.process = exec.CommandContext(ctx, "nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
		if pin {
			s.process = exec.CommandContext(ctx, "taskset", append([]string{"-c", "0", "nginx"}, s.process.Args[1:]...)...)
		}
		s.process.Cancel = func() error { return s.process.Process.Signal(os.Interrupt) }
		if err := s.process.Start(); err != nil {
			return nil, fmt.Errorf("nginx (Debian's nginx-light): %w", err)
		}
		if s.answers(nonce) {
			return s, nil
		}
		s.stop()
	}
	text, _ := os.ReadFile(filepath.Join(dir, "error.log"))
	return nil, fmt.Errorf("nginx does not start: %s", text)
}

func freePorts() (plain, tls int, err error) {
	a, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	b, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, errors.Join(err, a.Close())
	}
	return a.Addr().(*net.TCPAddr).Port, b.Addr().(*net.TCPAddr).Port, errors.Join(a.Close(), b.Close())
}

func (s *server) answers(nonce string) bool {
	for range 50 {
		if text, err := fetch(s.plain + "/"); err == nil {
			return text == nonce
		}
		time.Sleep(100 * time.Millisecond)
	}
	return false
}

func (s *server) stop() {
	_ = s.process.Process.Signal(os.Interrupt) // it may have ended
	_ = s.process.Wait()
}

// served is how many requests it has answered.
func (s *server) served() (int, error) {
	text, err := fetch(s.plain + "/status")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(text) // Active connections: 1 / server accepts handled requests / 3 3 7 …
	if len(fields) < 10 {
		return 0, fmt.Errorf("nginx's status is %q", text)
	}
	return strconv.Atoi(fields[9])
}

func fetch(url string) (string, error) {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// selfSigned writes a key and a certificate for 127.0.0.1.
func selfSigned(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600),
	)
}
