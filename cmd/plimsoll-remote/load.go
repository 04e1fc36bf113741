package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/remote"
	remoteplan "github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// load is the command line of size, run and plan.
type load struct {
	remoteplan.Options
	given      []string // flags that are plimsoll's own, in the order they came
	show       remote.Show
	yes, dry   bool
	addressURL string
	binary     string // the program plimsoll for a generator
}

const loadLong = `Rents a machine of each --type, starts the service's image there with Glances
beside it, loads it from here with plimsoll, brings record, metrics and logs home,
gives the machines back and prints what was found, and what it cost.

  plimsoll remote size --image kinto:1 --port 8888 --type t3.small loadtest.js
  plimsoll remote size --image kinto:1 --port 8888 --type c7i.large --type c7i.xlarge loadtest.js --tolerance 1%
  plimsoll remote size --image kinto:1 --port 8888 --instance i-0123456789abcdef0 loadtest.js

Ctrl-C stops the load, brings home what there is and gives the machines back;
a second one does not fetch, a third one leaves at once and says what is left.`

func newLoad(p process, at *place, mode string) *cobra.Command {
	l := &load{}
	short := map[string]string{"size": "find how much a service carries on rented machines", "run": "run a load test against a service on rented machines", "plan": "tell what `size` would do and cost, and do nothing"}
	c := &cobra.Command{
		Use: mode + " --image IMAGE --port PORT --type TYPE SCRIPT|TEST", Short: short[mode], Long: loadLong, GroupID: "load",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Usage("usage: plimsoll remote "+c.Use, "%s: want a script or a named test", c.Name())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := cli.Together(c.Flags(), "remote "+mode, "repo", cli.OfRepo()...); err != nil {
				return err
			}
			l.Mode, l.dry = mode, l.dry || mode == "plan"
			if mode == "plan" {
				l.Mode = "size"
			}
			l.ChildArgs = append(l.given, args...)
			if l.GeneratorType != "" {
				l.carried(p, args)
			}
			return l.run(c.Context(), p, at)
		},
	}
	l.flags(c.Flags(), mode)
	return c
}

