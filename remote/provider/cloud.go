package provider

import (
	"cmp"
	"context"
	"io"
	"time"
)

// Cloud is all that is asked of one region of a cloud. A part that a caller
// does not use may be nil in tests; a cloud's folder fills every one.
type Cloud struct {
	Identity  Identity
	Catalogue Catalogue
	Machines  Machines
	Firewall  Firewall
	Commands  Commands
	Profiles  Profiles
	// Store opens a place for files in a bucket; keys are relative to prefix.
	Store func(bucket, prefix string) Store
	// Dialect is what differs beside calls.
	Dialect Dialect
	// Interval is between two looks at what takes this cloud time: a boot, an end, a group that is still in use. What it
	// may not show yet is waited for some of these: see VisibleLimit and LostLimit. 0: 3 s.
	Interval time.Duration
}

// Look is Interval, or its default.
func (c Cloud) Look() time.Duration { return cmp.Or(c.Interval, defaultInterval) }

const defaultInterval = 3 * time.Second

// VisibleLimit is how long it may take until a machine that was launched can be seen, or a new profile used: 60 s.
func (c Cloud) VisibleLimit() time.Duration { return 20 * c.Look() }

// LostLimit is how long something may take to be seen whose making was never answered: 10 s.
func (c Cloud) LostLimit() time.Duration { return c.Look() * 10 / 3 }

// Identity tells who pays, before anything is spent.
type Identity interface {
	Caller(ctx context.Context) (Caller, error)
}

// Quotas tells how much may run at once. A Catalogue may answer it, too; where
// none does, a quota is met when a launch fails with [Quota].
type Quotas interface {
	// VCPUs is the number of virtual CPUs that machines of this type's family
	// may have in the region, all together.
	VCPUs(ctx context.Context, machineType string) (int, error)
}

// Caller is who the credentials belong to.
type Caller struct {
	Account string
	Name    string
	Region  string
	Expires time.Time // zero: the credentials do not expire
}

// Catalogue tells what there is to rent. It changes nothing.
type Catalogue interface {
	// Image resolves a reference to an image: an id, or a name that
	// the cloud keeps up to date. It is [NotFound] where there is none.
	Image(ctx context.Context, reference string) (Image, error)
	// Types describes machine types, in the order asked; one that the region
	// does not have is [NotFound] with its name as Resource.
	Types(ctx context.Context, names []string) ([]MachineType, error)
	// Subnets describes the subnets of these ids in that order, or with no id
	// those of the default network; without a default network it is [NotFound].
	Subnets(ctx context.Context, ids []string) ([]Subnet, error)
	// Endpoints lists the services that have a private endpoint in a network.
	Endpoints(ctx context.Context, network string) ([]string, error)
	// Price is the current list price; [NotFound] where it is not known.
	Price(ctx context.Context, q PriceQuery) (Price, error)
}

// Image is what a machine boots.
type Image struct {
	ID           string
	Name         string
	Architecture string // "x86_64" or "arm64"
	RootDevice   string // e.g. "/dev/xvda": whose size is set at launch
}

// MachineType is what a type offers.
type MachineType struct {
	Name            string
	VCPUs           int
	MemoryBytes     int64
	Architectures   []string // "x86_64", "arm64"
	Burstable       bool     // it has CPU credits
	Network         string   // in the cloud's words, e.g. "Up to 5 Gigabit"
	NetworkBaseline float64  // bits per second that may be sustained; 0: not told
	NetworkBurst    float64  // bits per second at best; 0: not told
	DiskBaseline    float64  // bytes per second to network disks that may be sustained; 0: not told
	DiskBurst       float64  // bytes per second at best; 0: not told
}

// Subnet is a place for machines.
type Subnet struct {
	ID      string
	Network string
	Zone    string
	Public  bool // machines get a public address by default
}

// PriceQuery asks for the price of one machine type.
type PriceQuery struct {
	Type        string
	Region      string
	Zone        string // prices of machines that may be taken away differ by zone
	Preemptible bool
}

// Price is money for an hour of a machine. An unknown price is an error, never 0.
type Price struct {
	PerHour  float64
	Currency string // "USD"
	Source   string // where it is from, e.g. "price list API"
}

// Machines rents machines and gives them back.
type Machines interface {
	// Launch starts one machine. The same token gives the same machine, so that
	// a launch whose answer was lost can be repeated. With DryRun it starts
	// nothing and returns nil if the launch would have been permitted.
	// Errors: [Capacity], [Quota], [Denied], [ProfileNotReady], [NotFound] (image).
	Launch(ctx context.Context, r LaunchRequest) (Machine, error)
	// Find lists machines, terminated ones included for as long as the cloud
	// shows them. Ids that it does not know (yet) are left out, without an error.
	Find(ctx context.Context, q Query) ([]Machine, error)
	// Terminate ends machines; one that is gone already is no error.
	Terminate(ctx context.Context, ids []string) error
	// Tag sets tags on machines; others are kept.
	Tag(ctx context.Context, ids []string, tags Tags) error
	// Console is the end of what a machine wrote while it booted; may be empty.
	Console(ctx context.Context, id string) (string, error)
}

