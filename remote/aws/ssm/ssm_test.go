package ssm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/plimsoll-load/plimsoll/remote/aws/ssm"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

func TestRunHasAResultForEachMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &agents{takes: 3 * time.Second, answer: func(machine, _ string) answer {
			switch machine {
			case "i-b":
				return answer{types.CommandInvocationStatusFailed, "Failed", 3, "half\n", "no such file\n"}
			case "i-c":
				return answer{types.CommandInvocationStatusTimedOut, "ExecutionTimedOut", -1, cut(strings.Repeat("x", 30000), 24000), ""}
			}
			return fine
		}}
		got, err := ssm.Client{API: a}.Run(t.Context(), provider.Command{
			Machines: []string{"i-c", "i-a", "i-b"}, Title: "start the service", Script: "true\n",
			Delivery: time.Second, Execution: 1500 * time.Millisecond,
		})
		if err != nil || len(got) != 3 {
			t.Fatalf("got %d results, %v", len(got), err)
		}
		for i, want := range []provider.Result{
			{Machine: "i-c", Status: provider.ExecutionTimedOut, ExitCode: -1, Cut: true},
			{Machine: "i-a", Status: provider.Succeeded, Stdout: "done\n"},
			{Machine: "i-b", Status: provider.Failed, ExitCode: 3, Stdout: "half\n", Stderr: "no such file\n"},
		} {
			want.CommandID = "c-1"
			if want.Cut {
				want.Stdout = got[i].Stdout
			}
			if got[i] != want {
				t.Errorf("result %d is %+v, want %+v", i, got[i], want)
			}
		}
		in := a.sent[0]
		if *in.TimeoutSeconds != 30 || in.Parameters["executionTimeout"][0] != "5" || *in.MaxErrors != "100%" || *in.Comment != "start the service" {
			t.Errorf("sent %d s, %v, %s, %s", *in.TimeoutSeconds, in.Parameters["executionTimeout"], *in.MaxErrors, *in.Comment)
		}
	})
}

func TestRunSendsToAnyNumberOfMachines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &agents{}
		got, err := ssm.Client{API: a}.Run(t.Context(), provider.Command{Machines: machineNames(120), Title: strings.Repeat("ü", 200)})
		if err != nil || len(got) != 120 || len(a.sent) != 3 || len(a.sent[2].InstanceIds) != 20 {
			t.Fatalf("got %d results in %d calls, %v", len(got), len(a.sent), err)
		}
		for _, r := range got {
			if r.Status != provider.Succeeded || r.CommandID == "" {
				t.Errorf("%+v", r)
			}
		}
		if n := len([]rune(*a.sent[0].Comment)); n != 100 {
			t.Errorf("the comment has %d characters, the service takes 100", n)
		}
	})
}

func TestEveryStatusIsTold(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status  types.CommandInvocationStatus
		details string
		want    provider.CommandStatus
	}{
		{"Success", "Success", provider.Succeeded},
		{"Success", "", provider.Succeeded},
		{"Failed", "Failed", provider.Failed},
		{"Failed", "", provider.Failed},
		{"Failed", "Undeliverable", provider.Undeliverable},
		{"Failed", "Terminated", provider.BatchEnded},
		{"Failed", "AccessDenied", provider.AccessDenied},
		{"Failed", "InvalidPlatform", provider.InvalidPlatform},
		{"TimedOut", "ExecutionTimedOut", provider.ExecutionTimedOut},
		{"TimedOut", "Execution Timed Out", provider.ExecutionTimedOut},
		{"TimedOut", "DeliveryTimedOut", provider.DeliveryTimedOut},
		{"TimedOut", "Delivery Timed Out", provider.DeliveryTimedOut},
		{"TimedOut", "", provider.ExecutionTimedOut},
		{"Cancelled", "Cancelled", provider.Cancelled},
		{"Cancelled", "Canceled", provider.Cancelled},
		{"Cancelled", "", provider.Cancelled},
		{"SomethingNew", "SomethingNew", provider.Failed},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &agents{answer: func(string, string) answer { return answer{row.status, row.details, 1, "", "why"} }}
			got, err := ssm.Client{API: a}.Run(t.Context(), provider.Command{Machines: []string{"i-a"}})
			if err != nil || got[0].Status != row.want {
				t.Errorf("%s, %q is told as %q (%v), want %q", row.status, row.details, got[0].Status, err, row.want)
			}
			if (got[0].Err("x") == nil) != (row.want == provider.Succeeded) {
				t.Errorf("%s, %q gives the error %v", row.status, row.details, got[0].Err("x"))
			}
		})
	}
}

func TestLooksGrowApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &agents{takes: time.Minute}
		if _, err := (ssm.Client{API: a}).Run(t.Context(), provider.Command{Machines: []string{"i-a"}}); err != nil {
			t.Fatal(err)
		}
		last, distance := a.accepted[0], 500*time.Millisecond
		for i, look := range a.looks {
			if d := look.Sub(last); d < distance*8/10 || d > distance*12/10 {
				t.Errorf("look %d came after %v, want about %v", i, d, distance)
			}
			last, distance = look, min(distance*3/2, 5*time.Second)
		}
		if n := len(a.looks); n < 25 || n > 40 {
			t.Errorf("%d looks in two minutes, want about 30", n)
		}
	})
}

func TestACommandMayBeUnknownForAWhile(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		unseen time.Duration
		want   provider.CommandStatus
	}{{20 * time.Second, provider.Succeeded}, {time.Hour, provider.StatusUnknown}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			got, err := ssm.Client{API: &agents{unseen: row.unseen}}.Run(t.Context(), provider.Command{Machines: []string{"i-a"}})
			if err != nil || got[0].Status != row.want || time.Since(start) > 40*time.Second {
				t.Errorf("unknown for %v: %q, %v, after %v", row.unseen, got[0].Status, err, time.Since(start))
			}
		})
	}
}

func TestTroubleWhileLooking(t *testing.T) {
	t.Parallel()
	storm := &smithy.GenericAPIError{Code: "ThrottlingException", Fault: smithy.FaultClient}
	for name, row := range map[string]struct {
		err   error
		looks int // that meet it
		fault error
	}{
		"throttling passes":                  {storm, 4, nil},
		"a broken connection passes":         {errors.New("connection reset by peer"), 4, nil},
		"the service's own fault passes":     {&types.InternalServerError{}, 4, nil},
		"the service's own fault stays":      {&types.InternalServerError{}, 1000, provider.Unavailable},
		"throttling stays":                   {storm, 1000, provider.Throttled},
		"a refusal does not become a yes":    {refused, 1, provider.Denied},
		"credentials do not become new ones": {&smithy.GenericAPIError{Code: "ExpiredTokenException", Fault: smithy.FaultClient}, 1, provider.Credentials},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &agents{lookErr: func(n int) error {
				if n <= row.looks {
					return row.err
				}
				return nil
			}}
			got, err := ssm.Client{API: a}.Run(t.Context(), provider.Command{Machines: []string{"i-a"}, Title: "look"})
			switch {
			case row.fault == nil:
				if err != nil || got[0].Status != provider.Succeeded {
					t.Errorf("%s: %+v, %v", name, got, err)
				}
			case !errors.Is(err, row.fault) || len(a.cancelled) != 1 || !strings.HasPrefix(err.Error(), "look: ssm:GetCommandInvocation (i-a)"):
				t.Errorf("%s: %v, %d cancelled", name, err, len(a.cancelled))
			}
		})
	}
}

