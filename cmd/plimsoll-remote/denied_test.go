package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault fakeaws.Fault
		env   string // that is taken away
		want  []string
	}{
		"none":         {env: "AWS_ACCESS_KEY_ID", want: []string{"credentials", "AWS_PROFILE"}},
		"no region":    {env: "AWS_REGION", want: []string{"region", "--region"}},
		"expired":      {fault: fakeaws.ExpireTokenAfter(0), want: []string{"xpired", "sign in again"}},
		"unknown keys": {fault: fakeaws.BadKeys(), want: []string{"sts:GetCallerIdentity", "AWS_PROFILE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, fakeaws.Options{})
			if test.env != "" {
				r.env = slices.DeleteFunc(r.env, func(pair string) bool { return strings.HasPrefix(pair, test.env+"=") })
			} else {
				r.Inject(test.fault)
			}
			got := r.run(r.sizing()...)
			if got.code != 2 {
				t.Errorf("exit status %d, want 2", got.code)
			}
			for _, want := range test.want {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("%q was not said:\n%s", want, got.stderr)
				}
			}
			if strings.Contains(got.stdout+got.stderr, "planted-secret-key") {
				t.Error("a secret key was printed")
			}
			for _, c := range r.Calls() {
				if strings.HasPrefix(c.Action, "Run") || strings.HasPrefix(c.Action, "Create") {
					t.Errorf("%s was called", c.Action)
				}
			}
		})
	}
}

// TestEachActionMayBeDenied refuses one action after the other: it is named
// with the way to get it, and nothing is left once it is permitted again.
func TestEachActionMayBeDenied(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("some dozen processes")
	}
	whole := newRegion(t, fakeaws.Options{})
	if got := whole.run(whole.sizing()...); got.code != 0 {
		t.Fatalf("exit status %d\n%s", got.code, got.stderr)
	}
	actions := map[string]string{}
	for _, c := range whole.Calls() {
		actions[c.Action] = c.Service + ":" + c.Action
	}
	if len(actions) < 12 {
		t.Fatalf("a run has only %v", actions)
	}
	optional := []string{"GetProducts", "GetServiceQuota", "CancelCommand", "CreateTags"}
	for action, name := range actions {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, fakeaws.Options{})
			r.Inject(fakeaws.Unauthorized(action))
			got := r.run(r.sizing()...)
			switch {
			case slices.Contains(optional, action):
				if got.code != 0 {
					t.Errorf("exit status %d, and the run needs not be permitted this\n%s", got.code, got.stderr)
				}
			case got.code != 7 && got.code != 2:
				t.Errorf("exit status %d, want 7\n%s", got.code, got.stderr)
			case !strings.Contains(got.stderr, action):
				t.Errorf("%s was not named:\n%s", name, got.stderr)
			}
			r.Heal()
			if got := r.run("cleanup", "--all"); got.code != 0 {
				t.Errorf("cleanup ended with %d\n%s", got.code, got.stderr)
			}
			if left := r.Left(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestCommandsAroundARun(t *testing.T) {
	t.Parallel()
	r := newRegion(t, fakeaws.Options{})
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "cleanup"},
		{[]string{"size", "--help"}, 0, "--type STRING"},
		{[]string{"help", "size", "--all"}, 0, "--boot-timeout"},
		{[]string{"clean"}, 2, "did you mean `plimsoll remote cleanup`"},
		{[]string{"size", "--imge=x", "a.js"}, 2, "unknown flag: --imge"},
		{[]string{"size", "a.js"}, 2, "no image"},
		{[]string{"size", "--image=x", "--port=80", "--type=t3.micro", "--service-env=planted-value", "a.js"}, 2, "sets no variable"},
		{r.sizing("--tolerance=often"), 2, "tolerance"},
		{r.sizing("--generator-type=t3.small"), 2, "--s3"},
		{slices.DeleteFunc(r.sizing(), func(a string) bool { return a == "--yes" }), 2, "--yes"},
		{r.sizing("--dry-run"), 0, "shutdown -h +"},
		{r.sizing("--max-cost=0.0001"), 2, "more than --max-cost"},
		{[]string{"policy"}, 0, `"ec2:RunInstances"`},
		{[]string{"init", "--print"}, 0, "aws iam create-role"},
		{[]string{"init"}, 0, "plimsoll-instance is there"},
		{[]string{"doctor"}, 0, "plimsoll-instance"},
		{[]string{"status"}, 0, "nothing is there"},
		{[]string{"logs", "--run=none"}, 2, "no machine of run none"},
		{[]string{"fetch"}, 2, "--run"},
		{[]string{"cleanup"}, 2, "want one of"},
		{[]string{"cleanup", "--all", "--dry-run"}, 0, ""},
		{[]string{"cleanup", "--expired"}, 0, "nothing is left"},
	} {
		got := r.run(test.args...)
		if got.code != test.code || !strings.Contains(got.stdout+got.stderr, test.want) {
			t.Errorf("%q ended with %d, want %d and %q:\n%s%s", test.args, got.code, test.code, test.want, got.stdout, got.stderr)
		}
	}
	for _, c := range r.Calls() {
		if c.Action == "CreateSecurityGroup" || c.Action == "RunInstances" && !strings.Contains(c.Error, "DryRunOperation") {
			t.Errorf("%s was called: %s", c.Action, c.Error)
		}
	}
}

// TestAMachineIsKept leaves a machine for the next run, which leaves it, too; cleaning up ends it.
func TestAMachineIsKept(t *testing.T) {
	t.Parallel()
	r := newRegion(t, fakeaws.Options{})
	first := r.run(r.sizing("--keep=30m")...)
	left := r.Left()
	if first.code != 0 || len(left) != 2 || !strings.Contains(first.stderr, "is kept until") {
		t.Fatalf("exit status %d, left %v\n%s", first.code, left, first.stderr)
	}
	args := slices.DeleteFunc(r.sizing("--instance="+left[0]), func(a string) bool { return strings.HasPrefix(a, "--type=") })
	if second := r.run(args...); second.code != 0 || len(r.Left()) != 2 {
		t.Errorf("exit status %d, left %v\n%s", second.code, r.Left(), second.stderr)
	}
	if status := r.run("status"); !strings.Contains(status.stdout, left[0]) {
		t.Errorf("status does not list it:\n%s", status.stdout)
	}
	if got := r.run("cleanup", "--all"); got.code != 0 || len(r.Left()) != 0 {
		t.Errorf("exit status %d, left %v\n%s", got.code, r.Left(), got.stderr)
	}
}
