package aws

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// rental is provider.Machines.
type rental struct {
	ec2   *ec2.Client
	sizes *diskSizes
}

var _ provider.Machines = rental{}

// Launch implements provider.Machines.
func (m rental) Launch(ctx context.Context, r provider.LaunchRequest) (provider.Machine, error) {
	var made provider.Machine
	// The group was made a moment ago, and EC2 may not know it everywhere yet.
	err := settle(ctx, missingGroup, func() error {
		out, err := m.ec2.RunInstances(ctx, m.launchInput(r))
		switch {
		case r.DryRun && codeOf(err) == "DryRunOperation":
			return nil
		case err != nil:
			return faults.Of("ec2:RunInstances", r.Type, err)
		case len(out.Instances) == 0:
			return refused(provider.Unavailable, "ec2:RunInstances", r.Type, "the answer names no machine")
		}
		made = machine(out.Instances[0])
		return nil
	})
	return made, err
}

// codeOf is the service's own code of an error, empty where there is none.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func (m rental) launchInput(r provider.LaunchRequest) *ec2.RunInstancesInput {
	in := &ec2.RunInstancesInput{
		ClientToken:                       aws.String(r.Token),
		DryRun:                            aws.Bool(r.DryRun),
		ImageId:                           aws.String(r.Image.ID),
		InstanceType:                      types.InstanceType(r.Type),
		MinCount:                          aws.Int32(1),
		MaxCount:                          aws.Int32(1),
		InstanceInitiatedShutdownBehavior: types.ShutdownBehaviorTerminate,
		MetadataOptions: &types.InstanceMetadataOptionsRequest{
			HttpEndpoint:            types.InstanceMetadataEndpointStateEnabled,
			HttpTokens:              types.HttpTokensStateRequired,
			HttpPutResponseHopLimit: aws.Int32(int32(max(r.MetadataHops, 1))),
		},
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex:              aws.Int32(0),
			SubnetId:                 aws.String(r.Subnet),
			Groups:                   r.Groups,
			AssociatePublicIpAddress: aws.Bool(r.PublicIP),
			DeleteOnTermination:      aws.Bool(true),
		}},
		BlockDeviceMappings: m.disk(r),
		TagSpecifications:   tagSpecifications(r),
	}
	if r.UserData != "" {
		in.UserData = aws.String(base64.StdEncoding.EncodeToString([]byte(r.UserData)))
	}
	switch {
	case strings.HasPrefix(r.Profile, "arn:"):
		in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Arn: aws.String(r.Profile)}
	case r.Profile != "":
		in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: aws.String(r.Profile)}
	}
	if r.Credits != "" {
		in.CreditSpecification = &types.CreditSpecificationRequest{CpuCredits: aws.String(r.Credits)}
	}
	if r.Preemptible {
		in.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{
			MarketType: types.MarketTypeSpot,
			SpotOptions: &types.SpotMarketOptions{
				SpotInstanceType:             types.SpotInstanceTypeOneTime,
				InstanceInterruptionBehavior: types.InstanceInterruptionBehaviorTerminate,
			},
		}
	}
	return in
}

// disk is the root disk, at least as big as the image's own: the ECS-optimized image has 30 GiB, and EC2 refuses less.
func (m rental) disk(r provider.LaunchRequest) []types.BlockDeviceMapping {
	disk := &types.EbsBlockDevice{
		VolumeType:          types.VolumeTypeGp3,
		Encrypted:           aws.Bool(true),
		DeleteOnTermination: aws.Bool(true),
	}
	if r.DiskGiB > 0 {
		disk.VolumeSize = aws.Int32(max(int32(r.DiskGiB), m.sizes.of(r.Image.ID)))
	}
	device := r.Image.RootDevice
	if device == "" {
		device = "/dev/xvda"
	}
	return []types.BlockDeviceMapping{{DeviceName: aws.String(device), Ebs: disk}}
}

func tagSpecifications(r provider.LaunchRequest) []types.TagSpecification {
	kinds := []types.ResourceType{types.ResourceTypeInstance, types.ResourceTypeVolume, types.ResourceTypeNetworkInterface}
	if r.Preemptible {
		kinds = append(kinds, types.ResourceTypeSpotInstancesRequest)
	}
	return specifications(r.Tags, kinds...)
}

func specifications(tags provider.Tags, kinds ...types.ResourceType) []types.TagSpecification {
	if len(tags) == 0 {
		return nil
	}
	all := make([]types.TagSpecification, 0, len(kinds))
	for _, kind := range kinds {
		all = append(all, types.TagSpecification{ResourceType: kind, Tags: tagList(tags)})
	}
	return all
}