func TestWhatIsOverdueIsCancelled(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		takes    time.Duration
		noCancel error
		want     provider.CommandStatus
	}{
		"never fetched":          {time.Hour, nil, provider.DeliveryTimedOut},
		"never ends":             {100 * time.Second, nil, provider.ExecutionTimedOut},
		"cannot be cancelled":    {time.Hour, refused, provider.StillRunning},
		"ends just before it is": {55 * time.Second, nil, provider.Succeeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			a := &agents{takes: row.takes, noCancel: row.noCancel}
			got, err := ssm.Client{API: a}.Run(t.Context(), provider.Command{Machines: []string{"i-a"}, Delivery: 30 * time.Second, Execution: time.Minute})
			if err != nil || got[0].Status != row.want || time.Since(start) > 127*time.Second {
				t.Errorf("%s: %q, %v, after %v", name, got[0].Status, err, time.Since(start))
			}
			if cancelled := len(a.cancelled) == 1; cancelled == (row.want == provider.Succeeded) {
				t.Errorf("%s: cancelled %v", name, a.cancelled)
			}
		})
	}
}

func TestTheCallersEndCancels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &agents{takes: time.Hour}
		why := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, why)
		defer cancel()
		got, err := ssm.Client{API: a}.Run(ctx, provider.Command{Machines: []string{"i-a", "i-b"}, Execution: time.Hour})
		if !errors.Is(err, why) || got[0].Status != provider.Cancelled || got[1].Status != provider.Cancelled {
			t.Errorf("%+v, %v", got, err)
		}
		if len(a.cancelled) != 1 || *a.cancelled[0].CommandId != "c-1" || len(a.cancelled[0].InstanceIds) != 2 {
			t.Errorf("cancelled %v", a.cancelled)
		}
	})
}

func TestMachinesWithoutAgent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &agents{online: map[string]bool{"i-a": true, "i-lost": false, "i-b": true}}
		c := ssm.Client{API: a}
		got, err := c.Run(t.Context(), provider.Command{Machines: []string{"i-a", "i-lost", "i-never", "i-b"}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []provider.CommandStatus{provider.Succeeded, provider.Undeliverable, provider.Undeliverable, provider.Succeeded} {
			if got[i].Status != want {
				t.Errorf("%s: %q, want %q", got[i].Machine, got[i].Status, want)
			}
		}
		for _, none := range [][]string{{"i-never"}, {"i-never", "i-lost"}} {
			got, err := c.Run(t.Context(), provider.Command{Machines: none})
			if !errors.Is(err, provider.NoAgent) || got[0].Status != provider.Undeliverable || got[0].ExitCode != -1 {
				t.Errorf("%v: %+v, %v", none, got, err)
			}
		}
		if n := len(a.sent); n != 1 {
			t.Errorf("%d commands were accepted, want 1", n)
		}
	})
}

func TestACommandThatCannotBeSent(t *testing.T) {
	t.Parallel()
	a := &agents{sendErr: refused}
	got, err := ssm.Client{API: a}.Run(t.Context(), provider.Command{Machines: []string{"i-a"}, Title: "start"})
	if !errors.Is(err, provider.Denied) || len(got) != 1 || got[0].Status != provider.StatusUnknown || len(a.looks) != 0 {
		t.Errorf("%+v, %v, %d looks", got, err, len(a.looks))
	}
}

func TestAgents(t *testing.T) {
	t.Parallel()
	c := ssm.Client{API: &agents{}}
	got, err := c.Agents(t.Context(), machineNames(70))
	if err != nil || len(got) != 70 || !got["i-069"].Online() || got["i-000"].Version != "3.3.987.0" || got["i-000"].Seen.IsZero() {
		t.Errorf("%d agents, %+v, %v", len(got), got["i-069"], err)
	}
	c = ssm.Client{API: &agents{online: map[string]bool{"i-a": true, "i-b": false}}}
	got, err = c.Agents(t.Context(), []string{"i-a", "i-b", "i-c"})
	if err != nil || keys(got) != "i-a i-b" || !got["i-a"].Online() || got["i-b"].Online() {
		t.Errorf("%+v, %v", got, err)
	}
}
