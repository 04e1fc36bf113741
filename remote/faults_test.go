package remote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/cleanup"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// refused is a call that a cloud refuses.
func refused(f provider.Fault, action, code string) error {
	return &provider.APIError{Fault: f, Action: action, Code: code, Message: "says the cloud", Advice: dialect.Advice(f)}
}

// answerTo answers one step by its title, and leaves the others.
func answerTo(title string, code int, stderr string) func(provider.Command) (provider.Result, bool) {
	return func(c provider.Command) (provider.Result, bool) {
		if !strings.HasPrefix(c.Title, title) {
			return provider.Result{}, false
		}
		return ended(code, "", stderr), true
	}
}

// hint is the advice of an error.
func hint(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

func code(err error) int {
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

// fault is one thing that goes wrong: what is said about it, and with which exit code.
type fault struct {
	name  string
	wreck func(tr *trial, o *plan.Options)
	want  []string // in the error, its hint, what was said or the notes of the results
	code  int
	loads int // how many machines are loaded all the same
}

func TestWhatGoesWrongIsSaidAndCleanedUp(t *testing.T) {
	t.Parallel()
	for _, f := range slices.Concat(beforehand(), machineFaults(), serviceFaults(), loadFaults()) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t)
			o := options("c7.small")
			f.wreck(tr, &o)
			results, err := tr.run(t, o)
			said := fmt.Sprint(err, hint(err), tr.said, tr.printed)
			for _, r := range results {
				said += fmt.Sprint(r.Notes, r.Err, hint(r.Err))
			}
			for _, want := range f.want {
				if !strings.Contains(said, want) {
					t.Errorf("%q was not said:\n%s", want, said)
				}
			}
			if f.code != 0 && (err == nil || code(err) != f.code) || f.code == 0 && err != nil {
				t.Errorf("it ended with %v, want exit code %d", err, f.code)
			}
			if left := tr.left(); left != nil {
				t.Errorf("left: %v", left)
			}
			if tr.began != f.loads {
				t.Errorf("%d loads were sent, want %d", tr.began, f.loads)
			}
		})
	}
}

// beforehand are faults that are met before anything is made.
func beforehand() []fault {
	return []fault{
		{name: "credentials are missing or expired", code: exit.Usage, want: []string{"ExpiredToken", "AWS_PROFILE"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.refuse = on("Caller", 0, refused(provider.Credentials, "sts:GetCallerIdentity", "ExpiredToken"))
		}},
		{name: "the first image's parameter is missing", loads: 1, wreck: func(tr *trial, _ *plan.Options) {
			tr.refuse = on("Image ssm:/aws/service/ecs", 0, refused(provider.NotFound, "ssm:GetParameter", "ParameterNotFound"))
		}},
		{name: "no image's parameter is there", code: exit.Outside, want: []string{"no image for c7.small", "--ami"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.refuse = on("Image", 0, refused(provider.NotFound, "ssm:GetParameter", "ParameterNotFound"))
		}},
		{name: "the image is of another architecture", code: exit.Usage, want: []string{"is for x86_64, and g9.arm is arm64"}, wreck: func(_ *trial, o *plan.Options) {
			o.Types, o.ImageID = []string{"g9.arm"}, "ami-123"
		}},
		{name: "an unknown type", code: exit.Outside, want: []string{"zz9.bogus"}, wreck: func(_ *trial, o *plan.Options) { o.Types = []string{"zz9.bogus"} }},
		{name: "no default network", code: exit.Usage, want: []string{"has no default network", "--subnet"}, wreck: func(tr *trial, _ *plan.Options) { tr.subnets = nil }},
		{name: "this machine's address is not known", code: exit.Usage, want: []string{"could not be found", "--allow-cidr"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.world.Address = func(context.Context) (string, error) { return "", errors.New("no network") }
		}},
		{name: "the script cannot be loaded", code: 3, want: []string{"the script or its settings cannot be used, and nothing was made"}, wreck: func(tr *trial, _ *plan.Options) { tr.settings = 3 }},
		{name: "the whole world", code: exit.Usage, want: []string{"--allow-world"}, wreck: func(_ *trial, o *plan.Options) { o.Allow = []string{"0.0.0.0/0"} }},
		{name: "more than it may cost", code: exit.Usage, want: []string{"more than --max-cost"}, wreck: func(_ *trial, o *plan.Options) { o.MaxCost = 0.001 }},
		{name: "a limit of cost, and no price", code: exit.Usage, want: []string{"a price is not known"}, wreck: func(tr *trial, o *plan.Options) {
			o.MaxCost, tr.prices = 1, nil
		}},
		{name: "the price is unknown", loads: 1, want: []string{"price unknown"}, wreck: func(tr *trial, _ *plan.Options) { tr.prices = nil }},
	}
}

