package aws_test

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

var ourTags = provider.Tags{"plimsoll:managed": "true", "plimsoll:run": "01JD", "Name": "plimsoll service t3.micro"}

// service is a launch with all that can be asked for.
func service() provider.LaunchRequest {
	return provider.LaunchRequest{
		Token: "token-1", Type: "t3.micro", Image: provider.Image{ID: "ami-0a1", RootDevice: "/dev/xvda"}, Subnet: "subnet-1",
		Groups: []string{"sg-1"}, Profile: "plimsoll-instance", PublicIP: true, UserData: "#!/bin/sh\nshutdown -h +30\n",
		Tags: ourTags, DiskGiB: 20, MetadataHops: 1, Credits: "unlimited",
	}
}

// calls are what testdata/golden holds, by the name of the file.
var calls = map[string]func(ctx context.Context, c provider.Cloud) (any, error){
	"caller":         func(ctx context.Context, c provider.Cloud) (any, error) { return c.Identity.Caller(ctx) },
	"caller-expired": func(ctx context.Context, c provider.Cloud) (any, error) { return c.Identity.Caller(ctx) },

	"image": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.Image(ctx, "ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id")
	},
	"image-no-parameter": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.Image(ctx, "ssm:/aws/service/nothing")
	},
	"image-pending": func(ctx context.Context, c provider.Cloud) (any, error) { return c.Catalogue.Image(ctx, "ami-0b2") },
	"types": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.Types(ctx, []string{"t3.micro", "c7g.large"})
	},
	"types-unknown": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.Types(ctx, []string{"t3.micro", "zz9.*"})
	},
	"subnets-default":    func(ctx context.Context, c provider.Cloud) (any, error) { return c.Catalogue.Subnets(ctx, nil) },
	"subnets-no-default": func(ctx context.Context, c provider.Cloud) (any, error) { return c.Catalogue.Subnets(ctx, nil) },
	"subnets-given": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.Subnets(ctx, []string{"subnet-b", "subnet-a"})
	},
	"endpoints": func(ctx context.Context, c provider.Cloud) (any, error) { return c.Catalogue.Endpoints(ctx, "vpc-1") },
	"price": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.Price(ctx, provider.PriceQuery{Type: "t3.micro", Region: "eu-west-1"})
	},
	"price-unknown": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.Price(ctx, provider.PriceQuery{Type: "r7i.large", Region: "eu-west-1"})
	},
	"price-spot": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.Price(ctx, provider.PriceQuery{Type: "t3.micro", Region: "eu-west-1", Preemptible: true})
	},
	"quota": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Catalogue.(provider.Quotas).VCPUs(ctx, "c7gn.large")
	},

	"launch": func(ctx context.Context, c provider.Cloud) (any, error) { return c.Machines.Launch(ctx, service()) },
	"launch-spot-private": func(ctx context.Context, c provider.Cloud) (any, error) {
		r := service()
		r.Preemptible, r.PublicIP, r.Profile, r.Credits, r.MetadataHops = true, false, "arn:aws:iam::123456789012:instance-profile/theirs", "", 2
		return c.Machines.Launch(ctx, r)
	},
	"launch-dry-run": func(ctx context.Context, c provider.Cloud) (any, error) {
		r := service()
		r.DryRun = true
		return c.Machines.Launch(ctx, r)
	},
	"launch-big-image": func(ctx context.Context, c provider.Cloud) (any, error) {
		image, err := c.Catalogue.Image(ctx, "ami-0a1")
		if err != nil {
			return nil, err
		}
		r := service()
		r.Image = image
		return c.Machines.Launch(ctx, r)
	},
	"launch-no-capacity":       func(ctx context.Context, c provider.Cloud) (any, error) { return c.Machines.Launch(ctx, service()) },
	"launch-profile-not-ready": func(ctx context.Context, c provider.Cloud) (any, error) { return c.Machines.Launch(ctx, service()) },
	"launch-not-permitted":     func(ctx context.Context, c provider.Cloud) (any, error) { return c.Machines.Launch(ctx, service()) },
	"launch-throttled":         func(ctx context.Context, c provider.Cloud) (any, error) { return c.Machines.Launch(ctx, service()) },
	"find": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Machines.Find(ctx, provider.Query{Tags: provider.Tags{"plimsoll:managed": "true", "plimsoll:run": ""}})
	},
	"terminate": func(ctx context.Context, c provider.Cloud) (any, error) {
		return nil, c.Machines.Terminate(ctx, []string{"i-0a1", "i-0b2"})
	},
	"tag": func(ctx context.Context, c provider.Cloud) (any, error) {
		return nil, c.Machines.Tag(ctx, []string{"i-0a1"}, provider.Tags{"plimsoll:expires": "2026-11-24T15:00:00Z"})
	},
	"console":          func(ctx context.Context, c provider.Cloud) (any, error) { return c.Machines.Console(ctx, "i-0a1") },
	"console-no-nitro": func(ctx context.Context, c provider.Cloud) (any, error) { return c.Machines.Console(ctx, "i-0a1") },

	"group": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Firewall.CreateGroup(ctx, provider.GroupRequest{Name: "plimsoll-01JD", Description: "plimsoll run 01JD", Network: "vpc-1", Tags: ourTags})
	},
	"group-exists": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Firewall.CreateGroup(ctx, provider.GroupRequest{Name: "plimsoll-01JD", Description: "plimsoll run 01JD", Network: "vpc-1"})
	},
	"allow": func(ctx context.Context, c provider.Cloud) (any, error) {
		return nil, c.Firewall.Allow(ctx, "sg-1", []provider.Rule{
			{Port: 8080, CIDR: "203.0.113.7/32"}, {Port: 8080, CIDR: "2001:db8::7/128"}, {Port: 61208, Group: "sg-1"},
		})
	},
	"groups": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Firewall.FindGroups(ctx, provider.Query{Name: "plimsoll-01JD", Tags: provider.Tags{"plimsoll:managed": "true"}})
	},
	"group-in-use": func(ctx context.Context, c provider.Cloud) (any, error) {
		return nil, c.Firewall.DeleteGroup(ctx, "sg-1")
	},

	"profile": func(ctx context.Context, c provider.Cloud) (any, error) {
		return nil, c.Profiles.CreateProfile(ctx, "plimsoll-instance", provider.Tags{"plimsoll:managed": "true"})
	},
	"profile-delete": func(ctx context.Context, c provider.Cloud) (any, error) {
		return nil, c.Profiles.DeleteProfile(ctx, "plimsoll-instance")
	},

	"store-put": func(ctx context.Context, c provider.Cloud) (any, error) {
		return nil, c.Store("results", "/load/").Put(ctx, "01JD/plan.json", strings.NewReader("{}"))
	},
	"store-get": func(ctx context.Context, c provider.Cloud) (any, error) {
		body, err := c.Store("results", "load").Get(ctx, "01JD/glances.csv.gz")
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(body)
		return string(text), err
	},
	"store-delete": func(ctx context.Context, c provider.Cloud) (any, error) {
		return nil, c.Store("results", "load").Delete(ctx, "01JD/")
	},

	"command": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Commands.Run(ctx, provider.Command{
			Machines: []string{"i-0a1", "i-0b2"}, Title: "start the service", Script: "docker run -d kinto\n",
			Delivery: time.Minute, Execution: 90 * time.Second,
		})
	},
	"agents": func(ctx context.Context, c provider.Cloud) (any, error) {
		return c.Commands.Agents(ctx, []string{"i-0a1", "i-0b2"})
	},
}
