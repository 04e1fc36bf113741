// Package target is a service of known capacity on loopback: it speaks a part
// of Kinto's records API, keeps its data in memory, and carries exactly what
// it is set to. A model says what limits it (see [Models]), so that a sizing
// can be held against the truth.
//
//	cfg, err := target.ParseModel("rejects:300")
//	server, err := target.Start(ctx, cfg)
//	defer server.Close()
//	… load server.URL() …
//
// Each request passes the gate, where the model decides on a virtual schedule
// when it is done; then the API answers it. GET /__target__ tells who the
// target is and what it counted, but not its capacity; it passes no gate and
// is not counted.
package target

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// Server is a running target.
type Server struct {
	cfg    Config
	nonce  string
	ln     net.Listener
	http   *fasthttp.Server
	api    *api
	gate   *gate
	cancel context.CancelFunc
	ended  chan struct{} // closed when nothing of it runs any more
	err    error         // why it ended, once it has; nil when it was asked to
}

// Report is the answer to GET /__target__.
type Report struct {
	Nonce   string   `json:"nonce"`
	Model   string   `json:"model"`
	UptimeS float64  `json:"uptime_s"`
	Counts  Counts   `json:"counts"`
	Seconds []Second `json:"seconds"` // without those in which nothing happened
}

// Start serves on a free port of loopback until ctx ends or [Server.Close] is called.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("target: no port on loopback: %w", err)
	}
	return Serve(ctx, cfg, ln)
}

// Serve is [Start] on a listener of the caller's, which it closes at the end.
func Serve(ctx context.Context, cfg Config, ln net.Listener) (*Server, error) {
	if why := cfg.fault(); why != "" {
		return nil, modelError{cfg.Model, why}
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Server{cfg: cfg, nonce: rand.Text(), ln: ln, api: newAPI(), cancel: cancel, ended: make(chan struct{})}
	s.gate = newGate(cfg, ctx.Done())
	s.http = &fasthttp.Server{
		Handler:               s.handle,
		Name:                  "plimsoll-target",
		NoDefaultContentType:  true,
		ReadBufferSize:        16 << 10,
		CloseOnShutdown:       true,
		SecureErrorLogMessage: true,
		Logger:                silent{},
	}
	go func() {
		defer close(s.ended)
		defer cancel()
		s.err = s.run(ctx)
	}()
	return s, nil
}

// run serves until ctx ends.
func (s *Server) run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.ln) }()
	select {
	case err := <-served:
		return fmt.Errorf("target: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	// A connection that is in the middle of a request after the grace time ends with the process.
	_ = s.http.ShutdownWithContext(grace)
	_ = s.ln.Close() // where Serve had not yet taken it
	if err := <-served; err != nil {
		return fmt.Errorf("target: %w", err)
	}
	return nil
}

// URL is the API's root, as the example wants it: http://127.0.0.1:PORT/v1.
func (s *Server) URL() string { return "http://" + s.ln.Addr().String() + prefix }

// Nonce names this server: whoever reads it at /__target__ knows that it is this one.
func (s *Server) Nonce() string { return s.nonce }

// Config is what the server was set to.
func (s *Server) Config() Config { return s.cfg }

// Counts is what it did so far.
func (s *Server) Counts() Counts {
	sum, _ := s.gate.counts()
	return sum
}

// Report is what GET /__target__ answers.
func (s *Server) Report() Report {
	sum, seconds := s.gate.counts()
	return Report{s.nonce, s.cfg.Model, time.Since(s.gate.begin).Seconds(), sum, seconds}
}

// Close ends the target and waits until it has: requests inside are answered 503 at once.
func (s *Server) Close() error {
	s.cancel()
	<-s.ended
	return s.err
}

// handle answers one request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	if string(ctx.Path()) == "/__target__" {
		answer(ctx, 200, marshal(s.Report()))
		return
	}
	how, ok := s.gate.pass()
	switch {
	case !ok:
		refuse(ctx, overloaded(fasthttp.StatusServiceUnavailable))
	case how == rejected:
		refuse(ctx, overloaded(s.cfg.Reject))
	case how == failed:
		refuse(ctx, &refusal{status: 500, errno: 999, message: "A programmatic error, as this target was asked for."})
	default:
		s.api.serve(ctx)
	}
}

// silent keeps fasthttp quiet about clients that leave.
type silent struct{}

func (silent) Printf(string, ...any) {}
