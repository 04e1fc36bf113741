package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws"
	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/aws/ssm"
	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// bubble is a test in virtual time with a cloud that is the double, reached through the SDK and no network.
type bubble struct {
	*testing.T
	cloud  provider.Cloud
	double *fakeaws.Cloud
}

func inDouble(t *testing.T, o fakeaws.Options, test func(t bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		double := fakeaws.New(o)
		double.SeedProfile("plimsoll-instance")
		test(bubble{t, open(t, aws.Options{Endpoint: "http://cloud.test", HTTP: &http.Client{Transport: double.Transport()}}), double})
		if err := double.Close(); err != nil {
			t.Error(err)
		}
	})
}

// launch starts a machine as a run would, on an image and in a subnet of the double.
func (t bubble) launch(change ...func(*provider.LaunchRequest)) (provider.Machine, error) {
	t.Helper()
	image, err := t.cloud.Catalogue.Image(t.Context(), "ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id")
	if err != nil {
		t.Fatal(err)
	}
	subnets, err := t.cloud.Catalogue.Subnets(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := service()
	r.Image, r.Subnet, r.Groups = image, subnets[0].ID, nil
	for _, f := range change {
		f(&r)
	}
	return t.cloud.Machines.Launch(t.Context(), r)
}

func (t bubble) mustLaunch(change ...func(*provider.LaunchRequest)) provider.Machine {
	t.Helper()
	m, err := t.launch(change...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// asked counts the calls of an action.
func (t bubble) asked(action string) int {
	n := 0
	for _, c := range t.double.Calls() {
		if c.Action == action {
			n++
		}
	}
	return n
}

func TestALaunchWhoseAnswerWasLostIsOneMachine(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		t.double.Inject(fakeaws.DropAfterCommit(2, "RunInstances"))
		m := t.mustLaunch()
		again := t.mustLaunch()
		if left := t.double.Left(); len(left) != 1 || m.ID != left[0] || again.ID != m.ID || t.asked("RunInstances") != 4 {
			t.Errorf("%v is left of %s and %s after %d calls", left, m.ID, again.ID, t.asked("RunInstances"))
		}
	})
}

func TestTroubleThatPasses(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeaws.Fault{
		"throttling":         fakeaws.Throttle(7, "DescribeInstances"),
		"server faults":      fakeaws.HTTP500(7, "DescribeInstances"),
		"broken connections": fakeaws.DropBeforeCommit(7, "DescribeInstances"),
	} {
		inDouble(t, fakeaws.Options{}, func(t bubble) {
			t.double.Inject(fault)
			start := time.Now()
			if _, err := t.cloud.Machines.Find(t.Context(), provider.Query{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(start); took > 2*time.Minute {
				t.Errorf("%s: took %v", name, took)
			}
		})
	}
}

func TestTroubleThatStays(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault    fakeaws.Fault
		want     provider.Fault
		attempts int
	}{
		"throttling":         {fakeaws.Throttle(1000), provider.Throttled, 8},
		"server faults":      {fakeaws.HTTP500(1000), provider.Unavailable, 8},
		"broken connections": {fakeaws.DropBeforeCommit(1000), provider.Unavailable, 8},
		"unknown keys":       {fakeaws.BadKeys(), provider.Credentials, 1},
		"an expired token":   {fakeaws.ExpireTokenAfter(0), provider.Credentials, 1},
		"a refusal":          {fakeaws.Unauthorized(), provider.Denied, 1},
	} {
		inDouble(t, fakeaws.Options{}, func(t bubble) {
			t.double.Inject(row.fault)
			_, err := t.cloud.Machines.Find(t.Context(), provider.Query{})
			if !errors.Is(err, row.want) || !strings.HasPrefix(fmt.Sprint(err), "ec2:DescribeInstances: ") || len(t.double.Calls()) != row.attempts {
				t.Errorf("%s: %v after %d calls, want %s after %d", name, err, len(t.double.Calls()), row.want, row.attempts)
			}
		})
	}
}

// everyAction is one call for each action that remote can need; the policy that is printed for users must name them all.
var everyAction = map[string]func(ctx context.Context, c provider.Cloud) error{
	"sts:GetCallerIdentity": func(ctx context.Context, c provider.Cloud) error { _, err := c.Identity.Caller(ctx); return err },
	"ssm:GetParameter": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Catalogue.Image(ctx, "ssm:/x")
		return err
	},
	"ec2:DescribeImages": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Catalogue.Image(ctx, "ami-1")
		return err
	},
	"ec2:DescribeInstanceTypes": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Catalogue.Types(ctx, []string{"t3.micro"})
		return err
	},
	"ec2:DescribeVpcs": func(ctx context.Context, c provider.Cloud) error { _, err := c.Catalogue.Subnets(ctx, nil); return err },
	"ec2:DescribeSubnets": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Catalogue.Subnets(ctx, []string{"s"})
		return err
	},
	"ec2:DescribeVpcEndpoints": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Catalogue.Endpoints(ctx, "vpc-1")
		return err
	},
	"pricing:GetProducts": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Catalogue.Price(ctx, provider.PriceQuery{})
		return err
	},
	"ec2:DescribeSpotPriceHistory": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Catalogue.Price(ctx, provider.PriceQuery{Preemptible: true})
		return err
	},
	"servicequotas:GetServiceQuota": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Catalogue.(provider.Quotas).VCPUs(ctx, "t3.micro")
		return err
	},
	"ec2:RunInstances": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Machines.Launch(ctx, service())
		return err
	},
	"ec2:DescribeInstances": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Machines.Find(ctx, provider.Query{})
		return err
	},
	"ec2:TerminateInstances": func(ctx context.Context, c provider.Cloud) error { return c.Machines.Terminate(ctx, []string{"i-1"}) },
	"ec2:CreateTags": func(ctx context.Context, c provider.Cloud) error {
		return c.Machines.Tag(ctx, []string{"i-1"}, ourTags)
	},
	"ec2:GetConsoleOutput": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Machines.Console(ctx, "i-1")
		return err
	},
	"ec2:CreateSecurityGroup": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Firewall.CreateGroup(ctx, provider.GroupRequest{Name: "x"})
		return err
	},
	"ec2:AuthorizeSecurityGroupIngress": func(ctx context.Context, c provider.Cloud) error {
		return c.Firewall.Allow(ctx, "sg-1", []provider.Rule{{Port: 80, CIDR: "203.0.113.7/32"}})
	},
	"ec2:DescribeSecurityGroups": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Firewall.FindGroups(ctx, provider.Query{})
		return err
	},
	"ec2:DeleteSecurityGroup": func(ctx context.Context, c provider.Cloud) error { return c.Firewall.DeleteGroup(ctx, "sg-1") },
	"ssm:DescribeInstanceInformation": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Commands.Agents(ctx, []string{"i-1"})
		return err
	},
	"ssm:SendCommand": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Commands.Run(ctx, provider.Command{Machines: []string{"i-1"}})
		return err
	},
	"iam:GetInstanceProfile": func(ctx context.Context, c provider.Cloud) error {
		_, err := c.Profiles.ProfileExists(ctx, "x")
		return err
	},
	"iam:CreateRole": func(ctx context.Context, c provider.Cloud) error {
		return c.Profiles.CreateProfile(ctx, "x", nil)
	},
}

