package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/sizing/recommend"
)

// replicas advises on a number of replicas from sizings with different ones.
type replicas struct {
	records string  // 1=a.jsonl,2=b.jsonl,4=c.jsonl
	target  float64 // iterations per second
}

func (r *replicas) flags(c *cobra.Command) {
	c.Flags().Var(cli.Text(&r.records, "n=record,…"), "replicas", "sizings with different numbers of replicas: 1=a.jsonl,2=b.jsonl,4=c.jsonl")
	c.Flags().Var(cli.Rate(&r.target), "target-load", "of --replicas: recommend how many carry this many iterations")
}

// effects refuses what changes nothing: --replicas prints its advice and shows no run.
func (r *replicas) effects(c *cobra.Command, args []string) error {
	if r.records != "" && len(args) > 0 {
		return cli.Usage("name it behind --replicas, as 1="+args[0], "report: the record %s has no effect with --replicas", args[0])
	}
	return errors.Join(cli.Together(c.Flags(), c.Name(), "replicas", "target-load"),
		cli.Apart(c.Flags(), c.Name(), "replicas", "html", "png", "svg", "md", "full", "summary", "force", "resources", "clock-offset"))
}

// paths are the records that are read.
func (r *replicas) paths() (list []string) {
	for part := range strings.SplitSeq(r.records, ",") {
		_, path, _ := strings.Cut(part, "=")
		list = append(list, path)
	}
	return list
}

// show prints the advice.
func (r *replicas) show(p process, asJSON bool) error {
	if r.target <= 0 {
		return cli.Usage("add --target-load 5000", "report --replicas: want a load to plan for")
	}
	var sizes []recommend.Size
	for part := range strings.SplitSeq(r.records, ",") {
		size, err := sizeOf(part)
		if err != nil {
			return err
		}
		sizes = append(sizes, size)
	}
	advice, err := recommend.ByReplicas(sizes, r.target, recommend.Plan{})
	if err != nil {
		return cli.FaultError{Code: exit.Inconclusive, Err: err}
	}
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(advice)
	}
	fmt.Fprintln(p.stdout, report.AdviceText(advice))
	return nil
}

// sizeOf reads one N=RECORD.
func sizeOf(text string) (recommend.Size, error) {
	number, path, _ := strings.Cut(text, "=")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || path == "" {
		return recommend.Size{}, cli.Usage("write --replicas 1=a.jsonl,2=b.jsonl", "--replicas: %q is not NUMBER=RECORD", text)
	}
	former, err := formerAnswer(path)
	if err != nil {
		return recommend.Size{}, err
	}
	if former.Capacity == nil {
		return recommend.Size{}, cli.Usage("size it again, with more budget if that ran out", "--replicas: the sizing in %s found no capacity (%s)", path, former.Verdict)
	}
	return recommend.Size{Replicas: n, Goodput: former.Capacity.Goodput}, nil
}
