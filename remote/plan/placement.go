package plan

import (
	"fmt"
	"net"
	"strconv"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// The roles that things have in a run.
const (
	RoleService   = "service"
	RoleGenerator = "generator"
)

// Address is where a machine is loaded.
func (p *Plan) Address(m provider.Machine) string {
	if p.Options.Private || p.Options.GeneratorType != "" {
		return m.PrivateIP
	}
	return m.PublicIP
}

// HostPort is where the service listens on a machine.
func (p *Plan) HostPort(m provider.Machine) string {
	return net.JoinHostPort(p.Address(m), strconv.Itoa(p.Options.Port))
}

// Allowed says in words who may come in, for when nobody could.
func (p *Plan) Allowed() string {
	return fmt.Sprintf("tcp %d is open to %v", p.Options.Port, p.Sources)
}
