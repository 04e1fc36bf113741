package fakeaws_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// started is a cloud that listens, and its client.
func started(t *testing.T, o fakeaws.Options) (*fakeaws.Cloud, client) {
	t.Helper()
	c, err := fakeaws.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, client{t, &http.Client{Timeout: 20 * time.Second}, c.URL(), "eu-west-1"}
}

// control asks the double about itself, as "GET state".
func (c client) control(what, body string, into any) {
	c.t.Helper()
	method, path, _ := strings.Cut(what, " ")
	r, _ := http.NewRequestWithContext(c.t.Context(), method, c.url+fakeaws.ControlPath+path, strings.NewReader(body))
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK || json.Unmarshal(b, into) != nil {
		c.t.Fatalf("%s answers %d %s", what, res.StatusCode, b)
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	c, k := started(t, fakeaws.Options{})
	c.SeedProfile("theirs")
	foreign, foreignGroup := c.SeedForeign("eu-west-1", nil)
	id := value(t, k.ec2(runForm), "instanceId")
	group := value(t, k.ec2("Action=CreateSecurityGroup&GroupName=g&GroupDescription=d"), "groupId")

	var left []string
	k.control("GET left", "", &left)
	if strings.Join(left, " ") != id+" "+group {
		t.Errorf("left: %v, want %s and %s, and neither %s nor %s", left, id, group, foreign, foreignGroup)
	}
	var injected map[string]int
	k.control("POST faults", `[{"kind":"throttle","n":1}]`, &injected)
	if got := k.refused("ec2", "Action=DescribeVpcs"); got != "RequestLimitExceeded" {
		t.Errorf("after a fault was posted: %s", got)
	}
	var calls []fakeaws.Call
	k.control("GET calls", "", &calls)
	if n := len(calls); n != 3 || calls[0].Action != "RunInstances" || calls[2].Error != "RequestLimitExceeded" || !strings.Contains(calls[0].Response, id) {
		t.Errorf("the calls are %+v", calls)
	}
	k.ec2("Action=TerminateInstances&InstanceId.1=" + id + "&InstanceId.2=" + foreign)
	var s fakeaws.State
	k.control("GET state", "", &s)
	for _, i := range s.Instances {
		if i.State != "terminated" {
			t.Errorf("%s is %s", i.ID, i.State) // a foreign one shows it when somebody ends it
		}
	}
}

func TestHooksSeeEveryCall(t *testing.T) {
	t.Parallel()
	var before, after atomic.Int64
	c, k := started(t, fakeaws.Options{
		Before: func(c fakeaws.Call) bool { before.Add(1); return c.N != 2 },
		After:  func(c fakeaws.Call) bool { after.Add(1); return c.N != 3 },
	})
	c.SeedProfile("theirs")
	for n, want := range []int{1, 1, 2} { // instances: the second call is not done, the third is done and not answered
		_, _, err := k.try("ec2", "", "application/x-www-form-urlencoded", runForm)
		if (err == nil) != (n == 0) {
			t.Errorf("call %d: %v", n+1, err)
		}
		if got := len(c.State().Instances); got != want {
			t.Errorf("after call %d there are %d instances, want %d", n+1, got, want)
		}
	}
	if before.Load() != 3 || after.Load() != 2 {
		t.Errorf("the hooks saw %d and %d calls, want 3 and 2", before.Load(), after.Load())
	}
}

func TestHeldCalls(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault fakeaws.Fault
		there int
	}{{"before it is done", fakeaws.HoldBefore(1), 0}, {"after it is done", fakeaws.HoldAfter(1), 1}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, k := started(t, fakeaws.Options{})
			c.SeedProfile("theirs")
			c.Inject(test.fault)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				r, _ := http.NewRequestWithContext(ctx, http.MethodPost, c.URL(), strings.NewReader(runForm))
				r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=00")
				res, err := k.http.Do(r)
				if err == nil {
					res.Body.Close()
				}
				ended <- err
			}()
			<-c.HeldCall()
			if got := len(c.State().Instances); got != test.there {
				t.Errorf("%d instances while it is held, want %d", got, test.there)
			}
			cancel() // the client is killed
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the held call was answered: %v", err)
			}
			k.ec2("Action=DescribeVpcs") // others go on
		})
	}
}
