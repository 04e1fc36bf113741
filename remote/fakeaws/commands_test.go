package fakeaws_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// send sends one script to one instance and tells the command's id.
func (c client) send(id, text, more string) string {
	c.t.Helper()
	status, v := c.ssm("SendCommand", fmt.Sprintf(`{"InstanceIds":[%q],"DocumentName":"AWS-RunShellScript","Parameters":{"commands":[%q]%s}}`, id, text, more))
	if status != http.StatusOK {
		c.t.Fatalf("refused: %v", v)
	}
	synctest.Wait()
	return v["Command"].(map[string]any)["CommandId"].(string)
}

func (c client) invocation(command, id string) map[string]any {
	c.t.Helper()
	_, v := c.ssm("GetCommandInvocation", fmt.Sprintf(`{"CommandId":%q,"InstanceId":%q}`, command, id))
	return v
}

// forward lets a bubble's time pass.
func forward(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's time
	synctest.Wait()
}

func TestTheAgentTellsOutcomesInItsOwnWay(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 30000)
	for _, test := range []struct {
		name            string
		outcome         fakeaws.Outcome
		after           time.Duration
		status, details string
		exit            float64
		stdout, stderr  int // lengths
	}{
		{"success", fakeaws.Outcome{Stdout: "a", Stderr: "bc"}, 0, "Success", "Success", 0, 1, 2},
		{"failure", fakeaws.Outcome{Exit: 7}, 0, "Failed", "Failed", 7, 0, 0},
		{"137 is a time-out, whoever killed", fakeaws.Outcome{Exit: 137}, 0, "TimedOut", "ExecutionTimedOut", 137, 0, 0},
		{"168 is a success", fakeaws.Outcome{Exit: 168}, 0, "Success", "Success", 168, 0, 0},
		{"long output", fakeaws.Outcome{Stdout: long, Stderr: long}, 0, "Success", "Success", 0, 24000, 8000},
		{"23,999 characters", fakeaws.Outcome{Stdout: long[:23999]}, 0, "Success", "Success", 0, 23999, 0},
		{"still running", fakeaws.Outcome{Takes: 20 * time.Second}, 19 * time.Second, "InProgress", "InProgress", -1, 0, 0},
		{"over", fakeaws.Outcome{Takes: 20 * time.Second}, 20 * time.Second, "Success", "Success", 0, 0, 0},
		{"too slow", fakeaws.Outcome{Takes: 90 * time.Second, Stdout: "a"}, time.Minute, "TimedOut", "ExecutionTimedOut", 137, 1, 0},
		{"a child holds stdout", fakeaws.Outcome{HoldsStdout: true}, 59 * time.Second, "InProgress", "InProgress", -1, 0, 0},
		{"a child held stdout", fakeaws.Outcome{HoldsStdout: true}, time.Minute, "TimedOut", "ExecutionTimedOut", 137, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := fakeaws.New(fakeaws.Options{Script: func(context.Context, fakeaws.Instance, fakeaws.Command) fakeaws.Outcome { return test.outcome }})
				k := clientOf(t, c)
				id := launch(t, c, k, runForm)
				command := k.send(id, "true", `,"executionTimeout":["60"]`)
				forward(test.after)
				v := k.invocation(command, id)
				stdout, stderr := v["StandardOutputContent"].(string), v["StandardErrorContent"].(string)
				if v["Status"] != test.status || v["StatusDetails"] != test.details || v["ResponseCode"] != test.exit || len(stdout) != test.stdout || len(stderr) != test.stderr {
					t.Errorf("told %v, %v, code %v, %d and %d characters, want %+v", v["Status"], v["StatusDetails"], v["ResponseCode"], len(stdout), len(stderr), test)
				}
				if cut := len(test.outcome.Stdout) > 24000; cut != strings.HasSuffix(stdout, "--output truncated--") {
					t.Errorf("the end of stdout is %q", stdout[max(0, len(stdout)-30):])
				}
				_, list := k.ssm("ListCommandInvocations", `{"CommandId":"`+command+`","Details":true}`)
				plugin := list["CommandInvocations"].([]any)[0].(map[string]any)["CommandPlugins"].([]any)[0].(map[string]any)
				if n := len(plugin["Output"].(string)); n > 2500 || test.stdout > 2500 && n != 2500 {
					t.Errorf("the list tells %d characters of output", n)
				}
			})
		})
	}
}

func TestRebootRunsTheScriptAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs int
		c := fakeaws.New(fakeaws.Options{Register: 30 * time.Second, Script: func(context.Context, fakeaws.Instance, fakeaws.Command) fakeaws.Outcome {
			if runs++; runs == 1 {
				return fakeaws.Outcome{Exit: 194}
			}
			return fakeaws.Outcome{Stdout: "again"}
		}})
		k := clientOf(t, c)
		id := launch(t, c, k, runForm)
		forward(30 * time.Second)
		command := k.send(id, "exit 194", "")
		_ = k.invocation(command, id) // the agent tells of the reboot
		forward(29 * time.Second)
		if v := k.invocation(command, id); v["Status"] != "InProgress" || c.State().Instances[0].Ping != "ConnectionLost" {
			t.Errorf("while it reboots: %v, agent %s", v, c.State().Instances[0].Ping)
		}
		forward(time.Second)
		_ = k.invocation(command, id) // delivers it again
		synctest.Wait()
		if v := k.invocation(command, id); v["Status"] != "Success" || v["StandardOutputContent"] != "again" || runs != 2 {
			t.Errorf("after %d runs: %v", runs, v)
		}
	})
}

func TestAgentsThatAreLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := fakeaws.New(fakeaws.Options{Script: func(context.Context, fakeaws.Instance, fakeaws.Command) fakeaws.Outcome {
			return fakeaws.Outcome{Takes: 30 * time.Second}
		}})
		k := clientOf(t, c)
		c.Inject(fakeaws.LoseAgentAfter(time.Minute, 5*time.Minute))
		id := launch(t, c, k, runForm)
		forward(50 * time.Second)
		early := k.send(id, "early", "")
		forward(20 * time.Second)
		late := k.send(id, "late", "")
		hopeless := fmt.Sprintf(`{"InstanceIds":[%q],"DocumentName":"AWS-RunShellScript","TimeoutSeconds":30,"Parameters":{"commands":["x"]}}`, id)
		_, v := k.ssm("SendCommand", hopeless)
		undelivered := v["Command"].(map[string]any)["CommandId"].(string)
		forward(2 * time.Minute)
		for command, want := range map[string]string{early: "InProgress InProgress", late: "Pending Pending", undelivered: "TimedOut DeliveryTimedOut"} {
			if v := k.invocation(command, id); fmt.Sprint(v["Status"], " ", v["StatusDetails"]) != want {
				t.Errorf("while the agent is lost: %v, want %s", v, want)
			}
		}
		forward(3 * time.Minute)
		_ = k.invocation(late, id)
		forward(time.Minute)
		for _, command := range []string{early, late} {
			if v := k.invocation(command, id); v["Status"] != "Success" {
				t.Errorf("when it is back: %v", v)
			}
		}
	})
}

func TestAgentsThatNeverCome(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault fakeaws.Fault
		form  string
	}{
		{"by fault", fakeaws.NeverOnline("c7i.large"), runForm},
		{"without a profile", fakeaws.Fault{}, strings.Replace(runForm, "&IamInstanceProfile.Name=theirs", "", 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := fakeaws.New(fakeaws.Options{})
				c.Inject(test.fault)
				k := clientOf(t, c)
				id := launch(t, c, k, test.form)
				forward(time.Hour)
				if _, v := k.ssm("DescribeInstanceInformation", `{}`); len(v["InstanceInformationList"].([]any)) != 0 {
					t.Errorf("it registered: %v", v)
				}
				if status, v := k.ssm("SendCommand", `{"InstanceIds":["`+id+`"],"DocumentName":"AWS-RunShellScript","Parameters":{"commands":["x"]}}`); status != http.StatusBadRequest || v["__type"] != "InvalidInstanceId" {
					t.Errorf("a command to it is answered %d %v", status, v)
				}
			})
		})
	}
}

func TestOneCommandManyMachines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := fakeaws.New(fakeaws.Options{Visible: 2 * time.Second, Script: func(ctx context.Context, i fakeaws.Instance, _ fakeaws.Command) fakeaws.Outcome {
			if i.Type == "m7i.large" {
				<-ctx.Done() // until it is cancelled
			}
			return fakeaws.Outcome{Stdout: i.ID}
		}})
		k := clientOf(t, c)
		fast, slow := launch(t, c, k, runForm), launch(t, c, k, strings.Replace(runForm, "c7i", "m7i", 1))
		_, v := k.ssm("SendCommand", `{"Targets":[{"Key":"tag:run","Values":["r1"]}],"DocumentName":"AWS-RunShellScript","Parameters":{"commands":["x"]}}`)
		command := v["Command"].(map[string]any)["CommandId"].(string)
		synctest.Wait()
		if v := k.invocation(command, fast); v["__type"] != "InvocationDoesNotExist" {
			t.Errorf("just sent: %v", v)
		}
		forward(2 * time.Second)
		if v := k.invocation(command, fast); v["Status"] != "Success" || v["StandardOutputContent"] != fast {
			t.Errorf("the fast one: %v", v)
		}
		if v := k.invocation(command, slow); v["Status"] != "InProgress" {
			t.Errorf("the slow one: %v", v)
		}
		k.ssm("CancelCommand", `{"CommandId":"`+command+`"}`)
		if v := k.invocation(command, slow); v["Status"] != "Cancelled" {
			t.Errorf("cancelled: %v", v)
		}
		if v := k.invocation(command, fast); v["Status"] != "Success" {
			t.Errorf("what was over before it was cancelled: %v", v)
		}
		c.Inject(fakeaws.TruncateOutput(3))
		if again := k.send(fast, "x", ""); again != "" {
			forward(2 * time.Second)
			if v := k.invocation(again, fast); v["StandardOutputContent"] != fast[:3] {
				t.Errorf("cut without a word: %v", v)
			}
		}
	})
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	if _, err := fakeaws.Answers([]fakeaws.Answer{{Match: "("}}); err == nil {
		t.Error("a pattern that is none is taken")
	}
	script, err := fakeaws.Answers([]fakeaws.Answer{{Match: "docker pull.*nginx", Stdout: "pulled"}, {Match: "docker", Exit: 3}})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]fakeaws.Outcome{
		"docker pull \\\n nginx": {Stdout: "pulled"},
		"docker run":             {Exit: 3},
		"date":                   {Exit: 127, Stderr: "the double has no answer to this script"},
	} {
		if got := script(t.Context(), fakeaws.Instance{}, fakeaws.Command{Text: text}); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}
