package fakeaws

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

type tagXML struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func tagsXML(tags map[string]string) items[tagXML] {
	var out items[tagXML]
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out.Item = append(out.Item, tagXML{k, tags[k]})
	}
	return out
}

type stateXML struct {
	Code int    `xml:"code"`
	Name string `xml:"name"`
}

func stateOf(name string) stateXML {
	return stateXML{map[string]int{pending: 0, running: 16, shuttingDown: 32, terminated: 48, stopping: 64, stopped: 80}[name], name}
}

type groupRefXML struct {
	ID   string `xml:"groupId"`
	Name string `xml:"groupName"`
}

type reasonXML struct {
	Code    string `xml:"code"`
	Message string `xml:"message"`
}

type profileRefXML struct {
	ARN string `xml:"arn"`
	ID  string `xml:"id"`
}

type instanceXML struct {
	ID           string             `xml:"instanceId"`
	Image        string             `xml:"imageId"`
	State        stateXML           `xml:"instanceState"`
	PrivateDNS   string             `xml:"privateDnsName"`
	PublicDNS    string             `xml:"dnsName"`
	Reason       string             `xml:"reason"`
	Type         string             `xml:"instanceType"`
	Launched     string             `xml:"launchTime"`
	Zone         string             `xml:"placement>availabilityZone"`
	Tenancy      string             `xml:"placement>tenancy"`
	Monitoring   string             `xml:"monitoring>state"`
	Subnet       string             `xml:"subnetId,omitempty"`
	VPC          string             `xml:"vpcId,omitempty"`
	PrivateIP    string             `xml:"privateIpAddress,omitempty"`
	PublicIP     string             `xml:"ipAddress,omitempty"`
	Groups       items[groupRefXML] `xml:"groupSet"`
	StateReason  *reasonXML         `xml:"stateReason"`
	Architecture string             `xml:"architecture"`
	RootType     string             `xml:"rootDeviceType"`
	RootName     string             `xml:"rootDeviceName"`
	Disks        items[diskXML]     `xml:"blockDeviceMapping"`
	Lifecycle    string             `xml:"instanceLifecycle,omitempty"`
	Spot         string             `xml:"spotInstanceRequestId,omitempty"`
	Token        string             `xml:"clientToken"`
	Tags         items[tagXML]      `xml:"tagSet"`
	Hypervisor   string             `xml:"hypervisor"`
	Interfaces   items[nicXML]      `xml:"networkInterfaceSet"`
	Profile      *profileRefXML     `xml:"iamInstanceProfile"`
	Metadata     metadataXML        `xml:"metadataOptions"`
}

type diskXML struct {
	Device string `xml:"deviceName"`
	Volume string `xml:"ebs>volumeId"`
	Status string `xml:"ebs>status"`
	Delete bool   `xml:"ebs>deleteOnTermination"`
}

type nicXML struct {
	ID     string             `xml:"networkInterfaceId"`
	Subnet string             `xml:"subnetId"`
	VPC    string             `xml:"vpcId"`
	IP     string             `xml:"privateIpAddress"`
	Groups items[groupRefXML] `xml:"groupSet"`
}

type metadataXML struct {
	State    string `xml:"state"`
	Tokens   string `xml:"httpTokens"`
	HopLimit int    `xml:"httpPutResponseHopLimit"`
	Endpoint string `xml:"httpEndpoint"`
}

type reservationXML struct {
	ID        string             `xml:"reservationId"`
	Owner     string             `xml:"ownerId"`
	Groups    items[groupRefXML] `xml:"groupSet"`
	Instances items[instanceXML] `xml:"instancesSet"`
}

