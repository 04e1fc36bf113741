package fakeaws

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxUserData is AWS's limit on user data, before base64.
const maxUserData = 16384

// order is a RunInstances call, understood.
type order struct {
	form     form
	kind     Type
	subnet   *Subnet
	groups   []string
	profile  string
	userData string
	token    string
	count    int
	public   bool
}

func (c *Cloud) runInstances(r *region, q ask) (any, error) {
	o, err := c.understand(r, q)
	if err != nil {
		return nil, err
	}
	if done, ok := r.tokens[o.token]; ok && o.token != "" {
		if done.asked != asked(q.form) {
			return nil, refuse("IdempotentParameterMismatch", "The client token you have provided is associated with a resource with different parameters.")
		}
		return c.reservation(r, done.made), nil
	}
	if err := c.room(r, o); err != nil {
		return nil, err
	}
	if q.form.get("DryRun") == "true" {
		return nil, dryRun()
	}
	var made []string
	for range o.count {
		made = append(made, c.launch(r, o).ID)
	}
	if o.token != "" {
		r.tokens[o.token] = launch{asked(q.form), made}
	}
	return c.reservation(r, made), nil
}

func dryRun() error {
	return &apiError{http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."}
}

// asked is a request without what may differ between two attempts.
func asked(f form) string {
	var pairs []string
	for k, v := range f {
		pairs = append(pairs, k+"="+v[0])
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// understand checks a call as EC2 does before it looks for room.
func (c *Cloud) understand(r *region, q ask) (order, error) {
	o := order{form: q.form, token: q.form.get("ClientToken"), count: q.form.number("MaxCount", 0)}
	image, ok := images()[q.form.get("ImageId")]
	if !ok {
		return o, refuse("InvalidAMIID.NotFound", fmt.Sprintf("The image id '[%s]' does not exist", q.form.get("ImageId")))
	}
	if o.kind, ok = c.types[q.form.get("InstanceType")]; !ok {
		return o, refuse("InvalidParameterValue", fmt.Sprintf("Invalid value '%s' for InstanceType.", q.form.get("InstanceType")))
	}
	if o.kind.arch() != image.arch {
		return o, refuse("InvalidParameterValue", fmt.Sprintf("The architecture '%s' of the specified instance type does not match the "+
			"architecture '%s' of the specified AMI.", o.kind.arch(), image.arch))
	}
	if o.count < 1 || q.form.number("MinCount", 0) < 1 || o.count > 50 {
		return o, refuse("InvalidParameterValue", "MinCount and MaxCount must be between 1 and 50")
	}
	data, err := base64.StdEncoding.DecodeString(q.form.get("UserData"))
	if err != nil {
		return o, refuse("InvalidParameterValue", "Invalid BASE64 encoding of user data")
	}
	if len(data) > maxUserData {
		return o, refuse("InvalidParameterValue", "User data is limited to 16384 bytes")
	}
	o.userData = string(data)
	if o.profile, err = c.launchProfile(q.form.sub("IamInstanceProfile")); err != nil {
		return o, err
	}
	return o, r.place(&o)
}

// place finds the subnet and checks the groups, which are named for the call or for its first interface.
func (r *region) place(o *order) error {
	subnet, groups := o.form.get("SubnetId"), o.form.list("SecurityGroupId")
	public := ""
	if nic := o.form.sub("NetworkInterface.1"); len(nic) > 0 {
		if subnet != "" || len(groups) > 0 {
			return refuse("InvalidParameterCombination", "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request")
		}
		subnet, groups, public = nic.get("SubnetId"), nic.list("SecurityGroupId"), nic.get("AssociatePublicIpAddress")
	}
	for _, s := range r.subnets {
		if s.ID == subnet || subnet == "" && r.isDefault(s.VPC) {
			o.subnet = s
			break
		}
	}
	switch {
	case o.subnet == nil && subnet == "":
		return refuse("VPCIdNotSpecified", "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.")
	case o.subnet == nil:
		return refuse("InvalidSubnetID.NotFound", fmt.Sprintf("The subnet ID '%s' does not exist", subnet))
	}
	o.public = o.subnet.Public && public != "false" || public == "true"
	for _, id := range groups {
		g := r.group(id)
		switch {
		case g == nil:
			return refuse("InvalidGroup.NotFound", fmt.Sprintf("The security group '%s' does not exist", id))
		case g.VPC != o.subnet.VPC:
			return refuse("InvalidParameter", fmt.Sprintf("Security group %s and subnet %s belong to different networks.", id, o.subnet.ID))
		}
	}
	if o.groups = groups; len(groups) == 0 {
		o.groups = []string{r.groups[0].ID}
	}
	return nil
}

// room looks for a machine and for what the account may have.
func (c *Cloud) room(r *region, o order) error {
	name := o.kind.Name
	if _, no := c.world(unsupported, name, o.subnet.ID); no {
		return refuse("Unsupported", fmt.Sprintf("Your requested instance type (%s) is not supported in your requested Availability Zone (%s).", name, o.subnet.Zone))
	}
	if _, none := c.world(capacity, name, o.subnet.ID); none {
		return &apiError{http.StatusInternalServerError, "InsufficientInstanceCapacity", fmt.Sprintf(
			"We currently do not have sufficient %s capacity in the Availability Zone you requested (%s).", name, o.subnet.Zone)}
	}
	if limit, used := c.limit(), r.usedCPUs(); used+o.kind.VCPU*o.count > limit {
		return refuse("VcpuLimitExceeded", fmt.Sprintf("You have requested more vCPU capacity than your current vCPU limit of %d allows "+
			"for the instance bucket that the specified instance type belongs to.", limit))
	}
	return nil
}

func (c *Cloud) limit() int {
	if f, ok := c.world(vcpuLimit, "", ""); ok {
		return f.N
	}
	return c.quotaVCPUs
}

func (r *region) usedCPUs() int {
	n := 0
	for _, i := range r.instances {
		if !i.Foreign && i.endsAs == "" {
			n += r.cloud.types[i.Type].VCPU
		}
	}
	return n
}

func (c *Cloud) launch(r *region, o order) *Instance {
	f := o.form
	n := c.addresses()
	i := &Instance{
		ID: c.id("i"), Type: o.kind.Name, Image: f.get("ImageId"), State: pending, Region: r.name, Zone: o.subnet.Zone,
		Subnet: o.subnet.ID, VPC: o.subnet.VPC, Groups: o.groups, Profile: o.profile, PrivateIP: fmt.Sprintf("172.31.%d.%d", n/250, n%250+4),
		Launched: c.options.Now(), OnShutdown: orElse(f.get("InstanceInitiatedShutdownBehavior"), "stop"), Tags: f.tags("instance"),
		UserData: o.userData, Token: o.token, Interface: c.id("eni"), NICTags: f.tags("network-interface"),
		HTTPTokens: orElse(f.get("MetadataOptions.HttpTokens"), "optional"), HopLimit: f.number("MetadataOptions.HttpPutResponseHopLimit", 1),
		Credits: f.get("CreditSpecification.CpuCredits"), Monitoring: "disabled",
		Volume: Volume{ID: c.id("vol"), Type: "gp3", GiB: 30, Delete: true, Tags: f.tags("volume")},
	}
	if o.public {
		i.PublicIP = fmt.Sprintf("127.%d.%d.1", c.net, n)
	}
	if disk := f.sub("BlockDeviceMapping.1.Ebs"); len(disk) > 0 {
		i.Volume.Type, i.Volume.GiB = orElse(disk.get("VolumeType"), i.Volume.Type), disk.number("VolumeSize", i.Volume.GiB)
		i.Volume.Encrypted, i.Volume.Delete = disk.get("Encrypted") == "true", disk.get("DeleteOnTermination") != "false"
	}
	if f.get("InstanceMarketOptions.MarketType") == "spot" {
		i.Spot = c.id("sir")
	}
	if i.Credits == "" && o.kind.Burst {
		i.Credits = map[bool]string{true: "standard", false: "unlimited"}[strings.HasPrefix(o.kind.Name, "t2.")]
	}
	r.instances = append(r.instances, i)
	c.boot(i, r.rules(i))
	return i
}

// addresses counts the instances of all regions, so that each has an address of its own: 127.0.N.1 from 10 on (another second byte
// for containers).
func (c *Cloud) addresses() int {
	n := 10
	for _, r := range c.regions {
		n += len(r.instances)
	}
	return n
}

// tags are those asked for at creation for one kind of resource.
func (f form) tags(kind string) map[string]string {
	out := map[string]string{}
	for _, spec := range f.each("TagSpecification") {
		if spec.get("ResourceType") != kind {
			continue
		}
		for _, t := range spec.each("Tag") {
			out[t.get("Key")] = t.get("Value")
		}
	}
	return out
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// instance finds one that is or was there.
func (r *region) instance(id string) *Instance {
	for _, i := range r.instances {
		if i.ID == id {
			return i
		}
	}
	return nil
}

// known finds the instances named in a call, as one that is asked for must exist and be visible.
func (r *region) known(ids []string) ([]*Instance, error) {
	var out []*Instance
	for _, id := range ids {
		i := r.instance(id)
		switch {
		case !strings.HasPrefix(id, "i-"):
			return nil, refuse("InvalidInstanceID.Malformed", "Invalid id: "+strconv.Quote(id))
		case i == nil || !r.cloud.visible(i.Launched):
			return nil, refuse("InvalidInstanceID.NotFound", fmt.Sprintf("The instance ID '%s' does not exist", id))
		}
		out = append(out, i)
	}
	return out, nil
}