// machineFaults are those of groups, machines and agents.
func machineFaults() []fault {
	notPermitted := func(call, action string) func(*trial, *plan.Options) {
		return func(tr *trial, _ *plan.Options) {
			tr.refuse = on(call, 1, refused(provider.Denied, action, "UnauthorizedOperation"))
		}
	}
	return []fault{
		{name: "may not make a group", code: exit.Outside, want: []string{"may not ec2:CreateSecurityGroup", "remote policy"}, wreck: notPermitted("CreateGroup", "ec2:CreateSecurityGroup")},
		{name: "may not open a port", code: exit.Outside, want: []string{"may not ec2:AuthorizeSecurityGroupIngress"}, wreck: notPermitted("Allow", "ec2:AuthorizeSecurityGroupIngress")},
		{name: "may not launch", code: exit.Outside, want: []string{"may not ec2:RunInstances"}, wreck: notPermitted("Launch", "ec2:RunInstances")},
		{name: "may not look at machines", code: exit.Outside, want: []string{"may not ec2:DescribeInstances"}, wreck: notPermitted("Find", "ec2:DescribeInstances")},
		{name: "may not look at agents", code: exit.Outside, want: []string{"may not ssm:DescribeInstanceInformation"}, wreck: notPermitted("Agents", "ssm:DescribeInstanceInformation")},
		{name: "may not send commands", code: exit.Outside, want: []string{"may not ssm:SendCommand"}, wreck: notPermitted("Run", "ssm:SendCommand")},
		{name: "a group of that name is somebody else's", code: exit.Outside, want: []string{"it is left alone"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.refuse = on("CreateGroup", 1, refused(provider.Exists, "ec2:CreateSecurityGroup", "InvalidGroup.Duplicate"))
		}},
		{name: "the answer about the group was lost", loads: 1, wreck: func(tr *trial, _ *plan.Options) {
			tr.lose = on("CreateGroup", 1, refused(provider.Exists, "ec2:CreateSecurityGroup", "InvalidGroup.Duplicate"))
		}},
		{name: "no room in the first zone", loads: 1, want: []string{"no c7.small in eu-west-1a now"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.refuse = on("Launch c7.small subnet-a", 0, refused(provider.Capacity, "ec2:RunInstances", "InsufficientInstanceCapacity"))
		}},
		{name: "no room in any zone, and another type", loads: 1, want: []string{"no machine of this type in eu-west-1a, eu-west-1b", "190 iterations/s", "0.0000 USD for 0s"}, wreck: func(tr *trial, o *plan.Options) {
			o.Types = append(o.Types, "c7.large")
			tr.refuse = on("Launch c7.small", 0, refused(provider.Capacity, "ec2:RunInstances", "InsufficientInstanceCapacity"))
		}},
		{name: "the quota has room for one machine", loads: 2, want: []string{"now it is tried alone"}, wreck: func(tr *trial, o *plan.Options) {
			o.Types = append(o.Types, "c7.large")
			tr.refuse = func(call string) error {
				if strings.HasPrefix(call, "Launch") && tr.up() > 0 {
					return refused(provider.Quota, "ec2:RunInstances", "VcpuLimitExceeded")
				}
				return nil
			}
		}},
		{name: "the profile can be used after a while", loads: 1, wreck: func(tr *trial, _ *plan.Options) {
			tr.refuse = on("Launch", 10, refused(provider.ProfileNotReady, "ec2:RunInstances", "InvalidParameterValue"))
		}},
		{name: "the profile can never be used", code: exit.Outside, want: []string{"remote init"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.refuse = on("Launch", 0, refused(provider.ProfileNotReady, "ec2:RunInstances", "InvalidParameterValue"))
		}},
		{name: "the answer about the machine was lost", loads: 1, wreck: func(tr *trial, _ *plan.Options) { tr.lose = on("Launch", 1, errLost) }},
		{name: "docker is not there", code: exit.Outside, want: []string{"docker does not answer", "it went wrong here"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.answers = answerTo("wait for docker", 41, "docker does not answer")
		}},
		{name: "the agent never reports", code: exit.Outside, want: []string{"its agent never reported", "it went wrong here"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.agents = func(string) provider.Agent { return provider.Agent{} }
		}},
		{name: "the machine ends while it boots", code: exit.Outside, want: []string{"Client.VolumeLimitExceeded"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.lose = func(call string) error {
				if strings.HasPrefix(call, "Launch") {
					for _, m := range tr.machines { // the fake holds its lock here
						m.State, m.Reason = provider.Terminated, "Client.VolumeLimitExceeded"
					}
				}
				return nil
			}
		}},
	}
}

