package fakeaws

import "maps"

// SeedForeign puts an instance and a group there that belong to somebody else, with tags of theirs, and returns their
// ids. They cost nothing and end only if somebody ends them: a test looks at them afterwards.
func (c *Cloud) SeedForeign(regionName string, tags map[string]string) (instance, group string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.in(regionName)
	g := &Group{ID: c.id("sg"), Name: c.id("foreign"), Description: "somebody else's", VPC: r.vpcs[0].ID, Tags: maps.Clone(tags), Foreign: true}
	s := r.subnets[0]
	i := &Instance{
		ID: c.id("i"), Type: "c7i.large", Image: plainX86, State: running, Region: r.name, Zone: s.Zone, Subnet: s.ID, VPC: s.VPC, Groups: []string{g.ID},
		PrivateIP: "172.31.9.9", OnShutdown: "stop", Launched: c.options.Now(), Tags: maps.Clone(tags), Interface: c.id("eni"), Monitoring: "disabled",
		HTTPTokens: "optional", HopLimit: 1, Volume: Volume{ID: c.id("vol"), Type: "gp3", GiB: 8, Delete: true}, Foreign: true, gone: true,
	}
	r.groups = append(r.groups, g)
	r.instances = append(r.instances, i)
	return i.ID, g.ID
}

// SeedMachine puts a running instance there that was not launched here, as one that a person names by its id; its agent
// is online. It counts as somebody else's.
func (c *Cloud) SeedMachine(regionName string, tags map[string]string) string {
	id, _ := c.SeedForeign(regionName, tags)
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.in(regionName).instance(id)
	i.Ping, i.PublicIP, i.Profile, i.booted = "Online", "127.0.9.1", c.profileARN("theirs"), c.options.Now()
	return id
}

// SeedProfile puts a role and an instance profile of one name there, as somebody with the right to do so made them.
func (c *Cloud) SeedProfile(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roles[name] = &role{name: name, inline: map[string]string{}, policies: []string{"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}}
	c.profiles[name] = &profile{name: name, roles: []string{name}}
}

// SeedParameter puts a parameter into a region's store; a value of "" takes it away, even one of AWS's own.
func (c *Cloud) SeedParameter(regionName string, p Parameter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.in(regionName)
	if p.Value == "" {
		delete(r.parameters, p.Name)
		return
	}
	r.parameters[p.Name] = p
}

// NoDefaultVPC lets a region's VPC be an ordinary one.
func (c *Cloud) NoDefaultVPC(regionName string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in(regionName).vpcs[0].Default = false
}

// PrivateSubnets lets a region's subnets give no public addresses.
func (c *Cloud) PrivateSubnets(regionName string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.in(regionName).subnets {
		s.Public = false
	}
}
