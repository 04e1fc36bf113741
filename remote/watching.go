package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

// watching says how a service's resources are seen.
type watching struct {
	live    string // address of a Glances that answers from here; "": none
	file    bool   // the machine writes a CSV
	glances bool   // it is Glances that does
	note    string // what a reader of the report should know
}

// watch starts what looks at the machine, after the service's container: one
// that is not there in the first row would never be in the file.
func (s *session) watch(ctx context.Context, m provider.Machine) (watching, error) {
	var w watching
	switch s.plan.Options.Metrics {
	case "none":
		return w, nil
	case "glances":
		_, err := s.plan.Glances(plan.WatcherFile).Run(ctx, s.Cloud.Commands, m.ID)
		if err == nil {
			w.file, w.glances = true, true
			break
		}
		var failed *script.StepError
		if !errors.As(err, &failed) {
			return w, err
		}
		w.note = fmt.Sprintf("Glances did not start (%s): a smaller sampler watched in its place", provider.Tail(failed.Result.Stderr, 1))
		s.Say(m.Type + ": " + w.note)
	}
	if !w.file {
		if _, err := s.plan.Sampler().Run(ctx, s.Cloud.Commands, m.ID); err != nil {
			return w, err
		}
		w.file = true
		return w, nil
	}
	return s.listen(ctx, m, w)
}

// listen finds out whether Glances can be asked from here while the load is on.
func (s *session) listen(ctx context.Context, m provider.Machine, w watching) (watching, error) {
	address := "http://" + net.JoinHostPort(s.plan.Address(m), strconv.Itoa(plan.GlancesPort))
	within, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err := provider.Poll(within, time.Second, func() (bool, error) {
		status, err := s.Probe(within, address+"/api/4/pluginslist")
		return err == nil && status == 200, nil
	})
	if ctx.Err() != nil {
		return w, context.Cause(ctx)
	}
	if err != nil {
		w.note = "Glances could not be asked from here while the load was on: what limited the service was found out afterwards, from its file"
		s.Say(m.Type + ": " + w.note)
		return w, nil
	}
	w.live = address
	return w, nil
}