func TestEveryRefusalNamesItsAction(t *testing.T) {
	t.Parallel()
	for action, call := range everyAction {
		inDouble(t, fakeaws.Options{}, func(t bubble) {
			_, name, _ := strings.Cut(action, ":")
			t.double.Inject(fakeaws.Unauthorized(name))
			err := call(t.Context(), t.cloud)
			var api *provider.APIError
			if !errors.As(err, &api) || api.Fault != provider.Denied || api.Action != action || api.ExitCode() != 7 || !strings.Contains(api.Hint(), action) {
				t.Errorf("%s: %#v", action, err)
			}
			if api != nil && strings.Contains(api.Message, "Encoded") {
				t.Errorf("%s: %s", action, api.Message)
			}
		})
	}
}

func TestWithoutRoom(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault fakeaws.Fault
		want  provider.Fault
	}{
		"no machine in the zone":   {fakeaws.Capacity("t3.micro", ""), provider.Capacity},
		"the zone has no such":     {fakeaws.Unsupported("t3.micro", ""), provider.Capacity},
		"the account has too many": {fakeaws.VcpuLimit(1), provider.Quota},
	} {
		inDouble(t, fakeaws.Options{}, func(t bubble) {
			t.double.Inject(row.fault)
			_, err := t.launch()
			if !errors.Is(err, row.want) || t.asked("RunInstances") != 1 {
				t.Errorf("%s: %v after %d calls", name, err, t.asked("RunInstances"))
			}
		})
	}
}

