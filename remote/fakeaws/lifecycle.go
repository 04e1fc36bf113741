package fakeaws

import (
	"context"
	"time"
)

// Machines are what instances really are.
type Machines interface {
	// Launch brings a machine up and tells its private address, if it has one of its own; the instance is pending
	// until it returns.
	Launch(ctx context.Context, i Instance) (privateIP string, err error)
	// Exec runs a script as the agent does, until it ends or ctx does.
	Exec(ctx context.Context, i Instance, m Command) Outcome
	// Destroy takes a machine down for good, within bounds of its own; one that is not there is no error.
	Destroy(id string) error
	// Console is what it printed while it booted.
	Console(id string) string
	// Ingress tells which traffic the instance's groups let in, at its launch and whenever that changes.
	Ingress(i Instance, rules []Rule)
}

// States of an instance.
const (
	pending      = "pending"
	running      = "running"
	shuttingDown = "shutting-down"
	terminated   = "terminated"
	stopping     = "stopping"
	stopped      = "stopped"
)

// advance brings everything to the present; whoever reads the state does it first.
func (c *Cloud) advance() {
	now := c.options.Now()
	for _, r := range c.regions {
		for _, i := range r.instances {
			c.advanceInstance(i, now)
		}
		for _, m := range r.commands {
			c.advanceCommand(r, m, now)
		}
	}
}

// advanceInstance brings one instance to the present.
func (c *Cloud) advanceInstance(i *Instance, now time.Time) {
	if i.Foreign {
		return
	}
	if f, ok := c.world(spotInterrupt, i.Type, ""); ok && i.Spot != "" && !now.Before(i.Launched.Add(f.After)) {
		c.finish(i, i.Launched.Add(f.After), "Server.SpotInstanceTermination", terminated)
	}
	if !i.DeadMan.IsZero() && !now.Before(i.DeadMan) {
		c.shutDown(i, i.DeadMan)
	}
	if i.failed != nil {
		c.finish(i, now, "Server.InternalError: "+i.failed.Error(), terminated)
	}
	switch up := i.Launched.Add(c.options.Boot); {
	case i.ended.IsZero() && (i.booted.IsZero() || now.Before(up)):
		i.State = pending
	case i.ended.IsZero():
		i.State = running
	case !now.Before(i.ended.Add(c.options.Ending)) && (i.gone || i.endsAs == stopped):
		i.State = i.endsAs
	case i.endsAs == terminated:
		i.State = shuttingDown
	default:
		i.State = stopping
	}
	i.Ping = c.ping(i, now)
	if i.endsAs == terminated && i.State == terminated {
		i.PublicIP = ""
	}
}

// shutDown is an operating system that halts by itself.
func (c *Cloud) shutDown(i *Instance, at time.Time) {
	c.finish(i, at, "Client.InstanceInitiatedShutdown: Instance initiated shutdown", map[string]string{"terminate": terminated}[i.OnShutdown])
}

// finish ends an instance, once.
func (c *Cloud) finish(i *Instance, at time.Time, reason, as string) {
	if as == "" {
		as = stopped
	}
	if !i.ended.IsZero() && (i.endsAs == terminated || as == stopped) {
		return
	}
	i.ended, i.endsAs, i.Reason, i.DeadMan = at, as, reason, time.Time{}
	if as == terminated {
		c.destroy(i)
	}
}

// destroy destroys an instance's machine in the background; it is shutting down until that is done.
func (c *Cloud) destroy(i *Instance) {
	if _, ok := c.machines.(*memory); ok {
		i.gone = true
		return
	}
	id := i.ID
	c.running.Go(func() {
		err := c.machines.Destroy(id)
		c.mu.Lock()
		defer c.mu.Unlock()
		i.gone = err == nil // else it is tried again at the end
	})
}

// ping is what Systems Manager knows of an instance's agent; empty for one that never registered.
func (c *Cloud) ping(i *Instance, now time.Time) string {
	if i.booted.IsZero() || i.Profile == "" && !c.options.HostManagement {
		return ""
	}
	if _, never := c.world(neverOnline, i.Type, ""); never {
		return ""
	}
	up := i.Launched.Add(c.options.Boot)
	if up.Before(i.booted) {
		up = i.booted
	}
	online := up.Add(c.options.Register)
	if now.Before(online) {
		return ""
	}
	if !i.ended.IsZero() || now.Before(i.agentBack) {
		return "ConnectionLost"
	}
	if f, ok := c.world(loseAgent, i.Type, ""); ok && !now.Before(online.Add(f.After)) && (f.For == 0 || now.Before(online.Add(f.After+f.For))) {
		return "ConnectionLost"
	}
	return "Online"
}

// boot brings an instance's machine up in the background; in memory there is nothing to wait for.
func (c *Cloud) boot(i *Instance, rules []Rule) {
	if _, ok := c.machines.(*memory); ok {
		obey(i, i.UserData, i.Launched.Add(c.options.Boot))
		i.booted = c.options.Now()
		return
	}
	snapshot := i.copy()
	c.running.Go(func() {
		private, err := c.machines.Launch(c.ending, snapshot)
		if err == nil {
			c.machines.Ingress(snapshot, rules)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		i.booted, i.failed = c.options.Now(), err
		if private != "" {
			i.PrivateIP = private
		}
		if i.endsAs == terminated {
			c.destroy(i) // its end came before its machine was there
		}
	})
}

// visible says whether something made at a time is known yet to those who ask.
func (c *Cloud) visible(made time.Time) bool {
	wait := c.options.Visible
	if f, ok := c.world(slowVisible, "", ""); ok {
		wait = max(wait, f.For)
	}
	return !c.options.Now().Before(made.Add(wait))
}

// Halt tells that an instance's machine stopped by itself, as after a shutdown; Machines of their own call it.
func (c *Cloud) Halt(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.regions {
		if i := r.instance(id); i != nil {
			c.shutDown(i, c.options.Now())
		}
	}
}

// vanish tells that an instance's machine was taken away from outside.
func (c *Cloud) vanish(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.regions {
		if i := r.instance(id); i != nil {
			c.finish(i, c.options.Now(), "Server.InternalError: Internal error on launch", terminated)
		}
	}
}
