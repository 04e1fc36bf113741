package plan

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Options say what is to be put where, and how it is to be loaded. The zero
// values of those that have a default are filled by [Options.Check].
type Options struct {
	Mode string // "size" or "run": the command of plimsoll that makes the load

	Image      string   // of the service
	Port       int      // that it listens on, in its container and on the machine
	Env        []string // NAME=VALUE for its container; they can be read in the cloud's history
	Parameters []string // NAME=PARAMETER: the machine reads the value, nobody else does
	DockerArgs []string // further arguments of `docker run`
	Args       []string // of the service, behind the image

	Types         []string // machine types, one after the other
	Instance      string   // a machine that is there, instead of Types
	GeneratorType string   // of a machine that makes the load; "": this one does
	Keep          time.Duration

	Subnets      []string
	Private      bool // use private addresses only
	ImageID      string
	Profile      string // the machines' identity; "none": none; default plimsoll-instance
	Credits      string // of burstable types: "unlimited" (default) or "standard"
	Preemptible  bool
	DiskGiB      int // default 20
	MetadataHops int // default 1
	Allow        []string
	AllowWorld   bool

	BasePath     string        // of the service: SERVER_URL ends with it
	ProbePath    string        // default BasePath, or "/"
	ProbeTimeout time.Duration // default 3 minutes
	StepTimeout  time.Duration // of one script on a machine; default 10 minutes
	BootTimeout  time.Duration // default 5 minutes

	Metrics      string // "glances" (default), "sampler" or "none"
	GlancesImage string // default nicolargo/glances:4.5.8
	Store        string // "bucket/prefix" for big files

	MaxCost      float64 // 0: no limit
	PricePerHour float64 // 0: ask the cloud
	TargetLoad   float64 // iterations per second that the recommendation is for
	Estimate     time.Duration

	ChildArgs []string // script or test, and flags, of plimsoll
	Folder    string   // what a generator needs of this machine: the script's folder; "": nothing
}

// What is the same for each run.
const (
	DefaultProfile = "plimsoll-instance"
	defaultGlances = "nicolargo/glances:4.5.8"
	GlancesPort    = 61208
	ContainerName  = "plimsoll-service"
	WatcherName    = "plimsoll-glances"
)

// UsageError is a wrong or missing option.
type UsageError struct{ What, Advice string }

func (e *UsageError) Error() string { return e.What }

// Hint says what to give instead.
func (e *UsageError) Hint() string { return e.Advice }

// ExitCode is that of a usage error.
func (*UsageError) ExitCode() int { return exit.Usage }