func TestWhatIsNewMayBeUnknown(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{Visible: 5 * time.Second}, func(t bubble) {
		m := t.mustLaunch()
		if err := t.cloud.Machines.Tag(t.Context(), []string{m.ID}, provider.Tags{"plimsoll:expires": "later"}); err != nil {
			t.Errorf("tag: %v", err)
		}
		second := t.mustLaunch(func(r *provider.LaunchRequest) { r.Token = "token-2" })
		if err := t.cloud.Machines.Terminate(t.Context(), []string{m.ID, second.ID}); err != nil {
			t.Errorf("terminate: %v", err)
		}
		group, err := t.cloud.Firewall.CreateGroup(t.Context(), provider.GroupRequest{Name: "plimsoll-1", Description: "test", Network: m.Network})
		if err != nil {
			t.Fatal(err)
		}
		if err := t.cloud.Firewall.Allow(t.Context(), group.ID, []provider.Rule{{Port: 80, CIDR: "203.0.113.7/32"}}); err != nil {
			t.Errorf("allow: %v", err)
		}
		other, err := t.cloud.Firewall.CreateGroup(t.Context(), provider.GroupRequest{Name: "plimsoll-2", Description: "test", Network: m.Network})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{group.ID, other.ID} {
			if err := t.cloud.Firewall.DeleteGroup(t.Context(), id); err != nil {
				t.Errorf("delete: %v", err)
			}
		}
		if left := t.double.Left(); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	})
}

func TestWhatIsGoneIsNoError(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		m := t.mustLaunch()
		if err := t.cloud.Machines.Terminate(t.Context(), []string{"i-00000000000000fff", m.ID, m.ID}); err != nil {
			t.Errorf("terminate: %v", err)
		}
		if err := t.cloud.Firewall.DeleteGroup(t.Context(), "sg-00000000000000fff"); err != nil {
			t.Errorf("delete: %v", err)
		}
		found, err := t.cloud.Machines.Find(t.Context(), provider.Query{IDs: []string{"i-00000000000000fff", m.ID}})
		if err != nil || len(found) != 1 || found[0].State != provider.Terminated {
			t.Errorf("found %+v, %v", found, err)
		}
		if found, err := t.cloud.Machines.Find(t.Context(), provider.Query{IDs: []string{}}); err != nil || len(found) != 0 {
			t.Errorf("asked for none, found %v, %v", found, err)
		}
		if err := t.cloud.Machines.Terminate(t.Context(), nil); err != nil {
			t.Errorf("terminate none: %v", err)
		}
	})
}