// up is how many machines count against a quota.
func (f *fake) up() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.machines {
		if m.State != provider.Terminated {
			n++
		}
	}
	return n
}

// serviceFaults are those of the service and of what watches it, before the load.
func serviceFaults() []fault {
	pull := func(said string) func(*trial, *plan.Options) {
		return func(tr *trial, _ *plan.Options) { tr.answers = answerTo("start kinto", codePull, said) }
	}
	return []fault{
		{name: "no image for this processor", code: exit.Outside, want: []string{"not made for the machine's processor"}, wreck: pull("no matching manifest for linux/arm64/v8 in the manifest list entries")},
		{name: "too many pulls", code: exit.Outside, want: []string{"limits how often images are pulled"}, wreck: pull("toomanyrequests: You have reached your pull rate limit")},
		{name: "an image that needs a login", code: exit.Outside, want: []string{"needs a login"}, wreck: pull("pull access denied for kinto, repository does not exist or may require 'docker login'")},
		{name: "an image that does not exist", code: exit.Outside, want: []string{"is not there", "name and tag"}, wreck: pull("manifest for kinto:1 not found: manifest unknown")},
		{name: "no way to the registry", code: exit.Outside, want: []string{"cannot find the registry"}, wreck: pull("dial tcp: lookup registry-1.docker.io: no such host")},
		{name: "the port is in use", code: exit.Outside, want: []string{"port 8888 of the machine is in use"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.answers = answerTo("start kinto", codeRun, "Bind for 0.0.0.0:8888 failed: port is already allocated")
		}},
		{name: "the service ends at once", code: exit.Nothing, want: []string{"ended as soon as it was started", "no database"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.answers = answerTo("start kinto", codeExited, "it ended with code 1\nno database")
		}},
		{name: "the service is for another processor", code: exit.Nothing, want: []string{"built for another processor"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.answers = answerTo("start kinto", codeExited, "exec /app: exec format error")
		}},
		{name: "a parameter cannot be read", code: exit.Outside, want: []string{"ssm:GetParameter"}, wreck: func(tr *trial, o *plan.Options) {
			o.Parameters = []string{"KEY=/kinto/key"}
			tr.answers = answerTo("start kinto", codeParameter, "the parameter /kinto/key cannot be read on the machine")
		}},
		{name: "the service never listens", code: exit.Nothing, want: []string{"does not answer from here", "waiting for the database"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.world.Probe = func(context.Context, string) (int, error) { return 0, errors.New("connection refused") }
			tr.answers = func(c provider.Command) (provider.Result, bool) {
				return ended(0, "state running\nwaiting for the database\n", ""), c.Title == "look at the service"
			}
		}},
		{name: "this machine's address changed", code: exit.Nothing, want: []string{"203.0.113.7/32", "now seen as 198.51.100.9/32"}, wreck: func(tr *trial, _ *plan.Options) {
			n := 0
			tr.world.Address = func(context.Context) (string, error) {
				n++
				return []string{"203.0.113.7/32", "198.51.100.9/32"}[min(n-1, 1)], nil
			}
			tr.world.Probe = func(context.Context, string) (int, error) { return 0, errors.New("i/o timeout") }
		}},
		{name: "Glances cannot be pulled", loads: 1, want: []string{"a smaller sampler watched in its place"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.files["glances.csv"] = "timestamp,cpu.steal\n"
			tr.answers = answerTo("start Glances", codePull, "toomanyrequests")
		}},
		{name: "Glances sees no container", loads: 1, want: []string{"no column of the container"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.answers = answerTo("start Glances", 42, "its file has no column of the container plimsoll-service")
		}},
		{name: "Glances cannot be asked from here", loads: 1, want: []string{"found out afterwards"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.files["glances.csv"] = "timestamp,cpu.steal\n"
			tr.world.Probe = func(_ context.Context, url string) (int, error) {
				if strings.Contains(url, "61208") {
					return 0, errors.New("connection refused")
				}
				return 200, nil
			}
		}},
	}
}

