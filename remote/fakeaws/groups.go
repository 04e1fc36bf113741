package fakeaws

import (
	"fmt"
	"slices"
	"strconv"
)

func (r *region) group(id string) *Group {
	for _, g := range r.groups {
		if g.ID == id {
			return g
		}
	}
	return nil
}

// asked is the group that a call names by id, which must be visible.
func (r *region) asked(f form) (*Group, error) {
	id := f.get("GroupId")
	g := r.group(id)
	if id == "" {
		return nil, refuse("MissingParameter", "The request must contain the parameter groupId")
	}
	if g == nil || !r.cloud.visible(g.made) {
		return nil, refuse("InvalidGroup.NotFound", fmt.Sprintf("The security group '%s' does not exist", id))
	}
	return g, nil
}

type groupMade struct {
	GroupID string        `xml:"groupId"`
	Tags    items[tagXML] `xml:"tagSet"`
	ARN     string        `xml:"securityGroupArn"`
	Return  bool          `xml:"return"`
}

func (c *Cloud) createSecurityGroup(r *region, q ask) (any, error) {
	f := q.form
	vpc := f.get("VpcId")
	if vpc == "" {
		for _, v := range r.vpcs {
			if v.Default {
				vpc = v.ID
			}
		}
	}
	if vpc == "" {
		return nil, refuse("VPCIdNotSpecified", "No default VPC for this user")
	}
	if !slices.ContainsFunc(r.vpcs, func(v *VPC) bool { return v.ID == vpc }) {
		return nil, refuse("InvalidVpcID.NotFound", fmt.Sprintf("The vpc ID '%s' does not exist", vpc))
	}
	name := f.get("GroupName")
	for _, g := range r.groups {
		if g.Name == name && g.VPC == vpc {
			return nil, refuse("InvalidGroup.Duplicate", fmt.Sprintf("The security group '%s' already exists for VPC '%s'", name, vpc))
		}
	}
	if name == "" || f.get("GroupDescription") == "" {
		return nil, refuse("MissingParameter", "The request must contain the parameters groupName and groupDescription")
	}
	if f.get("DryRun") == "true" {
		return nil, dryRun()
	}
	g := &Group{ID: c.id("sg"), Name: name, Description: f.get("GroupDescription"), VPC: vpc, Tags: f.tags("security-group"), made: c.options.Now()}
	r.groups = append(r.groups, g)
	return groupMade{GroupID: g.ID, Tags: tagsXML(g.Tags), ARN: c.arn("ec2", r.name, "security-group/"+g.ID), Return: true}, nil
}

// done is the answer of calls that say no more than that.
type done struct {
	Return bool `xml:"return"`
}

func (c *Cloud) deleteSecurityGroup(r *region, q ask) (any, error) {
	g, err := r.asked(q.form)
	if err != nil {
		return nil, err
	}
	if g.Name == "default" {
		return nil, refuse("CannotDelete", "the specified group: \""+g.ID+"\" name: \"default\" cannot be deleted by a user")
	}
	for _, i := range r.instances {
		if i.State != terminated && slices.Contains(i.Groups, g.ID) {
			return nil, refuse("DependencyViolation", "resource "+g.ID+" has a dependent object")
		}
	}
	for _, other := range r.groups {
		if other != g && slices.ContainsFunc(other.Ingress, func(u Rule) bool { return u.Group == g.ID }) {
			return nil, refuse("DependencyViolation", "resource "+g.ID+" has a dependent object")
		}
	}
	if q.form.get("DryRun") == "true" {
		return nil, dryRun()
	}
	r.groups = slices.DeleteFunc(r.groups, func(o *Group) bool { return o == g })
	return done{true}, nil
}

// rulesAsked reads IpPermissions: each of its sources is a rule of its own.
func rulesAsked(f form) []Rule {
	var out []Rule
	for _, p := range f.each("IpPermissions") {
		u := Rule{Protocol: p.get("IpProtocol"), From: p.number("FromPort", -1), To: p.number("ToPort", -1)}
		for _, source := range p.each("IpRanges") {
			u.CIDR, u.Group, u.Description = source.get("CidrIp"), "", source.get("Description")
			out = append(out, u)
		}
		for _, source := range p.each("Ipv6Ranges") {
			u.CIDR, u.Group, u.Description = source.get("CidrIpv6"), "", source.get("Description")
			out = append(out, u)
		}
		for _, source := range p.each("Groups") {
			u.CIDR, u.Group, u.Description = "", source.get("GroupId"), source.get("Description")
			out = append(out, u)
		}
	}
	return out
}

// same says that two rules let the same in.
func (u Rule) same(other Rule) bool {
	u.Description, other.Description = "", ""
	return u == other
}

func (c *Cloud) authorizeIngress(r *region, q ask) (any, error) {
	g, err := r.asked(q.form)
	if err != nil {
		return nil, err
	}
	rules := rulesAsked(q.form)
	if len(rules) == 0 {
		return nil, refuse("MissingParameter", "Source group or CIDR must be specified")
	}
	for _, u := range rules {
		if slices.ContainsFunc(g.Ingress, u.same) {
			return nil, refuse("InvalidPermission.Duplicate", fmt.Sprintf(
				"the specified rule \"peer: %s, %s, from port: %d, to port: %d, ALLOW\" already exists", u.CIDR+u.Group, u.Protocol, u.From, u.To))
		}
		if u.Group != "" && r.group(u.Group) == nil {
			return nil, refuse("InvalidGroup.NotFound", fmt.Sprintf("The security group '%s' does not exist", u.Group))
		}
	}
	if q.form.get("DryRun") == "true" {
		return nil, dryRun()
	}
	g.Ingress = append(g.Ingress, rules...)
	r.ingressChanged(g)
	out := struct {
		Return bool           `xml:"return"`
		Rules  items[ruleXML] `xml:"securityGroupRuleSet"`
	}{Return: true}
	for _, u := range rules {
		out.Rules.Item = append(out.Rules.Item, ruleXML{c.id("sgr"), g.ID, c.options.Account, false, u.Protocol, u.From, u.To, u.CIDR, u.Description})
	}
	return out, nil
}

