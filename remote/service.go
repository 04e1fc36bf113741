package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/provision"
	"github.com/plimsoll-load/plimsoll/remote/script"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// deploy starts the service's container on a machine.
func (s *session) deploy(ctx context.Context, m provider.Machine) error {
	said, err := s.plan.Service().Run(ctx, s.Cloud.Commands, m.ID)
	if err != nil {
		return whyNotStarted(s.plan, err)
	}
	for line := range strings.Lines(said) {
		s.Say(m.Type + ": " + strings.TrimSpace(line))
	}
	return nil
}

// The codes of service.sh.
const (
	codePull      = 31
	codeExited    = 33
	codeRun       = 34
	codeParameter = 35
)

// whyNotStarted turns a script's failure into what it means for the service.
func whyNotStarted(p *plan.Plan, err error) error {
	var failed *script.StepError
	if !errors.As(err, &failed) {
		return err
	}
	e := &provision.StartError{Tail: provider.Tail(failed.Result.Stderr, provider.TailLines), Code: exit.Outside}
	image := p.Options.Image
	switch failed.Code {
	case codePull:
		e.What, e.Advice = pullFailure(image, failed.Result.Stderr)
	case codeRun:
		e.What, e.Advice = "docker could not start "+image, "--docker-arg passes further arguments to `docker run`"
		if said := strings.ToLower(failed.Result.Stderr); strings.Contains(said, "already allocated") || strings.Contains(said, "address already in use") {
			e.What, e.Advice = fmt.Sprintf("port %d of the machine is in use", p.Options.Port), "end what uses it, or take another machine"
		}
	case codeExited:
		e.What, e.Advice, e.Code = image+" ended as soon as it was started", "the lines above are the end of its log", exit.Nothing
		if strings.Contains(failed.Result.Stderr, "exec format error") {
			e.What, e.Advice = image+" is built for another processor", "build it for the machine's architecture, or take another --type"
		}
	case codeParameter:
		e.What = "a parameter with a value for the service cannot be read"
		e.Advice = p.Dialect.ParameterHint
	default:
		return err
	}
	return e
}

// pullFailure says in words why an image could not be fetched.
func pullFailure(image, said string) (what, advice string) {
	for _, c := range []struct{ sign, what, advice string }{
		{"no matching manifest", "is not made for the machine's processor", "build it for that architecture, or take another --type"},
		{"toomanyrequests", "was refused: the registry limits how often images are pulled", "wait, sign in on the machine (--instance), or use a registry of your own"},
		{"no basic auth", "needs a login", "make it public, or use --instance with a machine that is signed in"},
		{"unauthorized", "needs a login", "make it public, or use --instance with a machine that is signed in"},
		{"denied", "is not there, or needs a login", "check its name; a private image needs a machine that is signed in (--instance)"},
		{"manifest unknown", "is not there", "check its name and tag"},
		{"not found", "is not there", "check its name and tag"},
		{"no such host", "could not be pulled: the machine cannot find the registry", "check the image's name, and that the subnet has a way to the internet"},
		{"timeout", "could not be pulled: the registry does not answer the machine", "check that the subnet has a way to the internet"},
	} {
		if strings.Contains(strings.ToLower(said), c.sign) {
			return "the image " + image + " " + c.what, c.advice
		}
	}
	return "the image " + image + " could not be pulled", "the lines above are what docker said"
}

// answers waits until the service answers from here, which is the way that
// the load will take. Any answer below 500 is one: a 404 is a server that listens.
func (s *session) answers(ctx context.Context, m provider.Machine) error {
	within, cancel := context.WithTimeout(ctx, s.plan.Options.ProbeTimeout)
	defer cancel()
	address := "http://" + s.plan.HostPort(m) + s.plan.Options.ProbePath
	var last error
	err := provider.Poll(within, time.Second, func() (bool, error) {
		status, err := s.Probe(within, address)
		if err == nil && status >= http.StatusInternalServerError {
			err = fmt.Errorf("it answers %d", status)
		}
		if last = err; err != nil {
			if _, err := provider.FindLive(within, s.Cloud.Machines, m.ID); err != nil {
				return false, err
			}
		}
		return last == nil, nil
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return s.whySilent(ctx, m, address, last)
	}
	return err
}

// whySilent gathers why a service cannot be reached.
func (s *session) whySilent(ctx context.Context, m provider.Machine, address string, last error) error {
	e := &provision.StartError{
		What:   fmt.Sprintf("%s does not answer from here within %s: %v", address, s.plan.Options.ProbeTimeout, last),
		Code:   exit.Nothing,
		Advice: "does the service listen on 0.0.0.0 and on this --port? --probe-path and --probe-timeout say what to wait for",
	}
	said, err := s.plan.ServiceState().Run(ctx, s.Cloud.Commands, m.ID)
	if err == nil {
		e.Tail = said
	}
	if s.plan.Options.Instance != "" {
		e.Advice += fmt.Sprintf("; the machine's %s must let this machine in on port %d", s.plan.Dialect.Group, s.plan.Options.Port)
		return e
	}
	if len(s.plan.Options.Allow) > 0 {
		e.Advice += "; " + s.plan.Allowed()
		return e
	}
	if own, err := s.Address(ctx); err == nil && len(s.plan.Sources) > 0 && own != s.plan.Sources[0] {
		e.Advice = fmt.Sprintf("%s, and this machine is now seen as %s: name all its addresses with --allow-cidr", s.plan.Allowed(), own)
	}
	return e
}

// HTTPProbe asks an address once and returns the status.
func HTTPProbe(client *http.Client) func(context.Context, string) (int, error) {
	return func(ctx context.Context, address string) (int, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return 0, err
		}
		answer, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)) // what counts is that it came
		return answer.StatusCode, answer.Body.Close()
	}
}

// roundTrip is the least time of twenty probes.
func (s *session) roundTrip(ctx context.Context, m provider.Machine) time.Duration {
	address := "http://" + s.plan.HostPort(m) + s.plan.Options.ProbePath
	if s.generator != nil {
		_, least, _ := s.generator.ask(ctx, address, 20) // 0: not known
		return least
	}
	least := time.Duration(0)
	for range 20 {
		began := time.Now()
		if _, err := s.Probe(ctx, address); err != nil {
			continue
		}
		if took := time.Since(began); least == 0 || took < least {
			least = took
		}
	}
	return least
}
