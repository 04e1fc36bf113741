package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

const watchLong = `Prints what a source tells, live: the way to check what would be seen before a run.
A source is one of %s, or a URL on this machine.

  plimsoll watch port=8888
  plimsoll watch container=kinto host --every 1s
  plimsoll watch http://127.0.0.1:8888/v1`

// leastEvery is how often sources can be read at most.
const leastEvery = 250 * time.Millisecond

func newWatch(p process) *cobra.Command {
	w := watching{every: time.Second}
	c := &cobra.Command{
		Use: "watch SOURCE…", Short: "print what a source of resources tells, live", Long: fmt.Sprintf(watchLong, monitor.Forms()), GroupID: "tools",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Usage("usage: "+c.UseLine(), "watch: want a source")
			}
			return w.run(c.Context(), p, args)
		},
	}
	c.Flags().DurationVar(&w.every, "every", w.every, "how often, from 250ms on (default 1s)")
	c.Flags().DurationVar(&w.length, "duration", 0, "how long (default: until Ctrl-C)")
	return c
}

// watching is how often and how long to look.
type watching struct{ every, length time.Duration }

func (o watching) run(ctx context.Context, p process, args []string) error {
	if o.every < leastEvery {
		return cli.Usage("write --every 250ms or more", "watch: %v is too often", o.every)
	}
	var texts []string
	target := monitor.Target{}
	for _, arg := range args {
		if strings.HasPrefix(arg, "http://") || strings.HasPrefix(arg, "https://") {
			target.URL, arg = arg, "auto"
		}
		texts = append(texts, arg)
	}
	specs, err := monitor.Parse(texts)
	if err != nil {
		return err
	}
	sources, err := monitor.Open(ctx, specs, target)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.length > 0 {
		ctx, cancel = context.WithTimeout(ctx, o.length)
		defer cancel()
	}
	began := time.Now()
	watcher := monitor.NewWatcher(began, o.every, func(r record.Resources) {
		showReading(p, r)
		if cli.Gone(p.stdout) {
			cancel() // there is nobody to show it to
		}
	})
	watcher.Run(ctx, sources...)
	for _, c := range watcher.Costs() {
		p.say(costOf(c, time.Since(began)))
	}
	return nil
}

// costOf is what watching a source took. Waiting is in it, so it is more than the CPU time.
func costOf(c monitor.Cost, length time.Duration) string {
	each := c.Spent / time.Duration(max(c.Readings+c.Failed, 1))
	text := fmt.Sprintf("%s: %d readings of %v, %.2f %% of the time", c.Source, c.Readings, each.Round(10*time.Microsecond), 100*c.Spent.Seconds()/length.Seconds())
	if c.Failed > 0 {
		text += fmt.Sprintf("; %d failed", c.Failed)
	}
	return text
}

// showReading prints one reading: time, source, and each value with its limit.
func showReading(p process, r record.Resources) {
	fmt.Fprintf(p.stdout, "%s  %s\n", time.Now().Format(time.TimeOnly), r.Source)
	if r.Note != "" {
		fmt.Fprintf(p.stdout, "  %s\n", r.Note)
	}
	var names []string
	for name := range r.Values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		m := report.MeasureOf(name)
		line := fmt.Sprintf("  %-32s %s", m.Name, m.Format(r.Values[name]))
		if limit, ok := r.Limits[name]; ok {
			line += " of " + m.Format(limit)
		}
		fmt.Fprintln(p.stdout, line)
	}
}