func TestFindAsksByTagsOverPages(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{Page: 2}, func(t bubble) {
		t.double.SeedForeign("eu-west-1", map[string]string{"plimsoll:run": "theirs"})
		var want []string
		for i := range 5 {
			m := t.mustLaunch(func(r *provider.LaunchRequest) { r.Token = fmt.Sprint(i) })
			want = append(want, m.ID)
		}
		odd := t.mustLaunch(func(r *provider.LaunchRequest) {
			r.Token, r.Tags = "odd", provider.Tags{"plimsoll:managed": "true", "plimsoll:run": "a*b?c"}
		})
		for name, row := range map[string]struct {
			tags provider.Tags
			want []string
		}{
			"all of ours":     {provider.Tags{"plimsoll:managed": "true"}, append(slices.Clone(want), odd.ID)},
			"any run":         {provider.Tags{"plimsoll:managed": "true", "plimsoll:run": ""}, append(slices.Clone(want), odd.ID)},
			"one run":         {provider.Tags{"plimsoll:run": "01JD"}, want},
			"not a wild card": {provider.Tags{"plimsoll:run": "*"}, nil},
			"an odd name":     {provider.Tags{"plimsoll:run": "a*b?c"}, []string{odd.ID}},
		} {
			found, err := t.cloud.Machines.Find(t.Context(), provider.Query{Tags: row.tags})
			var ids []string
			for _, m := range found {
				ids = append(ids, m.ID)
			}
			if err != nil || !slices.Equal(slices.Sorted(slices.Values(ids)), slices.Sorted(slices.Values(row.want))) {
				t.Errorf("%s: found %v, %v, want %v", name, ids, err, row.want)
			}
		}
	})
}

func TestALaunchedMachineIsAsAsked(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		t.mustLaunch()
		i := t.double.State().Instances[0]
		if i.HTTPTokens != "required" || i.HopLimit != 1 || i.OnShutdown != "terminate" || i.Credits != "unlimited" || !i.Volume.Encrypted ||
			i.Volume.Type != "gp3" || !i.Volume.Delete || i.PublicIP == "" || !strings.HasPrefix(i.UserData, "#!/bin/sh") || !strings.HasSuffix(i.Profile, "/plimsoll-instance") {
			t.Errorf("%+v", i)
		}
		for what, tags := range map[string]map[string]string{"machine": i.Tags, "disk": i.Volume.Tags, "interface": i.NICTags} {
			if tags["plimsoll:run"] != "01JD" || tags["plimsoll:managed"] != "true" {
				t.Errorf("the %s has the tags %v", what, tags)
			}
		}
		dry := service()
		dry.DryRun, dry.Token, dry.Image.ID, dry.Subnet, dry.Groups = true, "dry", i.Image, i.Subnet, nil
		if m, err := t.cloud.Machines.Launch(t.Context(), dry); err != nil || m.ID != "" || len(t.double.Left()) != 1 {
			t.Errorf("dry run: %+v, %v, %v", m, err, t.double.Left())
		}
	})
}

func TestAProfileThatIsNotReady(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		t.double.Inject(fakeaws.ProfileNotReady(time.Minute))
		if _, err := t.launch(); !errors.Is(err, provider.ProfileNotReady) {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(61 * time.Second) //nolint:forbidigo // the bubble's time
		if _, err := t.launch(); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	})
}

func TestAGroupInUse(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{Ending: 30 * time.Second}, func(t bubble) {
		subnets, err := t.cloud.Catalogue.Subnets(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request := provider.GroupRequest{Name: "plimsoll-01JD", Description: "test", Network: subnets[0].Network, Tags: ourTags}
		group, err := t.cloud.Firewall.CreateGroup(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := t.cloud.Firewall.CreateGroup(t.Context(), request); !errors.Is(err, provider.Exists) {
			t.Errorf("made twice: %v", err)
		}
		found, err := t.cloud.Firewall.FindGroups(t.Context(), provider.Query{Name: "plimsoll-01JD"})
		if err != nil || len(found) != 1 || found[0].ID != group.ID || found[0].Tags["plimsoll:run"] != "01JD" {
			t.Errorf("found %+v, %v", found, err)
		}
		rules := []provider.Rule{{Port: 8080, CIDR: "203.0.113.7/32"}, {Port: 61208, Group: group.ID}}
		if err := errors.Join(t.cloud.Firewall.Allow(t.Context(), group.ID, rules[:1]), t.cloud.Firewall.Allow(t.Context(), group.ID, rules)); err != nil {
			t.Errorf("allowed twice: %v", err)
		}
		m := t.mustLaunch(func(r *provider.LaunchRequest) { r.Groups = []string{group.ID} })
		if err := t.cloud.Machines.Terminate(t.Context(), []string{m.ID}); err != nil {
			t.Fatal(err)
		}
		if err := t.cloud.Firewall.DeleteGroup(t.Context(), group.ID); !errors.Is(err, provider.InUse) {
			t.Errorf("deleted while in use: %v", err)
		}
		time.Sleep(31 * time.Second) //nolint:forbidigo // the bubble's time
		if err := t.cloud.Firewall.DeleteGroup(t.Context(), group.ID); err != nil || len(t.double.Left()) > 0 {
			t.Errorf("deleted afterwards: %v, %v", err, t.double.Left())
		}
	})
}

func TestBadRulesAreNotSent(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		for _, cidr := range []string{"", "everybody", "203.0.113.7", "203.0.113.7/33"} {
			if err := t.cloud.Firewall.Allow(t.Context(), "sg-1", []provider.Rule{{Port: 80, CIDR: cidr}}); !errors.Is(err, provider.Invalid) {
				t.Errorf("%q: %v", cidr, err)
			}
		}
		if err := t.cloud.Firewall.Allow(t.Context(), "sg-1", nil); err != nil || len(t.double.Calls()) > 0 {
			t.Errorf("%v, %d calls", err, len(t.double.Calls()))
		}
	})
}