func (c *Cloud) instanceXML(r *region, i *Instance) instanceXML {
	x := instanceXML{
		ID: i.ID, Image: i.Image, State: stateOf(i.State), Reason: i.Reason, Type: i.Type, Launched: stamp(i.Launched),
		Zone: i.Zone, Tenancy: "default", Monitoring: i.Monitoring, Architecture: c.types[i.Type].arch(), RootType: "ebs", RootName: "/dev/xvda",
		Spot: i.Spot, Token: i.Token, Tags: tagsXML(i.Tags), Hypervisor: "xen",
		Metadata: metadataXML{"applied", i.HTTPTokens, i.HopLimit, "enabled"},
	}
	if code, _, _ := strings.Cut(i.Reason, ":"); code != "" {
		x.StateReason = &reasonXML{code, i.Reason}
	}
	if i.Spot != "" {
		x.Lifecycle = "spot"
	}
	if i.Profile != "" {
		x.Profile = &profileRefXML{i.Profile, "AIPA" + strings.ToUpper(i.ID[2:])}
	}
	if i.State == terminated {
		return x // as EC2 answers for an hour: no network, no disk
	}
	x.Subnet, x.VPC, x.PrivateIP = i.Subnet, i.VPC, i.PrivateIP
	x.PrivateDNS = "ip-" + strings.ReplaceAll(i.PrivateIP, ".", "-") + "." + i.Region + ".compute.internal"
	for _, id := range i.Groups {
		if g := r.group(id); g != nil {
			x.Groups.Item = append(x.Groups.Item, groupRefXML{g.ID, g.Name})
		}
	}
	x.Interfaces.Item = []nicXML{{i.Interface, i.Subnet, i.VPC, i.PrivateIP, x.Groups}}
	if i.State != pending {
		x.PublicIP = i.PublicIP
		x.Disks.Item = []diskXML{{"/dev/xvda", i.Volume.ID, "attached", i.Volume.Delete}}
	}
	return x
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// reservation answers a launch; EC2 says pending there, whatever is true by then.
func (c *Cloud) reservation(r *region, ids []string) any {
	out := reservationXML{ID: "r-" + ids[0][2:], Owner: c.options.Account}
	for _, id := range ids {
		i := r.instance(id)
		c.advanceInstance(i, c.options.Now())
		out.Instances.Item = append(out.Instances.Item, c.instanceXML(r, i))
	}
	return out
}

func (i *Instance) knownBy(r *region) map[string][]string {
	var groupNames []string
	for _, id := range i.Groups {
		if g := r.group(id); g != nil {
			groupNames = append(groupNames, g.Name)
		}
	}
	return map[string][]string{
		"instance-id": {i.ID}, "instance-type": {i.Type}, "instance-state-name": {i.State}, "instance-state-code": {strconv.Itoa(stateOf(i.State).Code)},
		"image-id": {i.Image}, "vpc-id": {i.VPC}, "subnet-id": {i.Subnet}, "availability-zone": {i.Zone}, "client-token": {i.Token},
		"ip-address": {i.PublicIP}, "private-ip-address": {i.PrivateIP}, "instance-lifecycle": {map[bool]string{true: "spot"}[i.Spot != ""]},
		"instance.group-id": i.Groups, "instance.group-name": groupNames, "network-interface.group-id": i.Groups, "iam-instance-profile.arn": {i.Profile},
	}
}

// describe finds the instances of a call, by ids and filters.
func (c *Cloud) describe(r *region, f form) ([]*Instance, error) {
	filters, err := f.filters()
	if err != nil {
		return nil, err
	}
	found, err := r.known(f.list("InstanceId"))
	if err != nil {
		return nil, err
	}
	if len(f.list("InstanceId")) == 0 {
		found = r.instances
	}
	var out []*Instance
	for _, i := range found {
		ok, err := filters.match(i.Tags, i.knownBy(r))
		if err != nil {
			return nil, err
		}
		if ok && c.visible(i.Launched) {
			out = append(out, i)
		}
	}
	return out, nil
}

func (c *Cloud) describeInstances(r *region, q ask) (any, error) {
	found, err := c.describe(r, q.form)
	if err != nil {
		return nil, err
	}
	return paged(c, q.form, found, func(page []*Instance, next string) any {
		out := struct {
			Reservations items[reservationXML] `xml:"reservationSet"`
			Next         string                `xml:"nextToken,omitempty"`
		}{Next: next}
		for _, i := range page {
			out.Reservations.Item = append(out.Reservations.Item, reservationXML{
				ID: "r-" + i.ID[2:], Owner: c.options.Account, Instances: items[instanceXML]{[]instanceXML{c.instanceXML(r, i)}},
			})
		}
		return out
	})
}

type statusXML struct {
	ID       string   `xml:"instanceId"`
	Zone     string   `xml:"availabilityZone"`
	State    stateXML `xml:"instanceState"`
	System   string   `xml:"systemStatus>status"`
	Instance string   `xml:"instanceStatus>status"`
}

func (c *Cloud) describeInstanceStatus(r *region, q ask) (any, error) {
	found, err := c.describe(r, q.form)
	if err != nil {
		return nil, err
	}
	var out struct {
		Statuses items[statusXML] `xml:"instanceStatusSet"`
	}
	for _, i := range found {
		check := "ok"
		if i.State != running {
			check = "not-applicable"
		}
		if i.State == running || q.form.get("IncludeAllInstances") == "true" {
			out.Statuses.Item = append(out.Statuses.Item, statusXML{i.ID, i.Zone, stateOf(i.State), check, check})
		}
	}
	return out, nil
}

type changeXML struct {
	ID       string   `xml:"instanceId"`
	Current  stateXML `xml:"currentState"`
	Previous stateXML `xml:"previousState"`
}

type changes struct {
	Instances items[changeXML] `xml:"instancesSet"`
}

// change does something to each instance named, or to none of them.
func (c *Cloud) change(r *region, q ask, do func(*Instance) error) (any, error) {
	found, err := r.known(q.form.list("InstanceId"))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, refuse("MissingParameter", "The request must contain the parameter InstanceId")
	}
	if q.form.get("DryRun") == "true" {
		return nil, dryRun()
	}
	var out changes
	for _, i := range found {
		before := i.State
		if err := do(i); err != nil {
			return nil, err
		}
		c.advanceInstance(i, c.options.Now())
		out.Instances.Item = append(out.Instances.Item, changeXML{i.ID, stateOf(i.State), stateOf(before)})
	}
	return out, nil
}

