package session

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/target"
)

// The demo target is a process of its own, so that it shares nothing with the
// one that sizes it. It speaks lines: it says where it listens, is asked to
// reveal what it was set to carry, and ends when its standard input ends,
// which also happens when this process dies.
const demoReveal = "reveal"

// demoHello is the child's first line.
type demoHello struct {
	URL   string `json:"url"`
	Nonce string `json:"nonce"`
}

// demo is a running demo target.
type demo struct {
	url   string
	child *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
}

// startDemo starts the demo target.
func startDemo(child *exec.Cmd) (*demo, error) {
	in, err := child.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("demo target: %w", err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("demo target: %w", err)
	}
	if err := child.Start(); err != nil {
		return nil, fmt.Errorf("demo target: %w", err)
	}
	d := &demo{child: child, in: in, out: bufio.NewReader(out)}
	var hello demoHello
	if err := d.read(&hello); err != nil {
		_ = d.stop()
		return nil, fmt.Errorf("demo target did not start: %w", err)
	}
	d.url = hello.URL
	return d, nil
}

// reveal asks what the target was set to carry, and what it counted. Only now this process learns it.
func (d *demo) reveal() (*record.Demo, error) {
	if _, err := fmt.Fprintln(d.in, demoReveal); err != nil {
		return nil, fmt.Errorf("demo target: %w", err)
	}
	var truth record.Demo
	if err := d.read(&truth); err != nil {
		return nil, fmt.Errorf("demo target: %w", err)
	}
	return &truth, nil
}

func (d *demo) read(into any) error {
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, into)
}

// stop ends the target and waits for it.
func (d *demo) stop() error {
	_ = d.in.Close()
	if err := d.child.Wait(); err != nil {
		return fmt.Errorf("demo target: %w", err)
	}
	return nil
}

// ServeDemo is the demo target's side: it serves until in ends, and speaks with its owner over in and out.
func ServeDemo(ctx context.Context, cfg target.Config, in io.Reader, out io.Writer) error {
	server, err := target.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }() // its owner is gone
	say := json.NewEncoder(out)
	if err := say.Encode(demoHello{URL: server.URL(), Nonce: server.Nonce()}); err != nil {
		return err
	}
	for asked := bufio.NewScanner(in); asked.Scan(); {
		if asked.Text() != demoReveal {
			continue
		}
		truth := record.Demo{Model: cfg.Model, Capacity: cfg.Capacity, Requests: server.Counts().Requests}
		if err := say.Encode(truth); err != nil {
			return err
		}
	}
	return nil // the owner is gone
}