func TestWhatTheCatalogueDoesNotHave(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		t.double.NoDefaultVPC("eu-west-1")
		for name, ask := range map[string]func() error{
			"no default network":   func() error { _, err := t.cloud.Catalogue.Subnets(t.Context(), nil); return err },
			"an unknown subnet":    func() error { _, err := t.cloud.Catalogue.Subnets(t.Context(), []string{"subnet-0f"}); return err },
			"an unknown parameter": func() error { _, err := t.cloud.Catalogue.Image(t.Context(), "ssm:/nothing"); return err },
			"an unknown image":     func() error { _, err := t.cloud.Catalogue.Image(t.Context(), "ami-0ff"); return err },
			"an unknown type": func() error {
				_, err := t.cloud.Catalogue.Types(t.Context(), []string{"t3.micro", "zz9.large"})
				return err
			},
			"an unknown price": func() error {
				_, err := t.cloud.Catalogue.Price(t.Context(), provider.PriceQuery{Type: "r7i.large", Region: "eu-west-1"})
				return err
			},
			"an unknown spot price": func() error {
				_, err := t.cloud.Catalogue.Price(t.Context(), provider.PriceQuery{Type: "zz9.large", Region: "eu-west-1", Preemptible: true})
				return err
			},
			"an unknown quota": func() error {
				_, err := t.cloud.Catalogue.(provider.Quotas).VCPUs(t.Context(), "mac2.metal")
				return err
			},
		} {
			if err := ask(); !errors.Is(err, provider.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := t.cloud.Catalogue.Image(t.Context(), "ubuntu"); !errors.Is(err, provider.Invalid) {
			t.Errorf("no reference to an image: %v", err)
		}
	})
}

func TestPricesAndQuota(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		t.double.Inject(fakeaws.VcpuLimit(48))
		p, err := t.cloud.Catalogue.Price(t.Context(), provider.PriceQuery{Type: "c7i.large", Region: "eu-west-1"})
		if err != nil || p.PerHour != 0.0958 || p.Currency != "USD" {
			t.Errorf("on demand %+v, %v", p, err)
		}
		s, err := t.cloud.Catalogue.Price(t.Context(), provider.PriceQuery{Type: "c7i.large", Region: "eu-west-1", Zone: "eu-west-1a", Preemptible: true})
		if err != nil || s.PerHour <= 0 || s.PerHour >= p.PerHour {
			t.Errorf("spot %+v, %v", s, err)
		}
		if n, err := t.cloud.Catalogue.(provider.Quotas).VCPUs(t.Context(), "c7i.large"); n != 48 || err != nil {
			t.Errorf("quota %d, %v", n, err)
		}
	})
}