// Find implements provider.Machines. It asks by filter: named outright, one unknown id spoils the answer for all.
func (m rental) Find(ctx context.Context, q provider.Query) ([]provider.Machine, error) {
	var all []provider.Machine
	for _, filters := range filtersOf("instance-id", q) {
		pages := ec2.NewDescribeInstancesPaginator(m.ec2, &ec2.DescribeInstancesInput{Filters: filters})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, faults.Of("ec2:DescribeInstances", faults.Name(q.IDs...), err)
			}
			for _, r := range page.Reservations {
				for _, i := range r.Instances {
					all = append(all, machine(i))
				}
			}
		}
	}
	return all, nil
}

func machine(i types.Instance) provider.Machine {
	m := provider.Machine{
		ID: aws.ToString(i.InstanceId), Type: string(i.InstanceType), Reason: aws.ToString(i.StateTransitionReason),
		PublicIP: aws.ToString(i.PublicIpAddress), PrivateIP: aws.ToString(i.PrivateIpAddress),
		Subnet: aws.ToString(i.SubnetId), Network: aws.ToString(i.VpcId), Image: aws.ToString(i.ImageId),
		Preemptible: i.InstanceLifecycle == types.InstanceLifecycleTypeSpot, Launched: aws.ToTime(i.LaunchTime), Tags: tagsOf(i.Tags),
	}
	if i.State != nil {
		m.State = provider.MachineState(i.State.Name)
	}
	if i.StateReason != nil && aws.ToString(i.StateReason.Message) != "" {
		m.Reason = aws.ToString(i.StateReason.Message)
	}
	if i.Placement != nil {
		m.Zone = aws.ToString(i.Placement.AvailabilityZone)
	}
	if i.IamInstanceProfile != nil {
		m.Profile = aws.ToString(i.IamInstanceProfile.Arn)
	}
	m.Preempted = preempted(m.Reason)
	for _, g := range i.SecurityGroups {
		m.Groups = append(m.Groups, aws.ToString(g.GroupId))
	}
	return m
}

// perTerminate is how many machines one call ends at most; EC2 asks for no more than a thousand.
const perTerminate = 500

// Terminate implements provider.Machines.
func (m rental) Terminate(ctx context.Context, ids []string) error {
	var errs []error
	for part := range slices.Chunk(ids, perTerminate) {
		err := m.terminate(ctx, part...)
		if !errors.Is(err, provider.NotFound) {
			errs = append(errs, err)
			continue
		}
		for _, id := range part { // one that is not there keeps the call from ending the others
			errs = append(errs, m.terminateOne(ctx, id))
		}
	}
	return errors.Join(errs...)
}

// terminateOne ends a machine that may be gone, or so new that EC2 does not know it everywhere: it must not be taken
// for gone then, and be left running.
func (m rental) terminateOne(ctx context.Context, id string) error {
	err := settle(ctx, missing, func() error { return m.terminate(ctx, id) })
	if errors.Is(err, provider.NotFound) {
		return nil
	}
	return err
}

func (m rental) terminate(ctx context.Context, ids ...string) error {
	_, err := m.ec2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: ids})
	return faults.Of("ec2:TerminateInstances", faults.Name(ids...), err)
}

// Tag implements provider.Machines.
func (m rental) Tag(ctx context.Context, ids []string, tags provider.Tags) error {
	if len(ids) == 0 || len(tags) == 0 {
		return nil
	}
	return settle(ctx, missing, func() error {
		_, err := m.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: ids, Tags: tagList(tags)})
		return faults.Of("ec2:CreateTags", faults.Name(ids...), err)
	})
}

// Console implements provider.Machines.
func (m rental) Console(ctx context.Context, id string) (string, error) {
	out, err := m.ec2.GetConsoleOutput(ctx, &ec2.GetConsoleOutputInput{InstanceId: aws.String(id), Latest: aws.Bool(true)})
	if codeOf(err) == "UnsupportedOperation" { // only machines on Nitro tell the newest; of others EC2 keeps that of the boot
		out, err = m.ec2.GetConsoleOutput(ctx, &ec2.GetConsoleOutputInput{InstanceId: aws.String(id)})
	}
	if err != nil {
		return "", faults.Of("ec2:GetConsoleOutput", id, err)
	}
	text, err := base64.StdEncoding.DecodeString(aws.ToString(out.Output))
	if err != nil {
		return "", faults.Of("ec2:GetConsoleOutput", id, err)
	}
	return string(text), nil
}