func (l *load) flags(f *pflag.FlagSet, mode string) {
	f.StringVar(&l.Image, "image", "", "the service's image")
	f.IntVar(&l.Port, "port", 0, "the port that the service listens on")
	f.StringArrayVar(&l.Types, "type", nil, "machine type; several make a sweep")
	f.StringVar(&l.Instance, "instance", "", "use this machine, which is there and stays")
	f.StringVar(&l.GeneratorType, "generator-type", "", "make the load on a machine of this type in the same subnet; needs --s3")
	f.StringVar(&l.binary, "generator-binary", "", "plimsoll for that machine, where this one's is for another system")
	f.DurationVar(&l.Keep, "keep", 0, "keep the machines for so long after the run")
	f.StringArrayVar(&l.Env, "service-env", nil, "NAME=VALUE for the service; no secrets: AWS keeps commands")
	f.StringArrayVar(&l.Parameters, "env-from-ssm", nil, "NAME=PARAMETER: the machine reads the value from this SSM parameter")
	f.StringArrayVar(&l.DockerArgs, "docker-arg", nil, "further argument of `docker run` for the service, e.g. --memory=512m")
	f.StringArrayVar(&l.Args, "service-arg", nil, "argument of the service itself, behind the image")
	f.StringArrayVar(&l.Subnets, "subnet", nil, "subnet; several are tried in turn (default: those of the default network)")
	f.BoolVar(&l.Private, "private", false, "use private addresses only")
	f.StringVar(&l.ImageID, "ami", "", "machine image: ami-… or ssm:/parameter")
	f.StringVar(&l.Profile, "instance-profile", "", "instance profile, or none (default plimsoll-instance, which `init` makes)")
	f.StringVar(&l.Credits, "credits", "", "CPU credits of T types: unlimited, standard (default unlimited)")
	f.BoolVar(&l.Preemptible, "spot", false, "rent spot machines; a type whose machine is taken away is tried once more on demand, within --max-cost")
	f.IntVar(&l.DiskGiB, "disk", 0, "GiB of disk (default 20)")
	f.IntVar(&l.MetadataHops, "imds-hops", 0, "2 lets the service use the machine's role (default 1)")
	f.StringArrayVar(&l.Allow, "allow-cidr", nil, "addresses that may reach the service (default: this machine's)")
	f.BoolVar(&l.AllowWorld, "allow-world", false, "let --allow-cidr be wider than /8")
	f.StringVar(&l.BasePath, "base-path", "", "path of the service's API: the script's SERVER_URL ends with it, e.g. /v1")
	f.StringVar(&l.ProbePath, "probe-path", "", "what is asked for until the service answers (default --base-path, or /)")
	f.DurationVar(&l.ProbeTimeout, "probe-timeout", 0, "how long the service may take to answer (default 3m)")
	f.DurationVar(&l.StepTimeout, "step-timeout", 0, "how long one script on a machine may take (default 10m)")
	f.DurationVar(&l.BootTimeout, "boot-timeout", 0, "how long a machine may take to take commands (default 5m)")
	f.StringVar(&l.Metrics, "metrics", "", "what watches: glances, sampler, none (default glances)")
	f.StringVar(&l.GlancesImage, "glances-image", "", "image of Glances, 4.5.8 or newer")
	f.StringVar(&l.Store, "s3", "", "BUCKET/PREFIX for files that are too big for command output")
	f.Float64Var(&l.MaxCost, "max-cost", 0, "refuse a plan that costs more, in the prices' currency")
	f.Float64Var(&l.PricePerHour, "price-per-hour", 0, "price of a machine, instead of the list's")
	f.StringVar(&l.addressURL, "address-url", "https://checkip.amazonaws.com", "tells this machine's public address")
	f.BoolVarP(&l.yes, "yes", "y", false, "do not ask before money is spent")
	f.BoolVar(&l.dry, "dry-run", false, "tell what would be done, ask whether it is permitted, and do nothing")
	l.showFlags(f)
	cli.Declare(f, handedOn(mode), l.handOn)
	if target := f.Lookup("target-load"); target != nil {
		target.Annotations = nil // rare for plimsoll, but what a sweep of types is for
	}
	cli.MarkRare(f, "service-arg", "private", "ami", "credits", "spot", "disk", "imds-hops", "allow-world", "probe-path", "probe-timeout", "step-timeout", "boot-timeout",
		"glances-image", "price-per-hour", "address-url", "insecure", "timeout", "by", "objective", "docker-arg", "service-env", "keep", "generator-binary", "force")
}

// showFlags say how the result is shown.
func (l *load) showFlags(f *pflag.FlagSet) {
	f.StringVar(&l.show.HTML, "html", "", "write the page to this file (one type)")
	f.BoolVar(&l.show.Force, "force", false, "let --html take the place of a file that is not plimsoll's")
	f.BoolVar(&l.show.JSON, "json", false, "print one JSON object")
}

// handedOn are plimsoll's own flags that mean something in a mode.
func handedOn(mode string) []cli.Flag {
	of := plan.Size
	if mode == "run" {
		of = plan.Run
	}
	settings := slices.DeleteFunc(cli.Settings(of), func(f cli.Flag) bool { return f.Setting.Needs == plan.NeedFormer }) // it checks no former answer again
	return append(settings, cli.Sources()...)
}

// handOn notes a flag for plimsoll.
func (l *load) handOn(flag cli.Flag, text string) error {
	name := flag.Name
	if flag.Setting != nil {
		name = flag.Setting.Name
	}
	l.given = append(l.given, "--"+name+"="+text)
	switch name { // these tell how long it will take, and what is wanted
	case "budget", "duration":
		if d, err := time.ParseDuration(text); err == nil {
			l.Estimate = d + time.Minute
		}
	case "target-load":
		l.TargetLoad, _ = plan.ParseRate(text) // it was checked
	}
	return nil
}