func TestQuotaOfEachFamily(t *testing.T) {
	t.Parallel()
	for machineType, code := range map[string]string{
		"t3.micro": "L-1216C47A", "c7gn.large": "L-1216C47A", "im4gn.large": "L-1216C47A", "hpc7g.4xlarge": "", "g5.xlarge": "L-DB2E81BA", "gr6.4xlarge": "L-DB2E81BA",
		"p4d.24xlarge": "L-417A185B", "x2iedn.xlarge": "L-7295265B", "inf2.xlarge": "L-1945791B", "f2.6xlarge": "L-74FC7D96", "u-6tb1.metal": "", "mac2.metal": "", "": "",
	} {
		inDouble(t, fakeaws.Options{}, func(t bubble) {
			n, err := t.cloud.Catalogue.(provider.Quotas).VCPUs(t.Context(), machineType)
			switch all := t.double.Calls(); {
			case code == "" && (len(all) > 0 || !errors.Is(err, provider.NotFound)):
				t.Errorf("%q: %d, %v after %d calls, want that it is not known", machineType, n, err, len(all))
			case code != "" && (len(all) != 1 || !strings.Contains(all[0].Request, `"`+code+`"`)):
				t.Errorf("%q: asked %+v, want for %s", machineType, all, code)
			}
		})
	}
}

func TestThePriceListIsAskedNearby(t *testing.T) {
	t.Parallel()
	for region, host := range map[string]string{
		"eu-west-1": "api.pricing.eu-central-1.amazonaws.com", "ap-southeast-2": "api.pricing.ap-south-1.amazonaws.com",
		"us-west-2": "api.pricing.us-east-1.amazonaws.com", "sa-east-1": "api.pricing.us-east-1.amazonaws.com",
	} {
		none := &nowhere{}
		c := open(t, aws.Options{Region: region, HTTP: &http.Client{Transport: none}})
		if _, err := c.Catalogue.Price(t.Context(), provider.PriceQuery{Type: "t3.micro", Region: region}); err == nil || none.host != host {
			t.Errorf("%s: asked %s (%v), want %s", region, none.host, err, host)
		}
	}
}

