package monitor

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Spec is one thing to watch, as the user wrote it: `kind` or `kind=value`.
type Spec struct {
	Kind  string // one of kinds
	Value string
}

func (s Spec) String() string {
	if s.Value == "" {
		return s.Kind
	}
	return s.Kind + "=" + s.Value
}

// SpecError says what is wrong with what the user wrote.
type SpecError struct{ Spec, Why string }

func (e *SpecError) Error() string { return fmt.Sprintf("--monitor %s: %s", e.Spec, e.Why) }

// ExitCode is that of wrong usage.
func (e *SpecError) ExitCode() int { return exit.Usage }

// Hint lists what may be written.
func (e *SpecError) Hint() string {
	return Forms() + ", none; several with commas or by repeating the flag"
}

// Parse reads what the user wrote. Each text is a list with commas; `none`
// alone means that nothing of the target is to be watched.
func Parse(texts []string) ([]Spec, error) {
	var specs []Spec
	none := false
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			if part == "none" {
				none = true
				continue
			}
			s, err := parseSpec(part)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(specs, s) {
				specs = append(specs, s)
			}
		}
	}
	if none && len(specs) > 0 {
		return nil, &SpecError{"none", "it cannot stand beside others"}
	}
	return specs, nil
}

func parseSpec(text string) (Spec, error) {
	name, value, assigned := strings.Cut(text, "=")
	for _, k := range kinds() {
		switch {
		case k.name != name:
		case k.check == nil && assigned:
			return Spec{}, &SpecError{text, name + " takes no value"}
		case k.check != nil && k.check(name, value) != "":
			return Spec{}, &SpecError{text, k.check(name, value)}
		default:
			return Spec{name, value}, nil
		}
	}
	return Spec{}, &SpecError{text, "no such source"}
}

// Target tells [Open] where the load goes, for `auto`.
type Target struct {
	URL    string // of the service; may be empty
	Docker string // address of the Docker engine; empty: the environment's default
}

// port is where the target listens, and whether that is on this machine.
func (t Target) port() (int, bool, error) {
	u, err := url.Parse(t.URL)
	if err != nil || u.Hostname() == "" {
		return 0, false, fmt.Errorf("the target's address %q names no host", t.URL)
	}
	port := 80
	if u.Scheme == "https" {
		port = 443
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return 0, false, fmt.Errorf("the target's address %q has no usable port", t.URL)
		}
	}
	return port, isLocal(u.Hostname()), nil
}

// isLocal says whether a host name means this machine.
func isLocal(name string) bool {
	ips := []net.IP{net.ParseIP(name)}
	if ips[0] == nil {
		var err error
		if ips, err = net.LookupIP(name); err != nil {
			return false
		}
	}
	mine, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(ips, func(ip net.IP) bool {
		return ip.IsLoopback() || ip.IsUnspecified() || slices.ContainsFunc(mine, func(a net.Addr) bool {
			n, ok := a.(*net.IPNet)
			return ok && n.IP.Equal(ip)
		})
	})
}

// Open makes the sources of specs. It fails when one of them cannot be
// watched at all; what goes away later is a gap. The generator is not among
// them: see [Generator].
func Open(ctx context.Context, specs []Spec, target Target) ([]Source, error) {
	var all []Source
	for _, s := range specs {
		opened, err := open(ctx, s, target)
		if err != nil {
			for _, before := range all {
				_ = before.Close() // the error of opening is the one to tell
			}
			return nil, err
		}
		for _, one := range append(opened, virtualMachines(opened)...) {
			if !slices.ContainsFunc(all, func(known Source) bool { return known.Name() == one.Name() }) {
				all = append(all, one)
			}
		}
	}
	return all, nil
}

func open(ctx context.Context, s Spec, target Target) ([]Source, error) {
	for _, k := range kinds() {
		if k.name == s.Kind {
			return k.open(ctx, s.Value, target)
		}
	}
	return nil, &SpecError{s.String(), "no such source"}
}

// Host watches this machine as a whole.
func Host() Source {
	if linux() {
		return newHost(tree{})
	}
	return &portableHost{}
}