func (l *load) run(ctx context.Context, p process, at *place) error {
	if err := cli.CheckFiles([]cli.File{{Path: l.show.HTML, Kind: cli.PageFile}}, nil, l.show.Force); err != nil {
		return err // now, and not when it has cost something
	}
	cloud, err := p.open(ctx, at)
	if err != nil {
		return err
	}
	runs, err := p.runs()
	if err != nil {
		return cli.Usage("", "%v", err)
	}
	w := remote.World{
		Cloud: cloud, Runs: runs, Say: p.say, Stdout: p.stdout, Stderr: cli.Stream(p.stderr),
		Probe: remote.HTTPProbe(prober()), Address: addressFrom(l.addressURL),
	}
	planned, err := remoteplan.Planner{Cloud: cloud, Address: w.Address}.Plan(ctx, remoteplan.NewRunID(time.Now()), l.Options)
	if err != nil {
		return err
	}
	if l.dry {
		planned.Write(p.stdout)
		planned.WriteScripts(p.stdout)
		return w.Permitted(ctx, planned)
	}
	planned.Write(p.stderr)
	if err := l.agree(ctx, p); err != nil {
		return err
	}
	path, err := remote.Beside(p.self)
	if err != nil {
		return err
	}
	w.Own, w.Binary = path, l.binary
	w.Plimsoll = remote.Executable(path, p.environ())
	ctx, signals, release := p.oneByOne(ctx)
	defer release()
	results, err := w.Run(ctx, planned, remote.NewStops(ctx, signals))
	if shown := w.Report(ctx, planned, results, l.show); shown != nil {
		err = errors.Join(err, shown)
	}
	if err != nil {
		return err
	}
	if code := remote.ExitCode(results); code != 0 {
		return cli.StatusError(code)
	}
	return nil
}

// carried makes the command line one that holds on another machine: the
// script's folder goes with it, and variables of this environment by value.
func (l *load) carried(p process, args []string) {
	for i, a := range l.ChildArgs {
		for _, name := range []string{"--env=", "--secret="} {
			if variable, ok := strings.CutPrefix(a, name); ok && !strings.Contains(variable, "=") {
				l.ChildArgs[i] = a + "=" + p.env(variable)
			}
		}
	}
	if slices.ContainsFunc(l.given, func(a string) bool { return strings.HasPrefix(a, "--repo=") }) {
		return // it is cloned there
	}
	l.Folder = "."
	if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
		l.Folder = filepath.Dir(args[0])
		l.ChildArgs[len(l.given)] = filepath.Base(args[0])
	}
}

// agree asks before money is spent.
func (l *load) agree(ctx context.Context, p process) error {
	if l.yes || l.Instance != "" {
		return nil
	}
	if !p.terminal() {
		return cli.Usage("--yes agrees without being asked, --dry-run only tells", "this will cost money, and there is nobody to ask")
	}
	fmt.Fprint(p.stderr, "Go on? [y/N] ")
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.stdin).ReadString('\n') // the end of the input is a no
		said <- strings.ToLower(strings.TrimSpace(line))
	}()
	var answer string
	select {
	case answer = <-said:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if answer != "y" && answer != "yes" {
		return cli.Usage("--yes agrees without being asked", "nobody agreed, and nothing was done")
	}
	return nil
}

// prober asks the service as it is: without proxies, and without following where it points to.
func prober() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// addressFrom asks a service that tells the address that it is asked from.
func addressFrom(url string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return "", err
		}
		defer func() { _ = answer.Body.Close() }() // it was only read
		text, err := io.ReadAll(io.LimitReader(answer.Body, 100))
		if err != nil {
			return "", err
		}
		own, err := netip.ParseAddr(strings.TrimSpace(string(text)))
		if err != nil {
			return "", fmt.Errorf("%s answers %q", url, text)
		}
		return netip.PrefixFrom(own, own.BitLen()).String(), nil
	}
}