// loadFaults are those of the time under load and after.
func loadFaults() []fault {
	steal := func(share float64) func(*trial, *plan.Options) {
		return func(tr *trial, _ *plan.Options) {
			tr.load = func(ctx context.Context, c Child) (int, error) {
				rows := []any{record.Hold{StartS: 10, LengthS: 20}}
				for at := range 40 {
					rows = append(rows, record.Resources{
						AtS: float64(at), Source: "host 127.0.102.1:61208",
						Values: map[string]float64{record.CPUStealCores: 2 * share}, Limits: map[string]float64{record.CPUCores: 2},
					})
				}
				return tr.size(ctx, c, rows)
			}
		}
	}
	return []fault{
		{name: "others take the machine's CPU", loads: 1, want: []string{"no verdict: 12 % of the machine's CPU time was taken for others"}, wreck: steal(0.12)},
		{name: "the credits of a small type are used up", loads: 1, want: []string{"its CPU credits are used up"}, wreck: func(tr *trial, o *plan.Options) {
			o.Types = []string{"t3.small"}
			steal(0.3)(tr, o)
		}},
		{name: "a little steal", loads: 1, want: []string{"a million requests"}, wreck: steal(0.02)},
		{name: "the machine is ended by somebody", loads: 1, code: exit.Outside, want: []string{"Client.UserInitiatedShutdown", "incomplete"}, wreck: func(tr *trial, o *plan.Options) {
			o.Preemptible = true
			tr.load = func(ctx context.Context, c Child) (int, error) {
				tr.mu.Lock()
				for _, m := range tr.machines {
					m.State, m.Reason = provider.Terminated, "Client.UserInitiatedShutdown"
				}
				tr.mu.Unlock()
				return tr.size(ctx, c, nil)
			}
		}},
		{name: "the service is killed for want of memory", loads: 1, want: []string{"killed for want of memory at 2026-11-24T10:00:00Z: memory limits it, not CPU"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.files["state.json"] = `{"Running":false,"OOMKilled":true,"ExitCode":137,"FinishedAt":"2026-11-24T10:00:00Z"}`
		}},
		{name: "the service starts again and again", loads: 1, want: []string{"started again 4 times"}, wreck: func(tr *trial, _ *plan.Options) { tr.files["versions.txt"] = "docker 25\nrestarts 4\n" }},
		{name: "the load starves the agent for a while", loads: 1, want: []string{"the summary"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.agents = func(string) provider.Agent {
				if tr.began > 0 && time.Since(tr.machines["i-002"].Launched) < 4*time.Minute {
					return provider.Agent{Ping: "ConnectionLost", Seen: time.Now()}
				}
				return provider.Agent{Ping: "Online"}
			}
		}},
		{name: "the agent never comes back", loads: 1, want: []string{"the machine's files could not be fetched", "its agent is ConnectionLost"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.agents = func(string) provider.Agent {
				if tr.began > 0 {
					return provider.Agent{Ping: "ConnectionLost", Seen: time.Now()}
				}
				return provider.Agent{Ping: "Online"}
			}
		}},
		{name: "a file comes home damaged", loads: 1, want: []string{"service.log came home damaged twice"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.answers = func(c provider.Command) (provider.Result, bool) {
				return ended(0, "\x1f\x8b\x08 and no more", ""), c.Title == "fetch service.log"
			}
		}},
		{name: "the program plimsoll does not start", loads: 1, code: 1, want: []string{"no such program"}, wreck: func(tr *trial, _ *plan.Options) {
			tr.load = func(context.Context, Child) (int, error) { return -1, errors.New("no such program") }
		}},
	}
}

