//go:build real

package aws_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// moto, a double of AWS that others wrote, is a second opinion on the shapes of EC2, IAM, STS, S3 and the public
// parameters. What it cannot tell (5.2.5):
//   - Systems Manager's Run Command: DescribeInstanceInformation, CancelCommand and ListCommandInvocations are not
//     there (HTTP 500), SendCommand runs nothing and is a success at once, for machines that do not exist, too;
//   - the price list and Service Quotas' EC2 quotas as AWS has them;
//   - client tokens: the same launch twice is two machines;
//   - a security group that is in use: it lets it be deleted;
//   - images that do not exist: it launches any;
//   - a machine that is terminated: it does not know it any more for TerminateInstances, though DescribeInstances shows it;
//   - refusals, throttling, capacity, and what is not yet visible: all that remote/fakeaws is there for.

// startMoto starts a moto with an account number that only it has, and returns where it answers.
func startMoto(t *testing.T) (endpoint, account string) {
	t.Helper()
	path, err := exec.LookPath("moto_server")
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatal("moto_server is missing: .ci/run installs it")
	default:
		t.Skip("moto_server is not installed: pip install 'moto[ec2,iam,s3,ssm]' flask flask-cors")
	}
	number, err := rand.Int(rand.Reader, big.NewInt(900_000_000_000))
	if err != nil {
		t.Fatal(err)
	}
	account = fmt.Sprint(100_000_000_000 + number.Int64())
	ctx, stop := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, path, "-H", "127.0.0.1", "-p", "0")
	plain := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }) // an empty AWS_PROFILE breaks it
	server.Env = append(plain, "MOTO_ACCOUNT_ID="+account, "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION=true")
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		running := regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			if m := running.FindStringSubmatch(lines.Text()); m != nil {
				said <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
		_ = server.Wait() // it was killed
	})
	select {
	case endpoint = <-said:
	case <-done:
		t.Fatal("moto ended before it answered")
	case <-time.After(time.Minute):
		t.Fatal("moto did not say within a minute where it answers")
	}
	return endpoint, account
}

func TestRealMoto(t *testing.T) {
	t.Parallel()
	endpoint, account := startMoto(t)
	c := open(t, aws.Options{Endpoint: endpoint})
	caller, err := c.Identity.Caller(t.Context())
	if err != nil || caller.Account != account || caller.Region != "eu-west-1" {
		t.Fatalf("%+v, %v: not the moto that this test started", caller, err)
	}
	t.Run("catalogue", func(t *testing.T) { motoCatalogue(t, c) })
	t.Run("machines", func(t *testing.T) { motoMachines(t, c) })
	t.Run("firewall", func(t *testing.T) { motoFirewall(t, c) })
	t.Run("profiles", func(t *testing.T) { motoProfiles(t, c) })
	t.Run("store", func(t *testing.T) { motoStore(t, c, endpoint) })
}

func motoCatalogue(t *testing.T, c provider.Cloud) {
	t.Helper()
	for path, architecture := range map[string]string{
		"/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id": "x86_64",
		"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64":  "arm64",
	} {
		image, err := c.Catalogue.Image(t.Context(), "ssm:"+path)
		if err != nil || !strings.HasPrefix(image.ID, "ami-") || image.Architecture != architecture || !strings.HasPrefix(image.RootDevice, "/dev/") {
			t.Errorf("%s: %+v, %v", path, image, err)
		}
	}
	if _, err := c.Catalogue.Image(t.Context(), "ssm:/aws/service/nothing"); !errors.Is(err, provider.NotFound) || !strings.Contains(err.Error(), "ssm:GetParameter") {
		t.Errorf("unknown parameter: %v", err)
	}
	types, err := c.Catalogue.Types(t.Context(), []string{"m7g.large", "t3.micro"})
	if err != nil || len(types) != 2 || types[0].VCPUs != 2 || types[0].Architectures[0] != "arm64" || types[1].MemoryBytes != 1<<30 || !types[1].Burstable || types[1].Network == "" {
		t.Errorf("%+v, %v", types, err)
	}
	if _, err := c.Catalogue.Types(t.Context(), []string{"t3.micro", "zz9.large"}); !errors.Is(err, provider.NotFound) || !strings.Contains(err.Error(), "zz9.large") {
		t.Errorf("unknown type: %v", err)
	}
	subnets, err := c.Catalogue.Subnets(t.Context(), nil)
	if err != nil || len(subnets) != 3 || subnets[0].Zone != "eu-west-1a" || !subnets[0].Public {
		t.Fatalf("%+v, %v", subnets, err)
	}
	given, err := c.Catalogue.Subnets(t.Context(), []string{subnets[2].ID, subnets[0].ID})
	if err != nil || len(given) != 2 || given[0] != subnets[2] || given[1] != subnets[0] {
		t.Errorf("%+v, %v", given, err)
	}
	if _, err := c.Catalogue.Subnets(t.Context(), []string{"subnet-0123"}); !errors.Is(err, provider.NotFound) {
		t.Errorf("unknown subnet: %v", err)
	}
	if all, err := c.Catalogue.Endpoints(t.Context(), subnets[0].Network); err != nil || len(all) > 0 {
		t.Errorf("endpoints %v, %v", all, err)
	}
	if p, err := c.Catalogue.Price(t.Context(), provider.PriceQuery{Type: "t3.micro", Region: "eu-west-1", Preemptible: true}); err != nil || p.PerHour <= 0 {
		t.Errorf("spot price %+v, %v", p, err)
	}
}

