package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

type catalogue struct {
	ec2     *ec2.Client
	ssm     *ssm.Client
	pricing *pricing.Client
	quotas  *servicequotas.Client
	sizes   *diskSizes
	region  string
}

var (
	_ provider.Catalogue = catalogue{}
	_ provider.Quotas    = catalogue{}
)

// diskSizes remembers how big an image's root disk must be at least, in GiB: a launch with a smaller one is refused.
type diskSizes struct {
	mu      sync.Mutex
	atLeast map[string]int32
}

func (d *diskSizes) learn(image string, gib int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.atLeast == nil {
		d.atLeast = map[string]int32{}
	}
	d.atLeast[image] = gib
}

func (d *diskSizes) of(image string) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.atLeast[image]
}

// Image implements provider.Catalogue.
func (c catalogue) Image(ctx context.Context, reference string) (provider.Image, error) {
	const action = "ec2:DescribeImages"
	id := reference
	if path, ok := strings.CutPrefix(reference, "ssm:"); ok {
		out, err := c.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(path)})
		if err != nil {
			return provider.Image{}, faults.Of("ssm:GetParameter", path, err)
		}
		id = aws.ToString(out.Parameter.Value)
	}
	if !strings.HasPrefix(id, "ami-") {
		return provider.Image{}, refused(provider.Invalid, action, reference, fmt.Sprintf("%q is no image: give ami-… or ssm:/path of a parameter that holds one", id))
	}
	out, err := c.ec2.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}})
	if err != nil {
		return provider.Image{}, faults.Of(action, reference, err)
	}
	if len(out.Images) == 0 {
		return provider.Image{}, refused(provider.NotFound, action, reference, "the region has no such image, or it is not shared with this account")
	}
	i := out.Images[0]
	if i.State != types.ImageStateAvailable {
		return provider.Image{}, refused(provider.NotFound, action, reference, "the image is "+string(i.State))
	}
	image := provider.Image{ID: id, Name: aws.ToString(i.Name), Architecture: string(i.Architecture), RootDevice: aws.ToString(i.RootDeviceName)}
	for _, disk := range i.BlockDeviceMappings {
		if disk.Ebs != nil && aws.ToString(disk.DeviceName) == image.RootDevice {
			c.sizes.learn(id, aws.ToInt32(disk.Ebs.VolumeSize))
		}
	}
	return image, nil
}

// refused is an error of our own about an answer that the service meant well.
func refused(fault provider.Fault, action, resource, message string) error {
	return &provider.APIError{Fault: fault, Action: action, Resource: resource, Message: message}
}

// Types implements provider.Catalogue. It asks by filter: named outright, one unknown type spoils the answer for all.
func (c catalogue) Types(ctx context.Context, names []string) ([]provider.MachineType, error) {
	const action = "ec2:DescribeInstanceTypes"
	found := map[string]provider.MachineType{}
	pages := ec2.NewDescribeInstanceTypesPaginator(c.ec2, &ec2.DescribeInstanceTypesInput{Filters: []types.Filter{filter("instance-type", names...)}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, faults.Of(action, faults.Name(names...), err)
		}
		for _, info := range page.InstanceTypes {
			found[string(info.InstanceType)] = machineType(info)
		}
	}
	all := make([]provider.MachineType, 0, len(names))
	for _, name := range names {
		t, ok := found[name]
		if !ok {
			return nil, refused(provider.NotFound, action, name, "the region "+c.region+" does not have this type")
		}
		all = append(all, t)
	}
	return all, nil
}

