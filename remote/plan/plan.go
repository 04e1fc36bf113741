// Package plan resolves what is to be done on rented machines before anything is made: types, images, prices, networks and
// who may reach the service; what that costs at most; the tags on all that is made; and the scripts that machines run.
package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// Plan is all that will be done, resolved, before anything is made.
type Plan struct {
	Run      string
	Caller   provider.Caller
	Options  Options
	Machines []PlannedMachine
	Subnets  []provider.Subnet
	Sources  []string // CIDRs that may reach the service
	Expires  time.Time
	Life     time.Duration // until a machine ends itself
	Cost     Cost
	Notes    []string
	Dialect  provider.Dialect // of the cloud that was asked
}

// PlannedMachine is one machine that is to be rented.
type PlannedMachine struct {
	Role  string // service or generator
	Type  provider.MachineType
	Image provider.Image
	Price *provider.Price // nil: not known
	// OnDemand is the price of the second try, where this one may be taken away; nil: not known, or none.
	OnDemand *provider.Price
	Second   bool // it is that second try
}

// Name tells the machines of one type apart, in files, journals and tokens.
func (m PlannedMachine) Name() string {
	if m.Second {
		return m.Type.Name + "-on-demand"
	}
	return m.Type.Name
}

// MayBePreempted says that a machine may be taken away at any time.
func (p *Plan) MayBePreempted(m PlannedMachine) bool {
	return p.Options.Preemptible && p.Options.Instance == "" && m.Role == RoleService && !m.Second
}

// Cost is what something costs; an unknown part makes all of it unknown.
type Cost struct {
	Known    bool
	Amount   float64
	Currency string
}

func (c Cost) String() string {
	if !c.Known {
		return "unknown"
	}
	return fmt.Sprintf("%.4f %s", c.Amount, c.Currency)
}

const (
	bootEstimate = 4 * time.Minute  // of one machine, with the service's image
	leaseReserve = 30 * time.Minute // beyond the estimate, before a machine ends itself
)

// Planner asks a cloud what a run needs to know. It changes nothing.
type Planner struct {
	Cloud provider.Cloud
	// Address tells from which address this machine is seen.
	Address func(context.Context) (string, error)
}

// Plan checks options and resolves them.
func (r Planner) Plan(ctx context.Context, run string, o Options) (*Plan, error) {
	if err := o.Check(r.Cloud.Dialect); err != nil {
		return nil, err
	}
	p := &Plan{Run: run, Options: o, Dialect: r.Cloud.Dialect}
	var err error
	if p.Caller, err = r.Cloud.Identity.Caller(ctx); err != nil {
		return nil, err
	}
	if err := r.machines(ctx, p); err != nil {
		return nil, err
	}
	if o.Instance == "" {
		if err := r.network(ctx, p); err != nil {
			return nil, err
		}
	}
	p.Life = bootEstimate + o.Estimate*time.Duration(max(1, len(o.Types))) + leaseReserve
	p.Expires = time.Now().Add(p.Life)
	p.Cost = p.Estimate(p.Machines)
	if end := time.Now().Add(p.Life - leaseReserve); !p.Caller.Expires.IsZero() && p.Caller.Expires.Before(end) {
		p.Notes = append(p.Notes, fmt.Sprintf("these credentials end at %s, before this run will (about %s): machines end themselves at %s whatever happens",
			Clock(p.Caller.Expires), Clock(end), Clock(p.Expires)))
	}
	return p, p.Afford(Cost{Known: true})
}

// machines resolves types, images and prices.
func (r Planner) machines(ctx context.Context, p *Plan) error {
	names := slices.Clone(p.Options.Types)
	if p.Options.GeneratorType != "" {
		names = append(names, p.Options.GeneratorType)
	}
	if len(names) == 0 {
		return nil
	}
	types, err := r.Cloud.Catalogue.Types(ctx, names)
	if err != nil {
		return err
	}
	if len(types) != len(names) {
		return fmt.Errorf("%d machine types were asked for and %d came back", len(names), len(types))
	}
	for i, t := range types {
		m := PlannedMachine{Type: t, Role: RoleService}
		if i >= len(p.Options.Types) {
			m.Role = RoleGenerator
		}
		if m.Image, err = r.image(ctx, p.Options.ImageID, t); err != nil {
			return err
		}
		m.Price = r.Price(ctx, p, m)
		if p.MayBePreempted(m) {
			second := m
			second.Second = true
			m.OnDemand = r.Price(ctx, p, second)
		}
		p.Machines = append(p.Machines, m)
		if t.Burstable && p.Options.Credits == "unlimited" {
			p.Notes = append(p.Notes, t.Name+" runs on CPU credits: as unlimited, what it uses beyond them is charged on top of its price")
		}
	}
	p.quota(ctx, r.Cloud)
	return nil
}

// Generator is the machine that makes the load; nil: this one does.
func (p *Plan) Generator() *PlannedMachine {
	for i := range p.Machines {
		if p.Machines[i].Role == RoleGenerator {
			return &p.Machines[i]
		}
	}
	return nil
}

// quota notes what will not fit at once, where the cloud can tell.
func (p *Plan) quota(ctx context.Context, c provider.Cloud) {
	teller, ok := c.Catalogue.(provider.Quotas)
	if !ok || len(p.Machines) == 0 {
		return
	}
	need := 0
	for _, m := range p.Machines {
		need += m.Type.VCPUs
	}
	if limit, err := teller.VCPUs(ctx, p.Machines[0].Type.Name); err == nil && limit < need {
		p.Notes = append(p.Notes, fmt.Sprintf("the account may have %d virtual CPUs of this family at once and the plan needs %d: machines that do not fit are started when others have ended", limit, need))
	}
}