func TestCommandsThroughTheWire(t *testing.T) {
	t.Parallel()
	script := func(_ context.Context, i fakeaws.Instance, m fakeaws.Command) fakeaws.Outcome {
		switch {
		case strings.Contains(m.Text, "exit 137") && i.Type == "t3.micro":
			return fakeaws.Outcome{Exit: 241, Stderr: "killed\n"} // what the shell makes of it
		case strings.Contains(m.Text, "long"):
			return fakeaws.Outcome{Takes: time.Hour}
		case strings.Contains(m.Text, "much"):
			return fakeaws.Outcome{Stdout: strings.Repeat("x", 30000)}
		}
		return fakeaws.Outcome{Stdout: "done\n", Takes: 20 * time.Second}
	}
	inDouble(t, fakeaws.Options{Script: script, Boot: 10 * time.Second, Register: 10 * time.Second, Visible: 3 * time.Second}, func(t bubble) {
		var ids []string
		for _, kind := range []string{"t3.micro", "t3.small", "t3.medium"} {
			m := t.mustLaunch(func(r *provider.LaunchRequest) { r.Type, r.Token = kind, kind })
			ids = append(ids, m.ID)
		}
		if _, err := t.cloud.Commands.Run(t.Context(), provider.Command{Machines: ids[:1]}); !errors.Is(err, provider.NoAgent) {
			t.Errorf("before the agent is there: %v", err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's time
		agents, err := t.cloud.Commands.Agents(t.Context(), append(slices.Clone(ids), "i-00000000000000fff"))
		if err != nil || len(agents) != 3 || !agents[ids[0]].Online() {
			t.Errorf("agents %+v, %v", agents, err)
		}
		t.double.Inject(fakeaws.Throttle(4, "SendCommand", "GetCommandInvocation"))
		got, err := t.cloud.Commands.Run(t.Context(), provider.Command{Machines: append(ids, "i-00000000000000fff"), Script: "exit 137"})
		if err != nil || got[0].Status != provider.Failed || got[0].ExitCode != 137 || got[1].Status != provider.Succeeded || got[2].Stdout != "done\n" || got[3].Status != provider.Undeliverable {
			t.Errorf("%+v, %v", got, err)
		}
		got, err = t.cloud.Commands.Run(t.Context(), provider.Command{Machines: ids[:1], Script: "much"})
		if err != nil || !got[0].Cut || len(got[0].Stdout) != provider.StdoutLimit {
			t.Errorf("%d characters, cut %v, %v", len(got[0].Stdout), got[0].Cut, err)
		}
		start := time.Now()
		got, err = t.cloud.Commands.Run(t.Context(), provider.Command{Machines: ids[:1], Script: "long", Execution: 30 * time.Second})
		if err != nil || got[0].Status != provider.ExecutionTimedOut || time.Since(start) > 45*time.Second {
			t.Errorf("%+v, %v after %v", got, err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		got, err = t.cloud.Commands.Run(ctx, provider.Command{Machines: ids[:1], Script: "long", Execution: time.Hour})
		if !errors.Is(err, context.DeadlineExceeded) || got[0].Status != provider.Cancelled {
			t.Errorf("%+v, %v", got, err)
		}
		if _, ok := t.cloud.Commands.(ssm.Client); !ok {
			t.Errorf("commands are a %T", t.cloud.Commands)
		}
	})
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		p, ctx := t.cloud.Profiles, t.Context()
		const name = "plimsoll-new"
		tags := provider.Tags{"plimsoll:managed": "true"}
		if there, err := p.ProfileExists(ctx, name); there || err != nil {
			t.Errorf("before: %v, %v", there, err)
		}
		if err := errors.Join(p.CreateProfile(ctx, name, tags), p.CreateProfile(ctx, name, tags)); err != nil {
			t.Errorf("created twice: %v", err)
		}
		if there, err := p.ProfileExists(ctx, name); !there || err != nil {
			t.Errorf("after: %v, %v", there, err)
		}
		if err := errors.Join(p.DeleteProfile(ctx, name), p.DeleteProfile(ctx, name)); err != nil {
			t.Errorf("deleted twice: %v", err)
		}
		if s := t.double.State(); len(s.Roles) != 1 || len(s.Profiles) != 1 {
			t.Errorf("left: %v, %v", s.Roles, s.Profiles)
		}
	})
}

func TestStore(t *testing.T) {
	t.Parallel()
	double, err := fakeaws.Start(fakeaws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = double.Close() })
	put := func(url, body string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(url, "Signature") {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20000101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00")
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("PUT %s: %s", url, answer.Status)
		}
	}
	put(double.URL()+"/results", "")
	s, ctx := open(t, aws.Options{Endpoint: double.URL()}).Store("results", "load"), t.Context()
	if _, err := s.Get(ctx, "01JD/a"); !errors.Is(err, provider.NotFound) {
		t.Errorf("nothing: %v", err)
	}
	url, err := s.PresignPut(ctx, "01JD/a", 15*time.Minute)
	if err != nil || !strings.Contains(url, "X-Amz-Expires=900") || !strings.Contains(url, "X-Amz-SignedHeaders=host&") || strings.Contains(strings.ToLower(url), "checksum") {
		t.Errorf("%s, %v", url, err)
	}
	put(url, "from the machine")
	if err := errors.Join(s.Put(ctx, "01JD/b", strings.NewReader("from here")), s.Put(ctx, "other", strings.NewReader("stays"))); err != nil {
		t.Error(err)
	}
	for key, want := range map[string]string{"01JD/a": "from the machine", "01JD/b": "from here"} {
		body, err := s.Get(ctx, key)
		if err != nil {
			t.Error(err)
			continue
		}
		if got, err := io.ReadAll(body); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", key, got, err)
		}
		body.Close()
	}
	if all, err := s.(provider.Folders).Folders(ctx); err != nil || !slices.Equal(all, []string{"01JD"}) {
		t.Errorf("folders: %q, %v", all, err)
	}
	if err := errors.Join(s.Delete(ctx, "01JD/"), s.Delete(ctx, "01JD/")); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(ctx, "01JD/b"); !errors.Is(err, provider.NotFound) {
		t.Errorf("deleted: %v", err)
	}
	if get, err := s.PresignGet(ctx, "other", time.Minute); err != nil || !strings.Contains(get, "/results/load/other?") {
		t.Errorf("%s, %v", get, err)
	}
}