type ruleXML struct {
	ID          string `xml:"securityGroupRuleId"`
	Group       string `xml:"groupId"`
	Owner       string `xml:"groupOwnerId"`
	Egress      bool   `xml:"isEgress"`
	Protocol    string `xml:"ipProtocol"`
	From        int    `xml:"fromPort"`
	To          int    `xml:"toPort"`
	CIDR        string `xml:"cidrIpv4,omitempty"`
	Description string `xml:"description,omitempty"`
}

func (c *Cloud) revokeIngress(r *region, q ask) (any, error) {
	g, err := r.asked(q.form)
	if err != nil {
		return nil, err
	}
	for _, u := range rulesAsked(q.form) {
		at := slices.IndexFunc(g.Ingress, u.same)
		if at < 0 {
			return nil, refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
		g.Ingress = slices.Delete(g.Ingress, at, at+1)
	}
	r.ingressChanged(g)
	return done{true}, nil
}

// rules are what all groups of an instance let in; a group as source is said by the public addresses of its members.
func (r *region) rules(i *Instance) []Rule {
	var out []Rule
	for _, id := range i.Groups {
		if g := r.group(id); g != nil {
			out = append(out, g.Ingress...)
		}
	}
	return out
}

// ingressChanged tells the machines of a group's members.
func (r *region) ingressChanged(g *Group) {
	for _, i := range r.instances {
		if slices.Contains(i.Groups, g.ID) && !i.booted.IsZero() && i.ended.IsZero() {
			r.cloud.machines.Ingress(i.copy(), r.rules(i))
		}
	}
}

type rangeXML struct {
	CIDR        string `xml:"cidrIp"`
	Description string `xml:"description,omitempty"`
}

type pairXML struct {
	User  string `xml:"userId"`
	Group string `xml:"groupId"`
}

type permissionXML struct {
	Protocol string          `xml:"ipProtocol"`
	From     int             `xml:"fromPort"`
	To       int             `xml:"toPort"`
	Groups   items[pairXML]  `xml:"groups"`
	Ranges   items[rangeXML] `xml:"ipRanges"`
}

type groupXML struct {
	Owner       string               `xml:"ownerId"`
	ID          string               `xml:"groupId"`
	Name        string               `xml:"groupName"`
	Description string               `xml:"groupDescription"`
	VPC         string               `xml:"vpcId"`
	Ingress     items[permissionXML] `xml:"ipPermissions"`
	Tags        items[tagXML]        `xml:"tagSet"`
}

func (c *Cloud) describeSecurityGroups(r *region, q ask) (any, error) {
	filters, err := q.form.filters()
	if err != nil {
		return nil, err
	}
	ids, names := q.form.list("GroupId"), q.form.list("GroupName")
	for _, id := range ids {
		if g := r.group(id); g == nil || !c.visible(g.made) {
			return nil, refuse("InvalidGroup.NotFound", fmt.Sprintf("The security group '%s' does not exist", id))
		}
	}
	var found []groupXML
	for _, g := range r.groups {
		if len(ids) > 0 && !slices.Contains(ids, g.ID) || len(names) > 0 && !slices.Contains(names, g.Name) || !c.visible(g.made) {
			continue
		}
		ok, err := filters.match(g.Tags, map[string][]string{"group-id": {g.ID}, "group-name": {g.Name}, "vpc-id": {g.VPC}, "description": {g.Description}})
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, c.groupXML(g))
		}
	}
	return paged(c, q.form, found, func(page []groupXML, next string) any {
		return struct {
			Groups items[groupXML] `xml:"securityGroupInfo"`
			Next   string          `xml:"nextToken,omitempty"`
		}{items[groupXML]{page}, next}
	})
}

func (c *Cloud) groupXML(g *Group) groupXML {
	x := groupXML{Owner: c.options.Account, ID: g.ID, Name: g.Name, Description: g.Description, VPC: g.VPC, Tags: tagsXML(g.Tags)}
	for _, u := range g.Ingress {
		p := permissionXML{Protocol: u.Protocol, From: u.From, To: u.To}
		if u.Group != "" {
			p.Groups.Item = []pairXML{{c.options.Account, u.Group}}
		} else {
			p.Ranges.Item = []rangeXML{{u.CIDR, u.Description}}
		}
		x.Ingress.Item = append(x.Ingress.Item, p)
	}
	return x
}

// paged answers one page of a list, from the token on that the last page gave.
func paged[T any](c *Cloud, f form, all []T, answer func([]T, string) any) (any, error) {
	from := 0
	if token := f.get("NextToken"); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n > len(all) {
			return nil, refuse("InvalidParameterValue", "Unable to parse pagination token")
		}
		from = n
	}
	to, next := min(len(all), from+min(c.options.Page, f.number("MaxResults", c.options.Page))), ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return answer(all[from:to], next), nil
}