// Tags are names and values on what we made.
type Tags map[string]string

// Query narrows a search: by ids or by tags that must all be there with that
// value; a tag with value "" must be there with any value. Names narrows groups.
type Query struct {
	IDs  []string
	Tags Tags
	Name string // of a firewall group
}

// LaunchRequest is all about one machine. Its metadata are always behind a
// token, the root disk is always encrypted and deleted with the machine, and shutting down
// inside the machine always terminates it: none of these is a choice.
type LaunchRequest struct {
	Token        string // ≤ 64 characters: same token, same machine
	Type         string
	Image        Image
	Subnet       string
	Groups       []string
	Profile      string // name of its identity; "": none
	PublicIP     bool
	UserData     string // plain text; the client encodes it
	Tags         Tags   // for the machine, its disks, network interfaces and whatever else is made with it
	DiskGiB      int
	MetadataHops int    // 1: containers cannot read the machine's role
	Credits      string // "standard" or "unlimited" for burstable types, else ""
	Preemptible  bool   // one-time request, terminated on interruption
	DryRun       bool
}

// Machine is one machine as the cloud sees it now.
type Machine struct {
	ID          string
	Type        string
	State       MachineState
	Reason      string // why it stopped, in the cloud's words
	PublicIP    string
	PrivateIP   string
	Subnet      string
	Network     string
	Zone        string
	Image       string
	Profile     string // its identity; "": none
	Preemptible bool
	Preempted   bool // the cloud wanted it back, and it did not end for another reason
	Launched    time.Time
	Tags        Tags
	Groups      []string
}

// MachineState is where a machine is in its life.
type MachineState string

// The states, in the order of a life.
const (
	Pending      MachineState = "pending"
	Running      MachineState = "running"
	Stopping     MachineState = "stopping"
	Stopped      MachineState = "stopped"
	ShuttingDown MachineState = "shutting-down"
	Terminated   MachineState = "terminated"
)

// Firewall opens ports. One group is made for each run.
type Firewall interface {
	// CreateGroup makes an empty group. A group of that name in the network is [Exists].
	CreateGroup(ctx context.Context, r GroupRequest) (Group, error)
	// Allow adds rules for incoming TCP; one that is there already is no error.
	Allow(ctx context.Context, group string, rules []Rule) error
	// FindGroups lists groups; ids that are not known are left out.
	FindGroups(ctx context.Context, q Query) ([]Group, error)
	// DeleteGroup removes a group: [InUse] while a machine has it; one that is gone is no error.
	DeleteGroup(ctx context.Context, id string) error
}

// GroupRequest describes a firewall group that is to be made.
type GroupRequest struct {
	Name        string
	Description string
	Network     string
	Tags        Tags
}

// Group is a firewall group.
type Group struct {
	ID      string
	Name    string
	Network string
	Tags    Tags
}

// Rule lets TCP in on one port, from addresses or from machines of a group.
type Rule struct {
	Port  int
	CIDR  string // "203.0.113.7/32" or IPv6
	Group string // instead of CIDR: the id of a group
}

// Profiles makes what a machine needs to be reached by commands. Only
// `remote init` calls it; a run never touches identities.
type Profiles interface {
	// ProfileExists tells whether a profile, the identity of machines, is there and whole.
	ProfileExists(ctx context.Context, name string) (bool, error)
	// CreateProfile makes what lets machines take commands, and nothing else;
	// parts that are there already are kept.
	CreateProfile(ctx context.Context, name string, tags Tags) error
	// DeleteProfile removes all of it; missing parts are no error.
	DeleteProfile(ctx context.Context, name string) error
}

// Store keeps files that are too big for a command's output, under one prefix
// of a bucket. Machines get presigned URLs and need no rights of their own.
type Store interface {
	PresignPut(ctx context.Context, key string, valid time.Duration) (url string, err error)
	PresignGet(ctx context.Context, key string, valid time.Duration) (url string, err error)
	Put(ctx context.Context, key string, body io.ReadSeeker) error
	// Get opens a file; [NotFound] where there is none.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// Delete removes all whose key begins with this; none is no error.
	Delete(ctx context.Context, prefix string) error
}

// Folders is what a [Store] may tell besides: what is directly below its prefix
// and has files below, by name.
type Folders interface {
	Folders(ctx context.Context) ([]string, error)
}