func (r Planner) image(ctx context.Context, reference string, t provider.MachineType) (provider.Image, error) {
	if len(t.Architectures) == 0 {
		return provider.Image{}, fmt.Errorf("the cloud does not say which architecture %s has", t.Name)
	}
	architecture := t.Architectures[0]
	if slices.Contains(t.Architectures, "x86_64") { // old types have i386, too
		architecture = "x86_64"
	}
	references := r.Cloud.Dialect.Images(architecture)
	if reference != "" {
		references = []string{reference}
	}
	var last error
	for _, ref := range references {
		found, err := r.Cloud.Catalogue.Image(ctx, ref)
		switch {
		case err == nil && found.Architecture != "" && found.Architecture != architecture:
			return found, Wrong("give an image of the type's architecture with "+r.Cloud.Dialect.ImageFlag, "the image %s is for %s, and %s is %s", found.ID, found.Architecture, t.Name, architecture)
		case err == nil:
			return found, nil
		case !errors.Is(err, provider.NotFound):
			return found, err
		}
		last = err
	}
	return provider.Image{}, fmt.Errorf("no image for %s is known in this region (%s names one): %w", t.Name, r.Cloud.Dialect.ImageFlag, last)
}

// Price is nil where nobody knows it.
func (r Planner) Price(ctx context.Context, p *Plan, m PlannedMachine) *provider.Price {
	if p.Options.PricePerHour > 0 && m.Role == RoleService {
		return &provider.Price{PerHour: p.Options.PricePerHour, Currency: "USD", Source: "--price-per-hour"}
	}
	price, err := r.Cloud.Catalogue.Price(ctx, provider.PriceQuery{Type: m.Type.Name, Region: p.Caller.Region, Preemptible: p.MayBePreempted(m)})
	if err != nil || price.PerHour <= 0 {
		return nil
	}
	return &price
}

// network finds subnets, and the addresses that may come in.
func (r Planner) network(ctx context.Context, p *Plan) error {
	o := &p.Options
	var err error
	p.Subnets, err = r.Cloud.Catalogue.Subnets(ctx, o.Subnets)
	if errors.Is(err, provider.NotFound) && len(o.Subnets) == 0 {
		return Wrong(r.Cloud.Dialect.NetworkHint,
			"the region %s has no default network", p.Caller.Region)
	}
	if err != nil {
		return err
	}
	if len(p.Subnets) == 0 {
		return Wrong("--subnet subnet-… names one", "the network has no subnet")
	}
	if err := r.reachable(ctx, p); err != nil {
		return err
	}
	switch {
	case len(o.Allow) > 0:
		p.Sources = o.Allow
	case o.GeneratorType != "" && o.Private:
	default:
		own, err := r.Address(ctx)
		if err != nil {
			return Wrong("--allow-cidr 203.0.113.7/32 says from where the load will come", "this machine's public address could not be found: %v", err)
		}
		p.Sources = []string{own}
	}
	return nil
}

// reachable says before anything is made what would be missing after.
func (r Planner) reachable(ctx context.Context, p *Plan) error {
	if !p.Options.Private {
		return nil
	}
	there, err := r.Cloud.Catalogue.Endpoints(ctx, p.Subnets[0].Network)
	if err != nil {
		return err
	}
	var missing []string
	for _, name := range r.Cloud.Dialect.Endpoints {
		if !slices.Contains(there, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("the network %s has no endpoint for %s: without a NAT gateway its machines cannot be commanded", p.Subnets[0].Network, strings.Join(missing, ", ")))
	}
	return nil
}

// Estimate is the list price of machines for the time that they will probably be there.
func (p *Plan) Estimate(machines []PlannedMachine) Cost {
	c := Cost{Known: true}
	for i, m := range machines {
		if m.Price == nil {
			return Cost{}
		}
		turns := i + 1 // all are started at once, and each is ended after its turn
		if m.Role == RoleGenerator {
			turns = len(p.Options.Types)
		}
		length := bootEstimate + p.Options.Estimate*time.Duration(turns) + p.Options.Keep
		c.Amount += m.Price.PerHour * length.Hours()
		c.Currency = m.Price.Currency
	}
	return c
}

// RetryCost is what a machine costs that is taken away and tried once more on demand.
func (p *Plan) RetryCost(m PlannedMachine) Cost {
	if m.OnDemand == nil {
		return Cost{}
	}
	length := bootEstimate + p.Options.Estimate + p.Options.Keep
	return Cost{Known: true, Amount: m.OnDemand.PerHour * length.Hours(), Currency: m.OnDemand.Currency}
}

// Afford refuses what makes the plan cost more than it may.
func (p *Plan) Afford(more Cost) error {
	switch {
	case p.Options.MaxCost == 0:
		return nil
	case !p.Cost.Known || !more.Known:
		return Wrong("give --price-per-hour, or leave out --max-cost", "a price is not known, so --max-cost cannot be kept")
	}
	all := p.Cost
	if all.Amount += more.Amount; all.Amount > p.Options.MaxCost {
		return Wrong("fewer or smaller types, a shorter --budget, or a higher --max-cost", "the plan costs about %s, more than --max-cost %.3f", all, p.Options.MaxCost)
	}
	return nil
}

// Clock is a time of day for people.
func Clock(t time.Time) string { return t.UTC().Format("15:04 UTC") }