func motoMachines(t *testing.T, c provider.Cloud) {
	t.Helper()
	subnets, err := c.Catalogue.Subnets(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := service()
	r.Image.ID, r.Subnet, r.Groups, r.Profile = "ami-12c6146b", subnets[0].ID, nil, ""
	dry := r
	dry.DryRun = true
	if m, err := c.Machines.Launch(t.Context(), dry); err != nil || m.ID != "" {
		t.Errorf("dry run: %+v, %v", m, err)
	}
	m, err := c.Machines.Launch(t.Context(), r)
	if err != nil || m.ID == "" || m.Type != "t3.micro" || m.Subnet != r.Subnet || m.Tags["plimsoll:run"] != "01JD" {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := c.Machines.Tag(t.Context(), []string{m.ID}, provider.Tags{"plimsoll:expires": "2026-11-24T15:00:00Z"}); err != nil {
		t.Error(err)
	}
	for name, q := range map[string]provider.Query{
		"by id":      {IDs: []string{m.ID, "i-0123456789abcdef0"}},
		"by tag":     {Tags: provider.Tags{"plimsoll:run": "01JD"}},
		"by any tag": {Tags: provider.Tags{"plimsoll:managed": "true", "plimsoll:expires": ""}},
	} {
		found, err := c.Machines.Find(t.Context(), q)
		if err != nil || len(found) != 1 || found[0].ID != m.ID || found[0].State != provider.Running || found[0].PublicIP == "" ||
			found[0].Zone != "eu-west-1a" || found[0].Tags["plimsoll:expires"] == "" {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	if found, err := c.Machines.Find(t.Context(), provider.Query{Tags: provider.Tags{"plimsoll:run": "other"}}); err != nil || len(found) > 0 {
		t.Errorf("another run: %+v, %v", found, err)
	}
	if _, err := c.Machines.Console(t.Context(), m.ID); err != nil {
		t.Error(err)
	}
	if err := c.Machines.Terminate(t.Context(), []string{m.ID}); err != nil {
		t.Error(err)
	}
	if found, err := c.Machines.Find(t.Context(), provider.Query{IDs: []string{m.ID}}); err != nil || len(found) != 1 || found[0].State != provider.Terminated {
		t.Errorf("after its end: %+v, %v", found, err)
	}
	r.Type, r.Token = "zz9.large", "token-2"
	if _, err := c.Machines.Launch(t.Context(), r); err == nil {
		t.Error("an unknown type was launched")
	}
}

func motoFirewall(t *testing.T, c provider.Cloud) {
	t.Helper()
	subnets, err := c.Catalogue.Subnets(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request := provider.GroupRequest{Name: "plimsoll-01JD", Description: "plimsoll run 01JD", Network: subnets[0].Network, Tags: ourTags}
	group, err := c.Firewall.CreateGroup(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Firewall.CreateGroup(t.Context(), request); !errors.Is(err, provider.Exists) {
		t.Errorf("made twice: %v", err)
	}
	rules := []provider.Rule{{Port: 8080, CIDR: "203.0.113.7/32"}, {Port: 8080, CIDR: "2001:db8::7/128"}, {Port: 61208, Group: group.ID}}
	if err := errors.Join(c.Firewall.Allow(t.Context(), group.ID, rules[:1]), c.Firewall.Allow(t.Context(), group.ID, rules)); err != nil {
		t.Errorf("allowed twice: %v", err)
	}
	for name, q := range map[string]provider.Query{"by name": {Name: group.Name}, "by tag": {Tags: provider.Tags{"plimsoll:run": "01JD"}}, "by id": {IDs: []string{group.ID, "sg-0123456789abcdef0"}}} {
		found, err := c.Firewall.FindGroups(t.Context(), q)
		if err != nil || len(found) != 1 || found[0].ID != group.ID || found[0].Network != group.Network || found[0].Tags["plimsoll:managed"] != "true" {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	if err := c.Firewall.DeleteGroup(t.Context(), group.ID); err != nil {
		t.Error(err)
	}
	if found, err := c.Firewall.FindGroups(t.Context(), provider.Query{IDs: []string{group.ID}}); err != nil || len(found) > 0 {
		t.Errorf("deleted, found %+v, %v", found, err)
	}
}

func motoProfiles(t *testing.T, c provider.Cloud) {
	t.Helper()
	p, ctx := c.Profiles, t.Context()
	const name = "plimsoll-instance"
	tags := provider.Tags{"plimsoll:managed": "true"}
	before, err := p.ProfileExists(ctx, name)
	if before || err != nil {
		t.Errorf("before: %v, %v", before, err)
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
	if there, err := p.ProfileExists(ctx, name); there || err != nil {
		t.Errorf("deleted: %v, %v", there, err)
	}
}

func motoStore(t *testing.T, c provider.Cloud, endpoint string) {
	t.Helper()
	put := func(url, body string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(answer.Body)
			t.Errorf("PUT %s: %s: %s", url, answer.Status, text)
		}
	}
	put(endpoint+"/results", "")
	s, ctx := c.Store("results", "load"), t.Context()
	url, err := s.PresignPut(ctx, "01JD/a", 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	put(url, "from the machine")
	if err := s.Put(ctx, "01JD/b", strings.NewReader("from here")); err != nil {
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
	if err := s.Delete(ctx, "01JD/"); err != nil {
		t.Error(err)
	}
	for _, missing := range []string{"01JD/b", "never"} {
		if _, err := s.Get(ctx, missing); !errors.Is(err, provider.NotFound) {
			t.Errorf("%s: %v", missing, err)
		}
	}
	if _, err := c.Store("nobodys", "").Get(ctx, "x"); !errors.Is(err, provider.NotFound) {
		t.Errorf("no bucket: %v", err)
	}
}
