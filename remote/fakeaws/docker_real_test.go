//go:build real

package fakeaws_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// image makes or finds an image; a part that is missing here skips, but not in CI.
func image(t *testing.T, kind string) string {
	t.Helper()
	missing := func(format string, args ...any) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatalf(format, args...)
		}
		t.Skipf(format, args...)
	}
	if out, err := exec.CommandContext(t.Context(), "docker", "info").CombinedOutput(); err != nil {
		missing("no engine: %v: %s", err, out)
	}
	var complaint strings.Builder
	cmd := exec.CommandContext(t.Context(), "../../.ci/instance-image", kind)
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		missing("no image: %v: %s", err, complaint.String())
	}
	return strings.TrimSpace(string(out))
}

// until asks again and again, within bounds.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("after a minute it is not so: %s", what)
		case <-tick.C:
		}
	}
}

// realMachine starts a cloud of containers and one instance in a group that lets 127.0.0.1 in at port 8080.
func realMachine(t *testing.T, d *fakeaws.Docker) (client, fakeaws.Instance, string, *fakeaws.Cloud) {
	t.Helper()
	c, err := fakeaws.Start(fakeaws.Options{Machines: d, Types: []fakeaws.Type{{Name: "half", VCPU: 1, Cores: 0.5, MiB: 768}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	k := client{t, &http.Client{Timeout: time.Minute}, c.URL(), "eu-west-1"}
	group := value(t, k.ec2("Action=CreateSecurityGroup&GroupName=g&GroupDescription=d"), "groupId")
	k.ec2("Action=AuthorizeSecurityGroupIngress&GroupId=" + group + rule8080)
	c.SeedProfile("theirs")
	form := strings.Replace(withUserData("#!/bin/sh\nshutdown -h +30\necho user data was here\n"), "c7i.large", "half", 1)
	k.ec2(form + "&SecurityGroupId.1=" + group)
	until(t, "the agent is online", func() bool {
		i := c.State().Instances[0]
		if i.State == "terminated" {
			t.Fatalf("it did not come up: %s", i.Reason)
		}
		return i.Ping == "Online"
	})
	return k, c.State().Instances[0], group, c
}

// script runs one on an instance and waits for its end.
func (c client) script(id, text string, limit int) map[string]any {
	c.t.Helper()
	in, _ := json.Marshal(map[string]any{
		"InstanceIds": []string{id}, "DocumentName": "AWS-RunShellScript",
		"Parameters": map[string]any{"commands": []string{text}, "executionTimeout": []string{fmt.Sprint(limit)}},
	})
	status, sent := c.ssm("SendCommand", string(in))
	if status != http.StatusOK {
		c.t.Fatalf("the command was refused: %v", sent)
	}
	ask := fmt.Sprintf(`{"CommandId":%q,"InstanceId":%q}`, sent["Command"].(map[string]any)["CommandId"], id)
	var v map[string]any
	until(c.t, "the command has ended: "+text, func() bool {
		_, v = c.ssm("GetCommandInvocation", ask)
		return v["Status"] != "InProgress" && v["Status"] != "Pending"
	})
	return v
}

func TestRealDockerRunsScriptsAsTheAgentDoes(t *testing.T) {
	t.Parallel()
	k, i, _, c := realMachine(t, &fakeaws.Docker{Image: image(t, "instance")})
	for name, test := range map[string]struct {
		script, status string
		exit           float64
		stdout         func(string) bool
	}{
		"output":                      {"hostname; id -u; echo $AWS_SSM_INSTANCE_ID", "Success", 0, func(s string) bool { return s == i.ID+"\n0\n"+i.ID+"\n" }},
		"its engine":                  {"docker info --format '{{.ServerVersion}} {{.CgroupVersion}}'", "Success", 0, func(s string) bool { return strings.HasSuffix(s, " 1\n") }},
		"failure":                     {"echo a; exit 3", "Failed", 3, func(s string) bool { return s == "a\n" }},
		"137 is taken for a time-out": {"kill -9 $$", "TimedOut", 137, nil},
		"168 is a success":            {"exit 168", "Success", 168, nil},
		"cut": {"head -c 30000 /dev/zero | tr '\\0' x", "Success", 0, func(s string) bool {
			return len(s) == 24000 && strings.HasSuffix(s, "x--output truncated--")
		}},
		"too slow":                    {"echo begun; sleep 60; echo never", "TimedOut", 137, func(s string) bool { return s == "begun\n" }},
		"a child that holds stdout":   {"sleep 60 & echo done", "TimedOut", 137, nil},
		"a child that does not":       {"nohup sleep 60 >/dev/null 2>&1 </dev/null & echo done", "Success", 0, func(s string) bool { return s == "done\n" }},
		"what systemd is told":        {"systemctl enable --now docker && ! systemctl disable --now ecs 2>/dev/null", "Success", 0, nil},
		"not a shell beyond POSIX":    {"[[ a == a ]] 2>/dev/null || echo posix", "Success", 0, func(s string) bool { return s == "posix\n" }},
		"an image that is not there":  {"docker pull -q nowhere/at/all:1 2>&1", "Failed", 1, nil},
		"a parameter that is missing": {"aws ssm get-parameter --name /none --query Parameter.Value --output text", "Failed", 254, nil},
	} {
		t.Run(name, func(t *testing.T) {
			k := k
			k.t = t
			v := k.script(i.ID, test.script, 5)
			if v["Status"] != test.status || v["ResponseCode"] != test.exit || test.stdout != nil && !test.stdout(v["StandardOutputContent"].(string)) {
				t.Errorf("%s, code %v, want %s, code %v; it printed %.200q and %.200q",
					v["Status"], v["ResponseCode"], test.status, test.exit, v["StandardOutputContent"], v["StandardErrorContent"])
			}
		})
	}
	c.SeedParameter("eu-west-1", fakeaws.Parameter{Name: "/my/secret", Type: "SecureString", Value: "p&ss 'word'"})
	if v := k.script(i.ID, "aws ssm get-parameter --with-decryption --name /my/secret --query Parameter.Value --output text", 10); v["StandardOutputContent"] != "p&ss 'word'\n" {
		t.Errorf("the machine read the parameter as %q %q", v["StandardOutputContent"], v["StandardErrorContent"])
	}
	if console := k.ec2("Action=GetConsoleOutput&InstanceId=" + i.ID); !strings.Contains(console, "<output>") {
		t.Errorf("no console: %s", console)
	}
}

func TestRealDockerDoorsAreTheGroups(t *testing.T) {
	t.Parallel()
	k, i, group, _ := realMachine(t, &fakeaws.Docker{Image: image(t, "instance")})
	if v := k.script(i.ID, "mkdir -p /srv && cd /srv && hostname >me && (nohup python3 -m http.server 8080 >/dev/null 2>&1 </dev/null &)", 20); v["Status"] != "Success" {
		t.Fatalf("the server: %v", v)
	}
	get := func() (string, error) {
		res, err := (&http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + i.PublicIP + ":8080/me")
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return strings.TrimSpace(string(b)), err
	}
	until(t, "the server answers as this machine", func() bool { s, err := get(); return err == nil && s == i.ID })
	k.ec2("Action=RevokeSecurityGroupIngress&GroupId=" + group + rule8080)
	if s, err := get(); err == nil {
		t.Errorf("after the rule was revoked it still answers %q", s)
	}
	k.ec2("Action=AuthorizeSecurityGroupIngress&GroupId=" + group + strings.Replace(rule8080, "127.0.0.1/32", "192.0.2.0/24", 1))
	if s, err := get(); err == nil {
		t.Errorf("open to somebody else alone, it answers %q", s)
	}
}

func TestRealDockerMachineReachesTheStore(t *testing.T) {
	t.Parallel()
	k, i, _, c := realMachine(t, &fakeaws.Docker{Image: image(t, "instance")})
	const signed = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDOUBLE%2F20261101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=00"
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, c.URL()+"/bucket"+signed, nil)
	if res, err := k.http.Do(r); err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the bucket: %v %v", res, err)
	}
	if v := k.script(i.ID, "echo hello >/tmp/f && curl -sSf -T /tmp/f '"+c.URL()+"/bucket/key"+signed+"'", 20); v["Status"] != "Success" {
		t.Fatalf("putting: %v", v)
	}
	if v := k.script(i.ID, "curl -sSf '"+c.URL()+"/bucket/key"+signed+"'", 20); v["StandardOutputContent"] != "hello\n" {
		t.Fatalf("getting: %v", v)
	}
	if v := k.script(i.ID, "curl -sSf --max-time 5 http://127.0.0.1:1/", 20); v["Status"] != "Failed" {
		t.Errorf("it reaches more than the double: %v", v)
	}
}

func TestRealDockerShutdown(t *testing.T) {
	t.Parallel()
	k, i, _, c := realMachine(t, &fakeaws.Docker{Image: image(t, "instance"), Minute: 1})
	if v := k.script(i.ID, "shutdown -c; shutdown -h +2", 20); v["Status"] != "Success" {
		t.Fatalf("the renewal: %v", v)
	}
	until(t, "it has terminated itself", func() bool { return c.State().Instances[0].State == "terminated" })
	if got := c.State().Instances[0].Reason; !strings.HasPrefix(got, "Client.InstanceInitiatedShutdown") {
		t.Errorf("for the reason %q", got)
	}
	until(t, "its container is gone", func() bool {
		out, err := exec.CommandContext(t.Context(), "docker", "ps", "-aq", "--filter", "name="+i.ID, "--filter", fmt.Sprintf("label=plimsoll.fakeaws=%d", os.Getpid())).Output()
		return err == nil && len(out) == 0
	})
}

// TestRealDockerKintoAndGlances starts both on a machine of half a core and watches the one by the other.
func TestRealDockerKintoAndGlances(t *testing.T) {
	t.Parallel()
	kinto, glances := image(t, "kinto"), image(t, "glances")
	k, i, _, _ := realMachine(t, &fakeaws.Docker{Image: image(t, "instance"), Load: []string{kinto, glances}})
	start := "docker run -d --name service -p 8080:8888 " + kinto + " && docker run -d --name watch --pid host --network host -e TZ=UTC -v /var/run/docker.sock:/var/run/docker.sock:ro " +
		"--entrypoint sh " + glances + " -c 'exec glances -w --disable-webui -B 127.0.0.1 -p 61208 -t 1 --disable-check-update --disable-plugin all --enable-plugin cpu,mem,containers'"
	if v := k.script(i.ID, start, 60); v["Status"] != "Success" {
		t.Fatalf("starting: %v", v)
	}
	until(t, "Kinto answers", func() bool {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+i.PublicIP+":8080/v1/", nil)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return err == nil && strings.Contains(string(b), `"project_name":"kinto"`)
	})
	until(t, "Glances sees the service's container and its limit", func() bool {
		v := k.script(i.ID, "curl -sS -m 5 http://127.0.0.1:61208/api/4/containers", 20)
		out := strings.ReplaceAll(v["StandardOutputContent"].(string), " ", "")
		return strings.Contains(out, `"service"`) && strings.Contains(out, `"cpu_limit":0.5`)
	})
	// What is used inside counts against the machine: its containers lie below its own cgroup.
	busy := "docker exec -d service timeout 4 sh -c 'while :; do :; done'; docker exec -d watch timeout 4 sh -c 'while :; do :; done'; sleep 1; " +
		"f=/sys/fs/cgroup/cpu$(sed -n 's/^[0-9]*:[^:]*cpuacct[^:]*://p' /proc/self/cgroup)/cpuacct.usage; a=$(cat $f); sleep 2; echo $((($(cat $f)-a)/20000000))"
	v := k.script(i.ID, busy, 20)
	var percent int
	if _, err := fmt.Sscan(v["StandardOutputContent"].(string), &percent); err != nil || percent > 65 {
		t.Errorf("two busy containers use %d %% of a core on a machine of half a core: %v", percent, v)
	}
}
