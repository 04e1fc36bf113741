package provider

import "regexp"

// Dialect is what differs between clouds beside their calls: what things are called where a person reads of them, the
// hints that name a cloud's tools and flags, which images are booted, and what its machines run that is its own.
type Dialect struct {
	// Group, Profile and Preemptible are what a firewall group, the identity of a machine, and a machine that may be
	// taken away are called within a sentence.
	Group, Profile, Preemptible string
	// AgentAction is the call that tells of agents, as a policy names it: that of an agent which never reported.
	AgentAction string

	ImageFlag     string // that names a machine image
	StoreHint     string // how a bucket is given, and for what
	NetworkHint   string // what to do where a region has no default network
	ParameterHint string // what a machine needs to read a parameter
	MachineHint   string // what the id of a machine looks like
	MachineID     *regexp.Regexp

	// Images are references to what machines boot, the best first, for a processor's architecture.
	Images func(architecture string) []string
	// Endpoints are the private ones without which a machine that has no public address takes no commands.
	Endpoints []string

	// Boot is what a machine runs when it boots, in POSIX shell, behind the line that lets it end itself.
	Boot string
	// ReadParameter is a function read_parameter of POSIX shell: it prints the value of the parameter "$1".
	ReadParameter string
}
