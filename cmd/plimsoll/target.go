package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/target"
	"github.com/plimsoll-load/plimsoll/runtime/units"
	"github.com/plimsoll-load/plimsoll/session"
)

const targetLong = `Starts the demo target: a service of known capacity on loopback that speaks a
part of Kinto's records API. It serves until Ctrl-C, then says what it counted.

  plimsoll target --model rejects:300              300 requests/s, then 503
  plimsoll target --model queues:250,servers=4     never an error, ever longer waits`

func newTarget(p process) *cobra.Command {
	var model, listen string
	var owned bool
	c := &cobra.Command{
		Use: "target", Short: "start a service of known capacity to try things on", Long: targetLong,
		GroupID: "tools", Args: cli.Exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := cli.Apart(c.Flags(), c.Name(), "owned", "listen"); err != nil {
				return err
			}
			cfg := target.Random(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
			if model != "" {
				var err error
				if cfg, err = target.ParseModel(model); err != nil {
					return err
				}
			}
			if owned {
				return session.ServeDemo(c.Context(), cfg, p.stdin, p.stdout)
			}
			return serveTarget(c.Context(), p, cfg, listen)
		},
	}
	c.Flags().StringVar(&model, "model", "", "what limits it and at how many requests/s, as rejects:300 (default: drawn at random)")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "loopback address; port 0 takes a free one")
	c.Flags().BoolVar(&owned, "owned", false, "speak with the process that started it")
	_ = c.Flags().MarkHidden("owned") // the flag exists
	return c
}

// serveTarget serves until a signal comes.
func serveTarget(ctx context.Context, p process, cfg target.Config, listen string) error {
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return cli.FaultError{Code: exit.Usage, Err: fmt.Errorf("target: %w", err), Advice: "name a free port of 127.0.0.1, or 0 for any"}
	}
	server, err := target.Serve(context.WithoutCancel(ctx), cfg, ln)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s\n", server.URL())
	fmt.Fprintf(p.stderr, "target: %s, carries %s requests/s; Ctrl-C ends it\n", cfg.Model, units.Precise(cfg.Capacity))
	<-ctx.Done()
	err = server.Close()
	counts := server.Counts()
	fmt.Fprintf(p.stderr, "target: %d requests: %d ok, %d rejected, %d failed\n", counts.Requests, counts.OK, counts.Rejected, counts.Failed)
	return err
}

// demoTarget is the command that serves as a demo's target: a process of its own, so that it shares nothing with the one
// that sizes it. Without a model it is drawn at random.
func demoTarget(ctx context.Context, p process, model string) *exec.Cmd {
	c := exec.CommandContext(context.WithoutCancel(ctx), p.self, "target", "--owned", "--model="+model)
	c.Env, c.Stderr = p.environ(), cli.Stream(p.stderr)
	c.WaitDelay = 2 * time.Second
	cli.OwnGroup(c)
	return c
}
