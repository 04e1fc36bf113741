package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

func (c *Cloud) arn(service, region, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + c.options.Account + ":" + resource
}

func (c *Cloud) callerIdentity(*region, ask) (any, error) {
	return struct{ Arn, UserId, Account string }{"arn:aws:iam::" + c.options.Account + ":user/double", "AIDADOUBLE0000000001", c.options.Account}, nil
}

func (c *Cloud) decodeMessage(_ *region, q ask) (any, error) {
	return struct{ DecodedMessage string }{`{"allowed":false,"explicitDeny":false,"context":{"action":"double"}}`}, nil
}

type zoneXML struct {
	Name   string `xml:"zoneName"`
	ID     string `xml:"zoneId"`
	State  string `xml:"zoneState"`
	Region string `xml:"regionName"`
}

func (c *Cloud) describeZones(r *region, _ ask) (any, error) {
	var out struct {
		Zones items[zoneXML] `xml:"availabilityZoneInfo"`
	}
	for n, s := range r.subnets {
		out.Zones.Item = append(out.Zones.Item, zoneXML{s.Zone, fmt.Sprintf("dbl1-az%d", n+1), "available", r.name})
	}
	return out, nil
}

type regionXML struct {
	Name     string `xml:"regionName"`
	Endpoint string `xml:"regionEndpoint"`
	OptIn    string `xml:"optInStatus"`
}

func (c *Cloud) describeRegions(_ *region, q ask) (any, error) {
	names := []string{"eu-central-1", "eu-west-1", "us-east-1", "us-west-2"}
	var out struct {
		Regions items[regionXML] `xml:"regionInfo"`
	}
	for _, n := range q.form.list("RegionName") {
		if !slices.Contains(names, n) {
			return nil, refuse("InvalidParameterValue", "Invalid region name: "+n)
		}
	}
	for _, n := range names {
		if asked := q.form.list("RegionName"); len(asked) == 0 || slices.Contains(asked, n) {
			out.Regions.Item = append(out.Regions.Item, regionXML{n, "ec2." + n + ".amazonaws.com", "opt-in-not-required"})
		}
	}
	return out, nil
}

type spotPriceXML struct {
	Type    string `xml:"instanceType"`
	Product string `xml:"productDescription"`
	Price   string `xml:"spotPrice"`
	At      string `xml:"timestamp"`
	Zone    string `xml:"availabilityZone"`
}

func (c *Cloud) spotPrices(r *region, q ask) (any, error) {
	var out struct {
		Prices items[spotPriceXML] `xml:"spotPriceHistorySet"`
	}
	for _, name := range q.form.list("InstanceType") {
		t, ok := c.types[name]
		if !ok || t.USDHour == 0 {
			continue
		}
		for n, s := range r.subnets {
			price := fmt.Sprintf("%.6f", t.USDHour*(0.35+0.01*float64(n)))
			out.Prices.Item = append(out.Prices.Item, spotPriceXML{name, "Linux/UNIX", price, stamp(c.options.Now()), s.Zone})
		}
	}
	return out, nil
}

type creditXML struct {
	ID      string `xml:"instanceId"`
	Credits string `xml:"cpuCredits"`
}

func (c *Cloud) credits(r *region, q ask) (any, error) {
	found, err := c.describe(r, q.form)
	if err != nil {
		return nil, err
	}
	var out struct {
		Credits items[creditXML] `xml:"instanceCreditSpecificationSet"`
	}
	for _, i := range found {
		if c.types[i.Type].Burst {
			out.Credits.Item = append(out.Credits.Item, creditXML{i.ID, i.Credits})
		}
	}
	return out, nil
}

type attributeValueXML struct {
	Value string `xml:"value"`
}

func (c *Cloud) instanceAttribute(r *region, q ask) (any, error) {
	found, err := r.known([]string{q.form.get("InstanceId")})
	if err != nil {
		return nil, err
	}
	out := struct {
		ID       string             `xml:"instanceId"`
		Shutdown *attributeValueXML `xml:"instanceInitiatedShutdownBehavior"`
		Protect  *attributeValueXML `xml:"disableApiTermination"`
		Type     *attributeValueXML `xml:"instanceType"`
	}{ID: found[0].ID}
	switch a := q.form.get("Attribute"); a {
	case "instanceInitiatedShutdownBehavior":
		out.Shutdown = &attributeValueXML{found[0].OnShutdown}
	case "disableApiTermination":
		out.Protect = &attributeValueXML{"false"}
	case "instanceType":
		out.Type = &attributeValueXML{found[0].Type}
	default:
		return nil, refuse("InvalidParameterValue", "Value ("+a+") for parameter attribute is invalid")
	}
	return out, nil
}

func (c *Cloud) describeEndpoints(*region, ask) (any, error) {
	return struct {
		Endpoints items[string] `xml:"vpcEndpointSet"`
	}{}, nil
}

func (c *Cloud) describeKeyPairs(*region, ask) (any, error) {
	return struct {
		Keys items[string] `xml:"keySet"`
	}{}, nil
}

