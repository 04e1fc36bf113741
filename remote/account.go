package remote

import (
	"context"
	_ "embed" // the policy is a file of its own
	"errors"
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// DefaultProfile is the instance profile that `remote init` makes.
const DefaultProfile = defaultProfile

const (
	trust       = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	corePolicy  = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
	defaultRole = DefaultProfile // a role of the same name
)

//go:embed policy.json
var policy string

// Policy is the least that who runs a test needs, as JSON.
func Policy() string { return policy }

// MakeProfile makes the instance profile; it may be there already.
func MakeProfile(ctx context.Context, c provider.Cloud) error {
	return c.Profiles.CreateProfile(ctx, provider.ProfileRequest{
		Name: DefaultProfile, Trust: trust, Policies: []string{corePolicy}, Tags: provider.Tags{TagManaged: "true"},
	})
}

// ProfileCommands do what MakeProfile does, for who may not do it with these credentials.
func ProfileCommands() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "aws iam create-role --role-name %s --tags Key=%s,Value=true --assume-role-policy-document %s\n", defaultRole, TagManaged, quote(trust))
	fmt.Fprintf(b, "aws iam attach-role-policy --role-name %s --policy-arn %s\n", defaultRole, corePolicy)
	fmt.Fprintf(b, "aws iam create-instance-profile --instance-profile-name %s\n", DefaultProfile)
	fmt.Fprintf(b, "aws iam add-role-to-instance-profile --instance-profile-name %s --role-name %s\n", DefaultProfile, defaultRole)
	return b.String()
}

// Doctor tells, line by line, what a run would find. The error is the first
// thing without which no run can begin.
func Doctor(ctx context.Context, c provider.Cloud) (lines [][2]string, failed error) {
	tell := func(what, good string, err error) {
		if err != nil {
			good = err.Error()
			if failed == nil {
				failed = err
			}
		}
		lines = append(lines, [2]string{what, good})
	}
	who, err := c.Identity.Caller(ctx)
	until := ""
	if !who.Expires.IsZero() {
		until = ", until " + clockTime(who.Expires)
	}
	tell("identity", who.ARN+until, err)
	if err != nil {
		return lines, failed
	}
	tell("region", who.Region, nil)
	subnets, err := c.Catalogue.Subnets(ctx, nil)
	if errors.Is(err, provider.NotFound) {
		tell("default network", "none: --subnet names one", nil)
	} else {
		tell("default network", fmt.Sprintf("%d subnets", len(subnets)), err)
	}
	image, err := c.Catalogue.Image(ctx, images("x86_64")[0])
	tell("machine image", image.ID, err)
	there, err := c.Profiles.ProfileExists(ctx, DefaultProfile)
	switch {
	case errors.Is(err, provider.Denied):
		tell("instance profile", "these credentials may not look at it", nil)
	case err == nil && !there:
		tell("instance profile", DefaultProfile+" is missing: `plimsoll remote init` makes it", nil)
	default:
		tell("instance profile", DefaultProfile, err)
	}
	return lines, failed
}

// Permitted asks whether what a plan would make may be made, and makes nothing.
func (w World) Permitted(ctx context.Context, p *Plan) error {
	r := provisioner{cloud: w.Cloud, plan: p, say: w.Say}
	for _, m := range p.Machines {
		if err := r.check(ctx, m); err != nil {
			return err
		}
	}
	if len(p.Machines) > 0 {
		w.Say("these machines may be started with these credentials; nothing was made")
	}
	return nil
}