func (c *Cloud) terminateInstances(r *region, q ask) (any, error) {
	return c.change(r, q, func(i *Instance) error {
		if i.Foreign {
			i.State, i.Reason = terminated, "Client.UserInitiatedShutdown: User initiated shutdown"
			return nil
		}
		c.finish(i, c.options.Now(), "Client.UserInitiatedShutdown: User initiated shutdown", terminated)
		return nil
	})
}

func (c *Cloud) stopInstances(r *region, q ask) (any, error) {
	return c.change(r, q, func(i *Instance) error {
		c.finish(i, c.options.Now(), "Client.UserInitiatedShutdown: User initiated shutdown", stopped)
		return nil
	})
}

func (c *Cloud) rebootInstances(r *region, q ask) (any, error) {
	_, err := c.change(r, q, func(i *Instance) error {
		c.reboot(i, c.options.Now())
		return nil
	})
	return done{true}, err
}

// reboot takes the agent away until the machine is up again.
func (c *Cloud) reboot(i *Instance, at time.Time) {
	i.reboots++
	i.agentBack = at.Add(c.options.Register)
}

func (c *Cloud) consoleOutput(r *region, q ask) (any, error) {
	found, err := r.known([]string{q.form.get("InstanceId")})
	if err != nil {
		return nil, err
	}
	return struct {
		ID     string `xml:"instanceId"`
		Time   string `xml:"timestamp"`
		Output string `xml:"output"`
	}{found[0].ID, stamp(c.options.Now()), base64.StdEncoding.EncodeToString([]byte(c.machines.Console(found[0].ID)))}, nil
}
