package fakeaws_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// client asks a cloud without a network and without an SDK: requests and answers are as AWS documents them.
type client struct {
	t      *testing.T
	http   *http.Client
	url    string
	region string
}

func clientOf(t *testing.T, c *fakeaws.Cloud) client {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	return client{t, &http.Client{Transport: c.Transport()}, "http://cloud.test", "eu-west-1"}
}

func (c client) do(service, target, kind, body string) (int, string) {
	c.t.Helper()
	status, answer, err := c.try(service, target, kind, body)
	if err != nil {
		c.t.Fatal(err)
	}
	return status, answer
}

func (c client) try(service, target, kind, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+"/", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDOUBLE/20261101/"+c.region+"/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("Content-Type", kind)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// query sends a call of the query protocol, as Action=…&Name=Value.
func (c client) query(service, form string) (int, string) {
	c.t.Helper()
	return c.do(service, "", "application/x-www-form-urlencoded; charset=utf-8", form)
}

// ec2 sends one that must succeed.
func (c client) ec2(form string) string {
	c.t.Helper()
	status, body := c.query("ec2", form)
	if status != http.StatusOK {
		c.t.Fatalf("%s\nanswered %d: %s", form, status, body)
	}
	return body
}

// refused sends one that must be refused, and tells the code.
func (c client) refused(service, form string) string {
	c.t.Helper()
	status, body := c.query(service, form)
	m := regexp.MustCompile(`<Code>(.*?)</Code>`).FindStringSubmatch(body)
	if status < 400 || m == nil {
		c.t.Fatalf("%s\nanswered %d: %s, want a refusal", form, status, body)
	}
	return m[1]
}

// ssm sends a JSON call and reads the answer.
func (c client) ssm(action, body string) (int, map[string]any) {
	c.t.Helper()
	status, answer := c.do("ssm", "AmazonSSM."+action, "application/x-amz-json-1.1", body)
	var v map[string]any
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		c.t.Fatalf("%s: %v in %s", action, err, answer)
	}
	return status, v
}

// value is the first element of a name.
func value(t *testing.T, body, element string) string {
	t.Helper()
	m := regexp.MustCompile(`<` + element + `>(.*?)</` + element + `>`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no <%s> in %s", element, body)
	}
	return m[1]
}

const (
	ecsImage = "ami-0ec5000000000a023"
	runForm  = "Action=RunInstances&Version=2016-11-15&ImageId=" + ecsImage + "&InstanceType=c7i.large&MinCount=1&MaxCount=1" +
		"&InstanceInitiatedShutdownBehavior=terminate&IamInstanceProfile.Name=theirs" +
		"&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=run&TagSpecification.1.Tag.1.Value=r1"
)

// rule8080 lets this machine in.
const rule8080 = "&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=8080&IpPermissions.1.ToPort=8080&IpPermissions.1.IpRanges.1.CidrIp=127.0.0.1/32"

func withUserData(script string) string {
	return runForm + "&UserData=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(script)))
}

// launch runs one instance with a profile that lets its agent register.
func launch(t *testing.T, c *fakeaws.Cloud, k client, form string) string {
	t.Helper()
	c.SeedProfile("theirs")
	id := value(t, k.ec2(form), "instanceId")
	synctest.Wait()
	return id
}

func TestAnInstanceLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := fakeaws.New(fakeaws.Options{Boot: 10 * time.Second, Register: 20 * time.Second, Ending: 5 * time.Second})
		k := clientOf(t, c)
		id := launch(t, c, k, runForm)
		state := func() string { return value(t, k.ec2("Action=DescribeInstances&InstanceId.1="+id), "name") }
		for _, step := range []struct {
			wait time.Duration
			want string
			ping string
		}{
			{9 * time.Second, "pending", ""},
			{time.Second, "running", ""},
			{19 * time.Second, "running", ""},
			{time.Second, "running", "Online"},
		} {
			time.Sleep(step.wait) //nolint:forbidigo // the bubble's time
			if got := state(); got != step.want {
				t.Errorf("state %s, want %s", got, step.want)
			}
			_, info := k.ssm("DescribeInstanceInformation", `{"Filters":[{"Key":"InstanceIds","Values":["`+id+`"]}]}`)
			ping := ""
			if l := info["InstanceInformationList"].([]any); len(l) > 0 {
				ping = l[0].(map[string]any)["PingStatus"].(string)
			}
			if ping != step.ping {
				t.Errorf("in state %s the agent is %q, want %q", step.want, ping, step.ping)
			}
		}
		if got := value(t, k.ec2("Action=TerminateInstances&InstanceId.1="+id), "currentState"); !strings.Contains(got, "shutting-down") {
			t.Errorf("after its end it is %s", got)
		}
		time.Sleep(5 * time.Second) //nolint:forbidigo // the bubble's time
		if got := state(); got != "terminated" {
			t.Errorf("at last it is %s", got)
		}
		if left := c.Left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestDeadMan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := fakeaws.New(fakeaws.Options{})
		k := clientOf(t, c)
		id := launch(t, c, k, withUserData("#!/bin/sh\nshutdown -h +30\n"))
		time.Sleep(20 * time.Minute) //nolint:forbidigo // the bubble's time
		status, _ := k.ssm("SendCommand", `{"InstanceIds":["`+id+`"],"DocumentName":"AWS-RunShellScript","Parameters":{"commands":["minutes='40'","shutdown -c >/dev/null","shutdown -h \"+$minutes\" 2>&1"]}}`)
		if status != http.StatusOK {
			t.Fatalf("the renewal was answered %d", status)
		}
		synctest.Wait()
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{39 * time.Minute, "running"}, {time.Minute, "terminated"}} {
			time.Sleep(step.wait) //nolint:forbidigo // the bubble's time
			if got := c.State().Instances[0]; got.State != step.want {
				t.Errorf("after %v it is %s (%s), want %s", step.wait, got.State, got.Reason, step.want)
			}
		}
	})
}
