package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
	"github.com/plimsoll-load/plimsoll/session"
)

func newDoctor(p process) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "tell what this machine offers a load generator", GroupID: "tools", Args: cli.Exactly(0, "no argument"),
		Long: "Tells what this machine offers a load generator: processors, memory, open files,\nports, the garbage collector's settings, and the outside tools that some commands use.",
		RunE: func(c *cobra.Command, _ []string) error {
			own := ownLimits(c.Context())
			gc := p.tune(uint64(own[record.MemoryBytes]))
			for _, f := range [][2]string{
				{"version", session.Version + revision()},
				{"processors", limit(own[record.CPUCores], "%g cores")},
				{"memory", amount(own[record.MemoryBytes])},
				{"open files", limit(own[record.Descriptors], "%.0f: as many connections at most (raised to the hard limit, ulimit -Hn)")},
				{"ports", ports()},
				{"tracked connections", tracked()},
				{"garbage collector", fmt.Sprintf("GOGC=%d, soft memory limit %s", gc.percent, amount(float64(gc.limit)))},
				{"git", outside("git", "for --repo")},
				{"npm", outside("npm", "for --install of a repository's packages")},
				{"docker", outside("docker", "only to look around: containers are watched without it")},
			} {
				fmt.Fprintf(p.stdout, "%-20s %s\n", f[0], f[1])
			}
			return nil
		},
	}
}

// ownLimits are this process's, as far as they are known.
func ownLimits(ctx context.Context) map[string]float64 {
	own := monitor.Generator()
	defer func() { _ = own.Close() }() // it was only read
	rows, err := own.Read(ctx)
	if err != nil || len(rows) == 0 {
		return nil
	}
	return rows[0].Limits
}

func limit(v float64, format string) string {
	if v <= 0 {
		return "not known"
	}
	return fmt.Sprintf(format, v)
}

func amount(v float64) string {
	if v <= 0 || v >= math.MaxInt64 {
		return "not known"
	}
	return units.Bytes(v)
}

// ports tells the range that connections to one address and port can come from.
func ports() string {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	var from, to int
	if _, scan := fmt.Sscan(string(text), &from, &to); err != nil || scan != nil {
		return "not known"
	}
	return fmt.Sprintf("%d to one address and port (%d-%d)", to-from+1, from, to)
}

// tracked tells how many connections the firewall follows, and how many it may: beyond, it drops new ones.
func tracked() string {
	var counts [2]int
	for i, name := range []string{"nf_conntrack_count", "nf_conntrack_max"} {
		text, err := os.ReadFile("/proc/sys/net/netfilter/" + name)
		if _, scan := fmt.Sscan(string(text), &counts[i]); err != nil || scan != nil {
			return "not followed here"
		}
	}
	return fmt.Sprintf("%d of at most %d", counts[0], counts[1])
}

func outside(tool, what string) string {
	path, err := exec.LookPath(tool)
	if err != nil {
		return "not found; " + what
	}
	return strings.TrimSpace(path)
}