type nicFullXML struct {
	ID         string             `xml:"networkInterfaceId"`
	Subnet     string             `xml:"subnetId"`
	VPC        string             `xml:"vpcId"`
	Status     string             `xml:"status"`
	IP         string             `xml:"privateIpAddress"`
	Groups     items[groupRefXML] `xml:"groupSet"`
	Attachment string             `xml:"attachment>instanceId"`
	Tags       items[tagXML]      `xml:"tagSet"`
}

func (c *Cloud) describeInterfaces(r *region, q ask) (any, error) {
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	var out struct {
		Interfaces items[nicFullXML] `xml:"networkInterfaceSet"`
	}
	for _, i := range r.instances {
		ok, err := filters.match(i.NICTags, map[string][]string{
			"group-id": i.Groups, "attachment.instance-id": {i.ID}, "status": {"in-use"}, "vpc-id": {i.VPC}, "subnet-id": {i.Subnet}, "network-interface-id": {i.Interface},
		})
		if err != nil {
			return nil, err
		}
		if ok && i.State != terminated {
			x := c.instanceXML(r, i)
			out.Interfaces.Item = append(out.Interfaces.Item, nicFullXML{i.Interface, i.Subnet, i.VPC, "in-use", i.PrivateIP, x.Groups, i.ID, tagsXML(i.NICTags)})
		}
	}
	return out, nil
}

// tagged finds the tags of a resource by its id.
func (r *region) tagged(id string) (*map[string]string, string) {
	for _, i := range r.instances {
		switch id {
		case i.ID:
			return &i.Tags, "instance"
		case i.Volume.ID:
			return &i.Volume.Tags, "volume"
		case i.Interface:
			return &i.NICTags, "network-interface"
		}
	}
	if g := r.group(id); g != nil {
		return &g.Tags, "security-group"
	}
	for _, v := range r.vpcs {
		if v.ID == id {
			return &v.Tags, "vpc"
		}
	}
	for _, s := range r.subnets {
		if s.ID == id {
			return &s.Tags, "subnet"
		}
	}
	return nil, ""
}

func (c *Cloud) createTags(r *region, q ask) (any, error) {
	for _, id := range q.form.list("ResourceId") {
		if at, _ := r.tagged(id); at == nil {
			return nil, refuse(notFound(id), fmt.Sprintf("The ID '%s' does not exist", id))
		}
	}
	if q.form.get("DryRun") == "true" {
		return nil, dryRun()
	}
	for _, id := range q.form.list("ResourceId") {
		at, _ := r.tagged(id)
		if *at == nil {
			*at = map[string]string{}
		}
		for _, t := range q.form.each("Tag") {
			(*at)[t.get("Key")] = t.get("Value")
		}
	}
	return done{true}, nil
}

func (c *Cloud) deleteTags(r *region, q ask) (any, error) {
	for _, id := range q.form.list("ResourceId") {
		at, _ := r.tagged(id)
		if at == nil {
			return nil, refuse(notFound(id), fmt.Sprintf("The ID '%s' does not exist", id))
		}
		for _, t := range q.form.each("Tag") {
			if _, named := t["Value"]; !named || (*at)[t.get("Key")] == t.get("Value") {
				delete(*at, t.get("Key"))
			}
		}
	}
	return done{true}, nil
}

// notFound is the code for an id of nothing, by its prefix.
func notFound(id string) string {
	prefix, _, _ := strings.Cut(id, "-")
	kind, ok := map[string]string{
		"i": "InvalidInstanceID", "sg": "InvalidGroup", "vol": "InvalidVolume", "subnet": "InvalidSubnetID", "vpc": "InvalidVpcID",
		"eni": "InvalidNetworkInterfaceID",
	}[prefix]
	if !ok {
		return "InvalidID"
	}
	return kind + ".NotFound"
}

type tagRowXML struct {
	Resource string `xml:"resourceId"`
	Kind     string `xml:"resourceType"`
	Key      string `xml:"key"`
	Value    string `xml:"value"`
}

func (c *Cloud) describeTags(r *region, q ask) (any, error) {
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, i := range r.instances {
		ids = append(ids, i.ID, i.Volume.ID, i.Interface)
	}
	for _, g := range r.groups {
		ids = append(ids, g.ID)
	}
	var out struct {
		Tags items[tagRowXML] `xml:"tagSet"`
	}
	for _, id := range ids {
		tags, kind := r.tagged(id)
		if tags == nil {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(*tags)) {
			x := tagRowXML{id, kind, k, (*tags)[k]}
			ok, err := filters.match(map[string]string{k: x.Value}, map[string][]string{"key": {k}, "value": {x.Value}, "resource-id": {id}, "resource-type": {kind}})
			if err != nil {
				return nil, err
			}
			if ok {
				out.Tags.Item = append(out.Tags.Item, x)
			}
		}
	}
	return out, nil
}

// seconds is a time as the JSON protocols write it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
