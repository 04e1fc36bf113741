package aws

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// profiles is provider.Profiles. Role and instance profile have one name.
type profiles struct{ iam *iam.Client }

var _ provider.Profiles = profiles{}

// ProfileExists implements provider.Profiles.
func (p profiles) ProfileExists(ctx context.Context, name string) (bool, error) {
	found, err := p.find(ctx, name)
	return found != nil && len(found.Roles) > 0, err
}

// find is nil without an error where there is no such profile.
func (p profiles) find(ctx context.Context, name string) (*types.InstanceProfile, error) {
	out, err := p.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String(name)})
	err = faults.Of("iam:GetInstanceProfile", name, err)
	if errors.Is(err, provider.NotFound) {
		return nil, nil //nolint:nilnil // absence is an answer here
	}
	if err != nil {
		return nil, err
	}
	return out.InstanceProfile, nil
}

// CreateProfile implements provider.Profiles.
func (p profiles) CreateProfile(ctx context.Context, called string, of provider.Tags) error {
	name, tags := aws.String(called), iamTags(of)
	_, err := p.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(dialect.Trust), Tags: tags})
	if err = faults.Of("iam:CreateRole", called, err); err != nil && !errors.Is(err, provider.Exists) {
		return err
	}
	_, err = p.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String(dialect.CorePolicy)})
	if err != nil {
		return faults.Of("iam:AttachRolePolicy", dialect.CorePolicy, err)
	}
	_, err = p.iam.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: name, Tags: tags})
	if err = faults.Of("iam:CreateInstanceProfile", called, err); err != nil && !errors.Is(err, provider.Exists) {
		return err
	}
	if there, err := p.ProfileExists(ctx, called); there || err != nil {
		return err // it has a role, and can have no second
	}
	_, err = p.iam.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name})
	return faults.Of("iam:AddRoleToInstanceProfile", called, err)
}

// DeleteProfile implements provider.Profiles. A role of another name in the profile is taken out and left alone.
func (p profiles) DeleteProfile(ctx context.Context, name string) error {
	found, err := p.find(ctx, name)
	if err != nil {
		return err
	}
	if found != nil {
		for _, role := range found.Roles {
			_, err := p.iam.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: aws.String(name), RoleName: role.RoleName})
			if err := unlessMissing("iam:RemoveRoleFromInstanceProfile", name, err); err != nil {
				return err
			}
		}
		_, err := p.iam.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: aws.String(name)})
		if err := unlessMissing("iam:DeleteInstanceProfile", name, err); err != nil {
			return err
		}
	}
	return p.deleteRole(ctx, name)
}

func (p profiles) deleteRole(ctx context.Context, name string) error {
	pages := iam.NewListAttachedRolePoliciesPaginator(p.iam, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(name)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unlessMissing("iam:ListAttachedRolePolicies", name, err)
		}
		for _, policy := range page.AttachedPolicies {
			_, err := p.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(name), PolicyArn: policy.PolicyArn})
			if err := unlessMissing("iam:DetachRolePolicy", aws.ToString(policy.PolicyArn), err); err != nil {
				return err
			}
		}
	}
	_, err := p.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(name)})
	return unlessMissing("iam:DeleteRole", name, err)
}

func unlessMissing(action, resource string, err error) error {
	if err = faults.Of(action, resource, err); errors.Is(err, provider.NotFound) {
		return nil
	}
	return err
}

func iamTags(tags provider.Tags) []types.Tag {
	all := make([]types.Tag, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return all
}