func TestInterruptsEndOneThingAfterTheOther(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		signals int
		fetched bool
		left    bool
	}{{1, true, false}, {2, false, false}, {3, false, true}} {
		t.Run(fmt.Sprint(test.signals), func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t)
			tr.load = func(ctx context.Context, c Child) (int, error) {
				go func() {
					for range test.signals {
						tr.signals <- syscall.SIGINT
					}
				}()
				defer synctest.Wait()
				return tr.size(ctx, c, nil)
			}
			results, err := tr.run(t, options("c7.small"))
			if code(err) != 130 {
				t.Errorf("exit code %d, want 130: %v", code(err), err)
			}
			_, missing := os.Stat(filepath.Join(results[0].Folder, "service.log"))
			if (missing == nil) != test.fetched {
				t.Errorf("the log was fetched: %v, want %v", missing == nil, test.fetched)
			}
			left := tr.left()
			if (left != nil) != test.left {
				t.Errorf("left: %v", left)
			}
			if test.left && !strings.Contains(err.Error(), "i-002") {
				t.Errorf("what is left is not named: %v", err)
			}
		})
	}
}

// TestWhatCannotBeRemovedIsNamed lets clean-up fail in part: it goes on, says what is left, and can be repeated.
func TestWhatCannotBeRemovedIsNamed(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.refuse = on("DeleteGroup", 1, refused(provider.Unavailable, "ec2:DeleteSecurityGroup", "InternalError"))
	_, err := tr.run(t, options("c7.small"))
	if code(err) != exit.Outside || !strings.Contains(err.Error(), "left: group sg-001 in eu-west-1") || !strings.Contains(hint(err), "cleanup --run") {
		t.Errorf("it ended with %v (%s)", err, hint(err))
	}
	if left := tr.left(); len(left) != 1 {
		t.Errorf("left: %v, want the group alone", left)
	}
	synctest.Test(t, func(t *testing.T) {
		c := cleanup.Cleaner{Clouds: map[string]provider.Cloud{"eu-west-1": tr.cloud()}, Runs: tr.world.Runs, Say: func(string) {}}
		if left, err := c.Clean(t.Context(), cleanup.Scope{All: true}); err != nil || left != nil || tr.left() != nil {
			t.Errorf("the second time left %v: %v", left, err)
		}
	})
}

// TestCredentialsThatEndDuringTheRun keep what was found, and say what could not be cleaned up.
func TestCredentialsThatEndDuringTheRun(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.load = func(ctx context.Context, c Child) (int, error) {
		tr.mu.Lock()
		tr.refuse = func(string) error { return refused(provider.Credentials, "ec2:DescribeInstances", "ExpiredToken") }
		tr.mu.Unlock()
		return tr.size(ctx, c, nil)
	}
	results, err := tr.run(t, options("c7.small"))
	if c, _ := results[0].Capacity(); c != 100 {
		t.Errorf("the capacity is lost: %+v", results[0])
	}
	for _, want := range []string{"i-002", "sg-001", "machines end themselves at"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestALeaseIsRenewedWhileTheLoadGoesOn(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.load = func(ctx context.Context, c Child) (int, error) {
		if err := provider.Pause(ctx, 3*time.Hour); err != nil {
			t.Errorf("the load ended early: %v", err)
		}
		return tr.size(ctx, c, nil)
	}
	if _, err := tr.run(t, options("c7.small")); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range tr.scripts {
		if c.Title == "renew the lease" {
			n++
		}
	}
	if n < 17 {
		t.Errorf("the lease was renewed %d times in three hours", n)
	}
}

func TestALeaseThatCannotBeRenewedEndsTheLoad(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.answers = answerTo("renew the lease", 1, "no such command")
	var lasted time.Duration
	tr.load = func(ctx context.Context, c Child) (int, error) {
		began := time.Now()
		_ = provider.Pause(ctx, 3*time.Hour)
		lasted = time.Since(began)
		return tr.size(ctx, c, nil)
	}
	results, err := tr.run(t, options("c7.small"))
	if err != nil {
		t.Fatal(err)
	}
	if lasted > 40*time.Minute || lasted < 20*time.Minute { // the lease is 49 minutes
		t.Errorf("the load lasted %v", lasted)
	}
	if n := strings.Join(results[0].Notes, " "); !strings.Contains(n, "could not be renewed") || tr.left() != nil {
		t.Errorf("notes %q, left %v", n, tr.left())
	}
}
