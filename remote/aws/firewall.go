package aws

import (
	"context"
	"errors"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// firewall is provider.Firewall, of security groups.
type firewall struct{ ec2 *ec2.Client }

var _ provider.Firewall = firewall{}

// CreateGroup implements provider.Firewall.
func (f firewall) CreateGroup(ctx context.Context, r provider.GroupRequest) (provider.Group, error) {
	in := &ec2.CreateSecurityGroupInput{
		GroupName: aws.String(r.Name), Description: aws.String(r.Description),
		TagSpecifications: specifications(r.Tags, types.ResourceTypeSecurityGroup),
	}
	if r.Network != "" {
		in.VpcId = aws.String(r.Network)
	}
	out, err := f.ec2.CreateSecurityGroup(ctx, in)
	if err != nil {
		return provider.Group{}, faults.Of("ec2:CreateSecurityGroup", r.Name, err)
	}
	return provider.Group{ID: aws.ToString(out.GroupId), Name: r.Name, Network: r.Network, Tags: r.Tags}, nil
}

// Allow implements provider.Firewall.
func (f firewall) Allow(ctx context.Context, group string, rules []provider.Rule) error {
	all := make([]types.IpPermission, 0, len(rules))
	for _, r := range rules {
		p, err := permission(r)
		if err != nil {
			return refused(provider.Invalid, "ec2:AuthorizeSecurityGroupIngress", group, err.Error())
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil
	}
	err := f.allow(ctx, group, all...)
	if codeOf(err) != "InvalidPermission.Duplicate" || len(all) == 1 {
		return unlessDuplicate(err)
	}
	for _, p := range all { // one that is there already keeps the call from adding the others
		if err := unlessDuplicate(f.allow(ctx, group, p)); err != nil {
			return err
		}
	}
	return nil
}

func (f firewall) allow(ctx context.Context, group string, p ...types.IpPermission) error {
	return settle(ctx, missing, func() error {
		_, err := f.ec2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(group), IpPermissions: p})
		return faults.Of("ec2:AuthorizeSecurityGroupIngress", group, err)
	})
}

func unlessDuplicate(err error) error {
	if codeOf(err) == "InvalidPermission.Duplicate" {
		return nil
	}
	return err
}

func permission(r provider.Rule) (types.IpPermission, error) {
	port := aws.Int32(int32(r.Port))
	p := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: port, ToPort: port}
	if r.Group != "" {
		p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: aws.String(r.Group)}}
		return p, nil
	}
	net, err := netip.ParsePrefix(r.CIDR)
	if err != nil {
		return p, err
	}
	if net.Addr().Is4() {
		p.IpRanges = []types.IpRange{{CidrIp: aws.String(r.CIDR)}}
	} else {
		p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: aws.String(r.CIDR)}}
	}
	return p, nil
}

// FindGroups implements provider.Firewall.
func (f firewall) FindGroups(ctx context.Context, q provider.Query) ([]provider.Group, error) {
	var all []provider.Group
	for _, filters := range filtersOf("group-id", q) {
		pages := ec2.NewDescribeSecurityGroupsPaginator(f.ec2, &ec2.DescribeSecurityGroupsInput{Filters: filters})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, faults.Of("ec2:DescribeSecurityGroups", faults.Name(q.IDs...), err)
			}
			for _, g := range page.SecurityGroups {
				all = append(all, provider.Group{
					ID: aws.ToString(g.GroupId), Name: aws.ToString(g.GroupName), Network: aws.ToString(g.VpcId), Tags: tagsOf(g.Tags),
				})
			}
		}
	}
	return all, nil
}

// DeleteGroup implements provider.Firewall. A group that EC2 does not know may be one that was made a moment ago.
func (f firewall) DeleteGroup(ctx context.Context, id string) error {
	err := settle(ctx, missing, func() error {
		_, err := f.ec2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String(id)})
		return faults.Of("ec2:DeleteSecurityGroup", id, err)
	})
	if errors.Is(err, provider.NotFound) {
		return nil
	}
	return err
}
