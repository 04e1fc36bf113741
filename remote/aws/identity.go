package aws

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

type identity struct {
	sts    *sts.Client
	config aws.Config
}

// Caller implements provider.Identity.
func (i identity) Caller(ctx context.Context) (provider.Caller, error) {
	const action = "sts:GetCallerIdentity"
	credentials, err := i.config.Credentials.Retrieve(ctx)
	if err != nil {
		return provider.Caller{}, faults.Of(action, "", err)
	}
	out, err := i.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return provider.Caller{}, &SettingError{
			Err:    fmt.Errorf("AWS does not seem to have the region %s: %s has no address", i.config.Region, dns.Name),
			Advice: "see --region and AWS_REGION, and whether this machine reaches the internet",
		}
	}
	if err != nil {
		return provider.Caller{}, faults.Of(action, "", err)
	}
	c := provider.Caller{Account: aws.ToString(out.Account), Name: aws.ToString(out.Arn), Region: i.config.Region}
	if credentials.CanExpire {
		c.Expires = credentials.Expires
	}
	return c, nil
}