func machineType(info types.InstanceTypeInfo) provider.MachineType {
	const mebi, mega, giga = 1 << 20, 1e6, 1e9
	t := provider.MachineType{Name: string(info.InstanceType), Burstable: aws.ToBool(info.BurstablePerformanceSupported)}
	if info.VCpuInfo != nil {
		t.VCPUs = int(aws.ToInt32(info.VCpuInfo.DefaultVCpus))
	}
	if info.MemoryInfo != nil {
		t.MemoryBytes = aws.ToInt64(info.MemoryInfo.SizeInMiB) * mebi
	}
	if info.ProcessorInfo != nil {
		for _, a := range info.ProcessorInfo.SupportedArchitectures {
			t.Architectures = append(t.Architectures, string(a))
		}
	}
	if n := info.NetworkInfo; n != nil {
		t.Network = aws.ToString(n.NetworkPerformance)
		for _, card := range n.NetworkCards {
			t.NetworkBaseline += aws.ToFloat64(card.BaselineBandwidthInGbps) * giga
			t.NetworkBurst += aws.ToFloat64(card.PeakBandwidthInGbps) * giga
		}
	}
	if e := info.EbsInfo; e != nil && e.EbsOptimizedInfo != nil {
		t.DiskBaseline = aws.ToFloat64(e.EbsOptimizedInfo.BaselineThroughputInMBps) * mega
		t.DiskBurst = aws.ToFloat64(e.EbsOptimizedInfo.MaximumThroughputInMBps) * mega
	}
	return t
}

// Subnets implements provider.Catalogue.
func (c catalogue) Subnets(ctx context.Context, ids []string) ([]provider.Subnet, error) {
	const action = "ec2:DescribeSubnets"
	in := &ec2.DescribeSubnetsInput{SubnetIds: ids}
	if len(ids) == 0 {
		network, err := c.defaultNetwork(ctx)
		if err != nil {
			return nil, err
		}
		in.Filters = []types.Filter{filter("vpc-id", network), filter("state", "available")}
	}
	var all []provider.Subnet
	pages := ec2.NewDescribeSubnetsPaginator(c.ec2, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, faults.Of(action, faults.Name(ids...), err)
		}
		for _, s := range page.Subnets {
			all = append(all, provider.Subnet{
				ID: aws.ToString(s.SubnetId), Network: aws.ToString(s.VpcId), Zone: aws.ToString(s.AvailabilityZone),
				Public: aws.ToBool(s.MapPublicIpOnLaunch),
			})
		}
	}
	if len(all) == 0 {
		return nil, refused(provider.NotFound, action, faults.Name(ids...), "the default VPC has no subnet: give --subnet")
	}
	slices.SortFunc(all, func(a, b provider.Subnet) int {
		if len(ids) > 0 {
			return slices.Index(ids, a.ID) - slices.Index(ids, b.ID)
		}
		return cmp.Or(byPublic(b)-byPublic(a), strings.Compare(a.Zone, b.Zone), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}

// byPublic lets subnets with public addresses come first: somebody may have put private ones into a default VPC.
func byPublic(s provider.Subnet) int {
	if s.Public {
		return 1
	}
	return 0
}

func (c catalogue) defaultNetwork(ctx context.Context) (string, error) {
	const action = "ec2:DescribeVpcs"
	out, err := c.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: []types.Filter{filter("is-default", "true")}})
	if err != nil {
		return "", faults.Of(action, "", err)
	}
	if len(out.Vpcs) == 0 {
		return "", refused(provider.NotFound, action, "", "the account has no default VPC in "+c.region+": give --subnet")
	}
	return aws.ToString(out.Vpcs[0].VpcId), nil
}

// Endpoints implements provider.Catalogue.
func (c catalogue) Endpoints(ctx context.Context, network string) ([]string, error) {
	var all []string
	pages := ec2.NewDescribeVpcEndpointsPaginator(c.ec2, &ec2.DescribeVpcEndpointsInput{
		Filters: []types.Filter{filter("vpc-id", network), filter("vpc-endpoint-state", "available")},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, faults.Of("ec2:DescribeVpcEndpoints", network, err)
		}
		for _, e := range page.VpcEndpoints {
			_, service, ok := strings.Cut(aws.ToString(e.ServiceName), "."+c.region+".") // com.amazonaws.eu-west-1.ecr.api
			if ok {
				all = append(all, service)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// filter asks for any of the values as they are; the service takes * and ? in them for wild cards.
func filter(name string, values ...string) types.Filter {
	plain := make([]string, 0, len(values))
	for _, v := range values {
		plain = append(plain, strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(v))
	}
	return types.Filter{Name: aws.String(name), Values: plain}
}