func TestSettings(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	none := &nowhere{}
	for name, row := range map[string]struct {
		o    aws.Options
		want string
	}{
		"no region":          {aws.Options{}, "no AWS region is set"},
		"an unknown profile": {aws.Options{Region: "eu-west-1", Profile: "nobody"}, "nobody"},
	} {
		_, err := aws.Open(t.Context(), row.o)
		var setting *aws.SettingError
		if !errors.As(err, &setting) || !strings.Contains(err.Error(), row.want) || setting.ExitCode() != 2 || setting.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := open(t, aws.Options{HTTP: &http.Client{Transport: none}})
	for name, call := range everyAction {
		err := call(t.Context(), c)
		var api *provider.APIError
		if !errors.As(err, &api) || api.Fault != provider.Credentials || api.ExitCode() != 2 {
			t.Errorf("%s without credentials: %v", name, err)
		}
	}
	if none.calls > 0 {
		t.Errorf("%d calls were made without credentials", none.calls)
	}
}

func TestCredentialsThatExpire(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("a program of a shell gives the credentials here: ", err)
	}
	file := filepath.Join(t.TempDir(), "config")
	const process = `[profile short]
credential_process = echo '{"Version": 1, "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "none", "SessionToken": "t", "Expiration": "2126-11-24T15:00:00Z"}'
`
	if err := os.WriteFile(file, []byte(process), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	double := fakeaws.New(fakeaws.Options{})
	c := open(t, aws.Options{Profile: "short", Endpoint: "http://cloud.test", HTTP: &http.Client{Transport: double.Transport()}})
	caller, err := c.Identity.Caller(t.Context())
	if err != nil || !caller.Expires.Equal(time.Date(2126, 11, 24, 15, 0, 0, 0, time.UTC)) || caller.Account != "123456789012" {
		t.Errorf("%+v, %v", caller, err)
	}
	if err := double.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheEndpointMayComeFromTheEnvironment(t *testing.T) {
	double, err := fakeaws.Start(fakeaws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = double.Close() })
	t.Setenv("AWS_ENDPOINT_URL", double.URL())
	t.Setenv("AWS_REGION", "ap-south-1")
	c, err := aws.Open(t.Context(), aws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	caller, err := c.Identity.Caller(t.Context())
	if err != nil || caller.Region != "ap-south-1" {
		t.Errorf("%+v, %v", caller, err)
	}
	// A bucket is in the path there: the double has no names below its own.
	if err := c.Store("nobodys", "").Put(t.Context(), "key", strings.NewReader("x")); !errors.Is(err, provider.NotFound) {
		t.Errorf("a bucket that is not there: %v", err)
	}
}

func TestThePolicyNamesEveryAction(t *testing.T) {
	t.Parallel()
	for action := range everyAction {
		if strings.HasPrefix(action, "iam:Create") {
			continue // of `remote init`, which people with more rights run once
		}
		if !strings.Contains(dialect.Policy(), `"`+action+`"`) {
			t.Errorf("the policy does not name %s", action)
		}
	}
}

func TestARegionThatIsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		none := &nowhere{}
		_, err := open(t, aws.Options{Region: "eu-wst-1", HTTP: &http.Client{Transport: none}}).Identity.Caller(t.Context())
		var setting *aws.SettingError
		if !errors.As(err, &setting) || !strings.Contains(err.Error(), "eu-wst-1") || none.calls != 1 {
			t.Errorf("%v after %d calls", err, none.calls)
		}
	})
}

// nowhere is a network in which no name is known.
type nowhere struct {
	calls int
	host  string // that was asked for last
}

func (n *nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	n.calls++
	n.host = r.URL.Hostname()
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	inDouble(t, fakeaws.Options{}, func(t bubble) {
		t.double.Inject(fakeaws.Throttle(1000))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := t.cloud.Machines.Find(ctx, provider.Query{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := t.cloud.Machines.Terminate(ctx, []string{"i-1"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}
