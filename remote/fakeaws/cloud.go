package fakeaws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options say what the double is like. The zero value is a region with a default VPC in which everything works at once.
type Options struct {
	// Now is the clock, time.Now if nil. States follow from it whenever something is asked: no timer runs.
	Now func() time.Time
	// Account is the account's number, "123456789012" if empty.
	Account string
	// Boot is how long an instance is pending, Register how long after that its agent comes online, and Ending how
	// long it is shutting down.
	Boot, Register, Ending time.Duration
	// Visible is how long a new instance, group or command stays unknown to those who ask for it.
	Visible time.Duration
	// Script answers commands in memory; without one every command succeeds silently. Other machines run them.
	Script Script
	// Machines are what instances really are; nil is memory.
	Machines Machines
	// Types are added to the catalogue of instance types, or replace one of the same name.
	Types []Type
	// Page is how many things a list answers at most before it wants a token, 1000 if zero.
	Page int
	// HostManagement lets instances without a profile register (Systems Manager's default host management).
	HostManagement bool
	// Before is called before each API call is done: false drops the connection, and nothing was done.
	Before func(Call) bool
	// After is called once a call is done and before its answer is sent: false drops the connection.
	After func(Call) bool
}

// Call is one API call as it was received, and what was answered.
type Call struct {
	N        int    `json:"n"` // counted from 1
	Service  string `json:"service"`
	Action   string `json:"action"`
	Region   string `json:"region"`
	Request  string `json:"request"`
	Status   int    `json:"status,omitempty"`
	Error    string `json:"error,omitempty"` // the code, if one was answered
	Response string `json:"response,omitempty"`
}

// Cloud is the double. It is an http.Handler; all its methods may be called at any time from any goroutine.
type Cloud struct {
	options  Options
	handlers map[string]handler
	objects  http.Handler // S3
	machines Machines
	server   *http.Server
	url      string
	net      int             // second byte of the instances' public addresses
	ending   context.Context //nolint:containedctx // the life of the commands that this cloud runs
	end      context.CancelFunc
	running  sync.WaitGroup

	mu         sync.Mutex
	calls      []Call
	faults     []Fault
	held       chan struct{} // closed when a call is held
	regions    map[string]*region
	roles      map[string]*role
	profiles   map[string]*profile
	types      map[string]Type
	serial     int
	quotaVCPUs int
}

// New makes a cloud that listens nowhere.
func New(o Options) *Cloud {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.Page == 0 {
		o.Page = 1000
	}
	c := &Cloud{
		options: o, held: make(chan struct{}), quotaVCPUs: 1 << 20,
		regions: map[string]*region{}, roles: map[string]*role{}, profiles: map[string]*profile{}, types: catalogue(o.Types),
	}
	c.ending, c.end = context.WithCancel(context.Background())
	c.machines = o.Machines
	if c.machines == nil {
		c.machines = &memory{cloud: c, script: o.Script}
	}
	if m, ok := c.machines.(interface{ attach(*Cloud) }); ok {
		m.attach(c)
	}
	c.objects = newObjects()
	c.handlers = c.table()
	return c
}

// Start makes a cloud and serves it on a free port of loopback until Close.
func Start(o Options) (*Cloud, error) {
	c := New(o)
	var lc net.ListenConfig
	l, err := lc.Listen(c.ending, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("double of AWS: %w", err)
	}
	c.url = "http://" + l.Addr().String()
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	c.running.Go(func() {
		_ = c.server.Serve(l) // ends with ErrServerClosed
	})
	return c, nil
}

// URL is where a started cloud answers: the value for AWS_ENDPOINT_URL.
func (c *Cloud) URL() string { return c.url }

// Close ends the server and all commands, and takes down every machine that is left.
func (c *Cloud) Close() error {
	c.end()
	var err error
	if c.server != nil {
		err = c.server.Close()
	}
	c.running.Wait()
	c.mu.Lock()
	left := c.living()
	c.mu.Unlock()
	for _, id := range left {
		err = errors.Join(err, c.machines.Destroy(id))
	}
	return err
}

// living are the ids of all instances whose machine may still be there.
func (c *Cloud) living() []string {
	var ids []string
	for _, r := range c.regions {
		for _, i := range r.instances {
			if !i.gone {
				ids = append(ids, i.ID)
			}
		}
	}
	return ids
}

// Calls are all API calls so far, in the order in which they came.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Call(nil), c.calls...)
}

// id makes the next id with a prefix, as i-00000000000000001.
func (c *Cloud) id(prefix string) string {
	c.serial++
	return fmt.Sprintf("%s-%017x", prefix, c.serial)
}

// typeNamed is one of the catalogue.
func (c *Cloud) typeNamed(name string) Type {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.types[name]
}

// ownParameters are those of a region's store that are not AWS's.
func (c *Cloud) ownParameters(regionName string) []Parameter {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Parameter
	for _, p := range c.in(regionName).parameters {
		if !isPublic(p.Name) {
			out = append(out, p)
		}
	}
	return out
}

// uuid makes the next id of a command or a request.
func (c *Cloud) uuid() string {
	c.serial++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", c.serial)
}