// Wrong is a UsageError: what is wrong, and as advice what to give instead.
func Wrong(advice, format string, args ...any) error {
	return &UsageError{What: fmt.Sprintf(format, args...), Advice: advice}
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Check fills defaults and says what cannot be done.
func (o *Options) Check(d provider.Dialect) error {
	o.fill()
	switch {
	case o.Image == "":
		return Wrong("name the service's image with --image NAME:TAG", "no image")
	case strings.HasPrefix(o.Image, "-"):
		return Wrong("an image is NAME:TAG", "%q is no image", o.Image)
	case o.Port < 1 || o.Port > 65535:
		return Wrong("name the port that the service listens on with --port N", "port %d is none", o.Port)
	case o.Port == GlancesPort && o.Metrics == "glances":
		return Wrong("--metrics sampler watches without a port", "port %d is that of Glances", o.Port)
	case len(o.Types) == 0 && o.Instance == "":
		return Wrong("--type t3.small, several for a sweep, or --instance i-… for a machine that is there", "no machine type")
	case o.Instance != "" && len(o.Types) > 0:
		return Wrong("give one of the two", "--instance and --type exclude each other")
	case o.Instance != "" && !d.MachineID.MatchString(o.Instance):
		return Wrong(d.MachineHint, "%q is no instance", o.Instance)
	case o.GeneratorType != "" && o.Instance != "":
		return Wrong("give --type", "--generator-type needs machines of its own network: it does not go with --instance")
	case o.GeneratorType != "" && o.Store == "":
		return Wrong(d.StoreHint, "--generator-type needs a bucket")
	}
	if err := o.checkTypes(); err != nil {
		return err
	}
	return o.checkTexts()
}

func (o *Options) checkTypes() error {
	seen := map[string]bool{}
	for _, t := range o.Types {
		if seen[t] {
			return Wrong("each type is sized once", "the type %s is given twice", t)
		}
		seen[t] = true
	}
	for _, c := range o.Allow {
		p, err := netip.ParsePrefix(c)
		if err != nil {
			return Wrong("write 203.0.113.7/32", "--allow-cidr %q is no address range", c)
		}
		if !o.AllowWorld && wide(p) {
			return Wrong("name the addresses from which the load comes; --allow-world says that this is meant",
				"--allow-cidr %s would let a large part of the world in: at most /%d is taken", c, widest)
		}
	}
	for _, c := range []struct {
		given   string
		choices []string
	}{{o.Credits, []string{"unlimited", "standard"}}, {o.Metrics, []string{"glances", "sampler", "none"}}, {o.Mode, []string{"size", "run"}}} {
		if !slices.Contains(c.choices, c.given) {
			return Wrong("one of "+strings.Join(c.choices, ", "), "%q is not known", c.given)
		}
	}
	return nil
}

// checkTexts refuses what no shell and no container can take.
func (o *Options) checkTexts() error {
	for _, list := range [][]string{o.Env, o.Parameters} {
		for _, pair := range list {
			name, value, ok := strings.Cut(pair, "=")
			if !ok || !variableName.MatchString(name) {
				return Wrong("write NAME=VALUE, the name of letters, digits and _", "%q sets no variable", firstWord(pair))
			}
			if strings.ContainsRune(value, 0) {
				return Wrong("", "the value of %s has a zero byte", name)
			}
		}
	}
	for _, p := range o.Parameters {
		if strings.ContainsAny(p, "\n\r") {
			return Wrong("", "the name of a parameter has a line break")
		}
	}
	for _, text := range slices.Concat([]string{o.Image, o.GlancesImage, o.ProbePath}, o.DockerArgs, o.Args) {
		if strings.ContainsRune(text, 0) {
			return Wrong("", "a zero byte is in %q", text)
		}
	}
	return nil
}

// firstWord is what may be shown of a wrong NAME=VALUE: its value may be a secret.
func firstWord(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return name
}

// widest is the shortest prefix of an address range that may reach the service.
const widest = 8

// wide says whether a range is wider. IPv4 addresses written as IPv6's count as what they are.
func wide(p netip.Prefix) bool {
	bits := p.Bits()
	if p.Addr().Is4In6() {
		bits -= 96
	}
	return bits < widest
}

// fill gives defaults to what was not said.
func (o *Options) fill() {
	set := func(text *string, value string) {
		if *text == "" {
			*text = value
		}
	}
	wait := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&o.Mode, "size")
	set(&o.Profile, DefaultProfile)
	set(&o.Credits, "unlimited")
	if o.BasePath = strings.Trim(o.BasePath, "/"); o.BasePath != "" {
		o.BasePath = "/" + o.BasePath
	}
	set(&o.ProbePath, o.BasePath+"/")
	set(&o.Metrics, "glances")
	set(&o.GlancesImage, defaultGlances)
	wait(&o.ProbeTimeout, 3*time.Minute)
	wait(&o.StepTimeout, 10*time.Minute)
	wait(&o.BootTimeout, 5*time.Minute)
	wait(&o.Estimate, 15*time.Minute)
	if o.DiskGiB == 0 {
		o.DiskGiB = 20
	}
	if o.MetadataHops == 0 {
		o.MetadataHops = 1
	}
}
