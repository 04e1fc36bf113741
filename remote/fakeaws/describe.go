package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

type typeXML struct {
	Name       string        `xml:"instanceType"`
	Current    bool          `xml:"currentGeneration"`
	Hypervisor string        `xml:"hypervisor"`
	BareMetal  bool          `xml:"bareMetal"`
	Usage      items[string] `xml:"supportedUsageClasses"`
	Arch       items[string] `xml:"processorInfo>supportedArchitectures"`
	Clock      float64       `xml:"processorInfo>sustainedClockSpeedInGhz"`
	VCPU       int           `xml:"vCpuInfo>defaultVCpus"`
	Cores      int           `xml:"vCpuInfo>defaultCores"`
	Threads    int           `xml:"vCpuInfo>defaultThreadsPerCore"`
	MiB        int           `xml:"memoryInfo>sizeInMiB"`
	EBS        ebsXML        `xml:"ebsInfo>ebsOptimizedInfo"`
	Network    networkXML    `xml:"networkInfo"`
	Burst      bool          `xml:"burstablePerformanceSupported"`
}

type ebsXML struct {
	Baseline int `xml:"baselineBandwidthInMbps"`
	Maximum  int `xml:"maximumBandwidthInMbps"`
}

type networkXML struct {
	Performance string         `xml:"networkPerformance"`
	Cards       items[cardXML] `xml:"networkCards"`
}

type cardXML struct {
	Index       int     `xml:"networkCardIndex"`
	Performance string  `xml:"networkPerformance"`
	Baseline    float64 `xml:"baselineBandwidthInGbps"`
	Peak        float64 `xml:"peakBandwidthInGbps"`
}

func (c *Cloud) describeInstanceTypes(_ *region, q ask) (any, error) {
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	names := q.form.list("InstanceType")
	for _, n := range names {
		if _, ok := c.types[n]; !ok {
			return nil, refuse("InvalidInstanceType", fmt.Sprintf("The following supplied instance types do not exist: [%s]", n))
		}
	}
	var found []typeXML
	for _, name := range slices.Sorted(maps.Keys(c.types)) {
		t := c.types[name]
		ok, err := filters.match(nil, map[string][]string{
			"instance-type": {name}, "processor-info.supported-architecture": {t.arch()}, "vcpu-info.default-vcpus": {strconv.Itoa(t.VCPU)},
			"memory-info.size-in-mib": {strconv.Itoa(t.MiB)}, "burstable-performance-supported": {strconv.FormatBool(t.Burst)}, "current-generation": {"true"},
		})
		if err != nil {
			return nil, err
		}
		if ok && (len(names) == 0 || slices.Contains(names, name)) {
			found = append(found, typeAsXML(t))
		}
	}
	return paged(c, q.form, found, func(page []typeXML, next string) any {
		return struct {
			Types items[typeXML] `xml:"instanceTypeSet"`
			Next  string         `xml:"nextToken,omitempty"`
		}{items[typeXML]{page}, next}
	})
}

func typeAsXML(t Type) typeXML {
	threads := 2
	if t.ARM || t.VCPU == 1 {
		threads = 1
	}
	return typeXML{
		Name: t.Name, Current: true, Hypervisor: "nitro", Usage: items[string]{[]string{"on-demand", "spot"}},
		Arch: items[string]{[]string{t.arch()}}, Clock: 3.2, VCPU: t.VCPU, Cores: t.VCPU / threads, Threads: threads, MiB: t.MiB,
		EBS:     ebsXML{Baseline: 650, Maximum: 10000},
		Network: networkXML{t.Network, items[cardXML]{[]cardXML{{0, t.Network, t.Gbit, t.GbitBurst}}}}, Burst: t.Burst,
	}
}

type offeringXML struct {
	Type     string `xml:"instanceType"`
	Kind     string `xml:"locationType"`
	Location string `xml:"location"`
}

func (c *Cloud) describeOfferings(r *region, q ask) (any, error) {
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	kind := orElse(q.form.get("LocationType"), "region")
	var out struct {
		Offerings items[offeringXML] `xml:"instanceTypeOfferingSet"`
	}
	for _, name := range slices.Sorted(maps.Keys(c.types)) {
		for _, s := range r.subnets {
			location := s.Zone
			if kind == "region" {
				location = r.name
			}
			x := offeringXML{name, kind, location}
			ok, err := filters.match(nil, map[string][]string{"instance-type": {name}, "location": {location}})
			if err != nil {
				return nil, err
			}
			if _, no := c.world(unsupported, name, s.ID); ok && !no && !slices.Contains(out.Offerings.Item, x) {
				out.Offerings.Item = append(out.Offerings.Item, x)
			}
		}
	}
	return out, nil
}

type imageXML struct {
	ID           string `xml:"imageId"`
	State        string `xml:"imageState"`
	Owner        string `xml:"imageOwnerId"`
	Architecture string `xml:"architecture"`
	Name         string `xml:"name"`
	Root         string `xml:"rootDeviceName"`
	RootType     string `xml:"rootDeviceType"`
	Device       string `xml:"blockDeviceMapping>item>deviceName"`
	GiB          int    `xml:"blockDeviceMapping>item>ebs>volumeSize"`
}

