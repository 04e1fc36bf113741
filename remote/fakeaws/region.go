package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// region is what exists in one region; each starts with a default VPC of three subnets.
type region struct {
	name       string
	cloud      *Cloud
	vpcs       []*VPC
	subnets    []*Subnet
	groups     []*Group
	instances  []*Instance
	parameters map[string]Parameter
	commands   []*command
	tokens     map[string]launch // by client token
}

// launch is what was asked and made with a client token.
type launch struct {
	asked string
	made  []string
}

// VPC is a network.
type VPC struct {
	ID      string            `json:"id"`
	CIDR    string            `json:"cidr"`
	Default bool              `json:"default"`
	Tags    map[string]string `json:"tags,omitempty"`
}

// Subnet is a part of a VPC in one zone.
type Subnet struct {
	ID     string            `json:"id"`
	VPC    string            `json:"vpc"`
	Zone   string            `json:"zone"`
	CIDR   string            `json:"cidr"`
	Public bool              `json:"public"` // its instances get a public address
	Tags   map[string]string `json:"tags,omitempty"`
}

// Group is a security group.
type Group struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	VPC         string            `json:"vpc"`
	Ingress     []Rule            `json:"ingress"`
	Tags        map[string]string `json:"tags,omitempty"`
	Foreign     bool              `json:"foreign,omitempty"` // was there before anyone called
	made        time.Time
}

// Rule lets traffic in: from a CIDR, or from the members of another group.
type Rule struct {
	Protocol    string `json:"protocol"`
	From        int    `json:"from"`
	To          int    `json:"to"`
	CIDR        string `json:"cidr,omitempty"`
	Group       string `json:"group,omitempty"`
	Description string `json:"description,omitempty"`
}

// Instance is one machine.
type Instance struct {
	ID         string            `json:"id"`
	Type       string            `json:"type"`
	Image      string            `json:"image"`
	State      string            `json:"state"`
	Reason     string            `json:"reason,omitempty"`
	Region     string            `json:"region"`
	Zone       string            `json:"zone"`
	Subnet     string            `json:"subnet"`
	VPC        string            `json:"vpc"`
	Groups     []string          `json:"groups"`
	Profile    string            `json:"profile,omitempty"` // its ARN
	PublicIP   string            `json:"public_ip,omitempty"`
	PrivateIP  string            `json:"private_ip"`
	Launched   time.Time         `json:"launched"`
	DeadMan    time.Time         `json:"dead_man,omitzero"` // when it shuts itself down, as far as its scripts said
	OnShutdown string            `json:"on_shutdown"`       // stop or terminate
	Tags       map[string]string `json:"tags,omitempty"`
	UserData   string            `json:"user_data,omitempty"`
	Token      string            `json:"client_token,omitempty"`
	Volume     Volume            `json:"volume"`
	Interface  string            `json:"interface"`
	NICTags    map[string]string `json:"interface_tags,omitempty"`
	HTTPTokens string            `json:"http_tokens"`
	HopLimit   int               `json:"hop_limit"`
	Credits    string            `json:"credits,omitempty"`
	Spot       string            `json:"spot_request,omitempty"`
	Monitoring string            `json:"monitoring"`
	Ping       string            `json:"ping,omitempty"` // of its agent: Online, ConnectionLost, or empty for never seen
	Foreign    bool              `json:"foreign,omitempty"`
	booted     time.Time         // its machine answered; zero as long as it boots
	failed     error             // its machine did not come up
	ended      time.Time         // when its end or stop began
	endsAs     string            // terminated or stopped
	gone       bool              // its machine is there no more
	reboots    int
	agentBack  time.Time // after a reboot
}

// Volume is an instance's disk.
type Volume struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
	GiB       int               `json:"gib"`
	Encrypted bool              `json:"encrypted"`
	Delete    bool              `json:"delete_on_termination"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// Parameter is one of the Systems Manager's parameter store.
type Parameter struct {
	Name  string `json:"name"`
	Type  string `json:"type"` // String, StringList or SecureString
	Value string `json:"value"`
}

// in is a region, made when it is first asked for.
func (c *Cloud) in(name string) *region {
	if name == "" || name == "aws-global" {
		name = "us-east-1"
	}
	if r, ok := c.regions[name]; ok {
		return r
	}
	r := &region{name: name, cloud: c, parameters: publicParameters(), tokens: map[string]launch{}}
	c.regions[name] = r
	vpc := &VPC{ID: c.id("vpc"), CIDR: "172.31.0.0/16", Default: true}
	r.vpcs = []*VPC{vpc}
	for n, letter := range []string{"a", "b", "c"} {
		r.subnets = append(r.subnets, &Subnet{
			ID: c.id("subnet"), VPC: vpc.ID, Zone: name + letter, CIDR: fmt.Sprintf("172.31.%d.0/20", n*16), Public: true,
		})
	}
	r.groups = []*Group{{ID: c.id("sg"), Name: "default", Description: "default VPC security group", VPC: vpc.ID, Foreign: true}}
	return r
}

// State is everything that exists, as a test or a person wants to see it.
type State struct {
	Instances  []Instance  `json:"instances"` // those that are terminated, too: look at State
	Groups     []Group     `json:"groups"`
	Roles      []string    `json:"roles"`
	Profiles   []string    `json:"profiles"`
	Parameters []Parameter `json:"parameters"` // those that were put, not AWS's own
	Commands   []Command   `json:"commands"`
}

// State tells what exists now.
func (c *Cloud) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	var s State
	for _, name := range slices.Sorted(maps.Keys(c.regions)) {
		r := c.regions[name]
		for _, i := range r.instances {
			s.Instances = append(s.Instances, i.copy())
		}
		for _, g := range r.groups {
			s.Groups = append(s.Groups, *g)
		}
		for _, p := range r.parameters {
			if !isPublic(p.Name) {
				s.Parameters = append(s.Parameters, p)
			}
		}
		for _, m := range r.commands {
			s.Commands = append(s.Commands, m.Command)
		}
	}
	s.Roles = slices.Sorted(maps.Keys(c.roles))
	s.Profiles = slices.Sorted(maps.Keys(c.profiles))
	return s
}

// Left are the ids of what costs or clutters and was not there before: instances that are not terminated (a volume and
// an interface end with theirs) and groups. Roles and profiles are made to stay.
func (c *Cloud) Left() []string {
	s := c.State()
	var ids []string
	for _, i := range s.Instances {
		if i.State != "terminated" && !i.Foreign {
			ids = append(ids, i.ID)
		}
	}
	for _, g := range s.Groups {
		if !g.Foreign {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

func (i *Instance) copy() Instance {
	out := *i
	out.Tags, out.NICTags, out.Volume.Tags = maps.Clone(i.Tags), maps.Clone(i.NICTags), maps.Clone(i.Volume.Tags)
	out.Groups = slices.Clone(i.Groups)
	return out
}
