package remote

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/provision"
)

// MakeProfile makes it; it may be there already.
func MakeProfile(ctx context.Context, c provider.Cloud) error {
	return c.Profiles.CreateProfile(ctx, plan.DefaultProfile, provider.Tags{plan.TagManaged: "true"})
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
		until = ", until " + plan.Clock(who.Expires)
	}
	tell("identity", who.Name+until, err)
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
	image, err := c.Catalogue.Image(ctx, c.Dialect.Images("x86_64")[0])
	tell("machine image", image.ID, err)
	there, err := c.Profiles.ProfileExists(ctx, plan.DefaultProfile)
	switch {
	case errors.Is(err, provider.Denied):
		tell(c.Dialect.Profile, "these credentials may not look at it", nil)
	case err == nil && !there:
		tell(c.Dialect.Profile, plan.DefaultProfile+" is missing: `plimsoll remote init` makes it", nil)
	default:
		tell(c.Dialect.Profile, plan.DefaultProfile, err)
	}
	return lines, failed
}

// Permitted asks whether what a plan would make may be made, and makes nothing.
func (w World) Permitted(ctx context.Context, p *plan.Plan) error {
	r := provision.New(w.Cloud, p, nil, w.Say)
	for _, m := range p.Machines {
		if err := r.Permitted(ctx, m); err != nil {
			return err
		}
	}
	if len(p.Machines) > 0 {
		w.Say("these machines may be started with these credentials; nothing was made")
	}
	return nil
}