func (c *Cloud) describeImages(_ *region, q ask) (any, error) {
	var out struct {
		Images items[imageXML] `xml:"imagesSet"`
	}
	all := images()
	ids := q.form.list("ImageId")
	for _, id := range ids {
		if _, ok := all[id]; !ok {
			return nil, refuse("InvalidAMIID.NotFound", fmt.Sprintf("The image id '[%s]' does not exist", id))
		}
	}
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		i := all[id]
		ok, err := filters.match(nil, map[string][]string{"image-id": {id}, "name": {i.name}, "architecture": {i.arch}, "state": {"available"}, "owner-alias": {"amazon"}})
		if err != nil {
			return nil, err
		}
		if ok && (len(ids) == 0 || slices.Contains(ids, id)) {
			out.Images.Item = append(out.Images.Item, imageXML{id, "available", "591542846629", i.arch, i.name, "/dev/xvda", "ebs", "/dev/xvda", 30})
		}
	}
	return out, nil
}

type vpcXML struct {
	ID      string        `xml:"vpcId"`
	State   string        `xml:"state"`
	CIDR    string        `xml:"cidrBlock"`
	Default bool          `xml:"isDefault"`
	Tags    items[tagXML] `xml:"tagSet"`
}

func (r *region) isDefault(vpc string) bool {
	return slices.ContainsFunc(r.vpcs, func(v *VPC) bool { return v.ID == vpc && v.Default })
}

func (c *Cloud) describeVpcs(r *region, q ask) (any, error) {
	var out struct {
		VPCs items[vpcXML] `xml:"vpcSet"`
	}
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	ids := q.form.list("VpcId")
	for _, v := range r.vpcs {
		is := []string{strconv.FormatBool(v.Default)}
		ok, err := filters.match(v.Tags, map[string][]string{"vpc-id": {v.ID}, "is-default": is, "isDefault": is, "cidr": {v.CIDR}, "state": {"available"}})
		if err != nil {
			return nil, err
		}
		if ok && (len(ids) == 0 || slices.Contains(ids, v.ID)) {
			out.VPCs.Item = append(out.VPCs.Item, vpcXML{v.ID, "available", v.CIDR, v.Default, tagsXML(v.Tags)})
		}
	}
	if len(ids) > len(out.VPCs.Item) && len(filters) == 0 {
		return nil, refuse("InvalidVpcID.NotFound", fmt.Sprintf("The vpc ID '%s' does not exist", strings.Join(ids, ", ")))
	}
	return out, nil
}

type subnetXML struct {
	ID      string        `xml:"subnetId"`
	State   string        `xml:"state"`
	VPC     string        `xml:"vpcId"`
	CIDR    string        `xml:"cidrBlock"`
	Free    int           `xml:"availableIpAddressCount"`
	Zone    string        `xml:"availabilityZone"`
	Default bool          `xml:"defaultForAz"`
	Public  bool          `xml:"mapPublicIpOnLaunch"`
	Tags    items[tagXML] `xml:"tagSet"`
}

func (c *Cloud) describeSubnets(r *region, q ask) (any, error) {
	var out struct {
		Subnets items[subnetXML] `xml:"subnetSet"`
	}
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	ids := q.form.list("SubnetId")
	for _, s := range r.subnets {
		is := strconv.FormatBool(r.isDefault(s.VPC))
		ok, err := filters.match(s.Tags, map[string][]string{
			"subnet-id": {s.ID}, "vpc-id": {s.VPC}, "availability-zone": {s.Zone}, "availabilityZone": {s.Zone},
			"default-for-az": {is}, "defaultForAz": {is}, "map-public-ip-on-launch": {strconv.FormatBool(s.Public)}, "state": {"available"},
		})
		if err != nil {
			return nil, err
		}
		if ok && (len(ids) == 0 || slices.Contains(ids, s.ID)) {
			out.Subnets.Item = append(out.Subnets.Item, subnetXML{s.ID, "available", s.VPC, s.CIDR, 4000, s.Zone, is == "true", s.Public, tagsXML(s.Tags)})
		}
	}
	if len(ids) > len(out.Subnets.Item) && len(filters) == 0 {
		return nil, refuse("InvalidSubnetID.NotFound", fmt.Sprintf("The subnet ID '%s' does not exist", strings.Join(ids, ", ")))
	}
	return out, nil
}

type volumeXML struct {
	ID        string        `xml:"volumeId"`
	GiB       int           `xml:"size"`
	Zone      string        `xml:"availabilityZone"`
	State     string        `xml:"status"`
	Type      string        `xml:"volumeType"`
	Encrypted bool          `xml:"encrypted"`
	Tags      items[tagXML] `xml:"tagSet"`
}

func (c *Cloud) describeVolumes(r *region, q ask) (any, error) {
	var out struct {
		Volumes items[volumeXML] `xml:"volumeSet"`
	}
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	ids := q.form.list("VolumeId")
	for _, i := range r.instances {
		v, state := i.Volume, "in-use"
		if i.State == terminated {
			state = "available"
		}
		ok, err := filters.match(v.Tags, map[string][]string{"volume-id": {v.ID}, "attachment.instance-id": {i.ID}, "status": {state}})
		if err != nil {
			return nil, err
		}
		if ok && v.ID != "" && (state == "in-use" || !v.Delete) && (len(ids) == 0 || slices.Contains(ids, v.ID)) {
			out.Volumes.Item = append(out.Volumes.Item, volumeXML{v.ID, v.GiB, i.Zone, state, v.Type, v.Encrypted, tagsXML(v.Tags)})
		}
	}
	return out, nil
}

func (c *Cloud) deleteVolume(r *region, q ask) (any, error) {
	id := q.form.get("VolumeId")
	for _, i := range r.instances {
		switch {
		case i.Volume.ID != id || id == "":
		case i.State != terminated:
			return nil, refuse("VolumeInUse", "Volume "+id+" is currently attached to "+i.ID)
		default:
			i.Volume = Volume{}
			return done{true}, nil
		}
	}
	return nil, refuse("InvalidVolume.NotFound", "The volume '"+id+"' does not exist.")
}
