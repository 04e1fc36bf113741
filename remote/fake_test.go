package remote

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

// fake is a cloud in memory, for this package's own interfaces.
type fake struct {
	hooks    sync.Mutex // refuse and lose are called one at a time
	mu       sync.Mutex
	machines map[string]*provider.Machine
	tokens   map[string]string
	groups   map[string]*provider.Group
	rules    map[string][]provider.Rule
	objects  map[string][]byte
	ends     map[string]time.Time // when machines end themselves
	files    map[string]string    // that a machine has when its files are gathered
	next     int
	calls    []string // "Launch t3.small"
	scripts  []provider.Command

	callers  provider.Caller
	types    map[string]provider.MachineType
	prices   map[string]float64 // of a type; "spot TYPE" where that is another
	subnets  []provider.Subnet
	refuse   func(call string) error                          // before the call has its effect
	lose     func(call string) error                          // after it
	answers  func(c provider.Command) (provider.Result, bool) // of scripts
	agents   func(id string) provider.Agent
	bootTime time.Duration
}

func newFake() *fake {
	return &fake{
		machines: map[string]*provider.Machine{}, tokens: map[string]string{}, groups: map[string]*provider.Group{}, rules: map[string][]provider.Rule{}, objects: map[string][]byte{},
		ends: map[string]time.Time{}, files: map[string]string{},
		callers: provider.Caller{Account: "111122223333", Name: "arn:aws:iam::111122223333:user/test", Region: "eu-west-1"},
		types: map[string]provider.MachineType{
			"c7.small": {Name: "c7.small", VCPUs: 1, MemoryBytes: 2 << 30, Architectures: []string{"x86_64"}},
			"c7.large": {Name: "c7.large", VCPUs: 2, MemoryBytes: 4 << 30, Architectures: []string{"x86_64"}},
			"c7.huge":  {Name: "c7.huge", VCPUs: 8, MemoryBytes: 16 << 30, Architectures: []string{"x86_64"}},
			"t3.small": {Name: "t3.small", VCPUs: 2, MemoryBytes: 2 << 30, Architectures: []string{"x86_64"}, Burstable: true},
			"g9.arm":   {Name: "g9.arm", VCPUs: 2, MemoryBytes: 2 << 30, Architectures: []string{"arm64"}},
		},
		prices:   map[string]float64{"c7.small": 0.05, "c7.large": 0.1, "c7.huge": 0.4, "t3.small": 0.02, "g9.arm": 0.03},
		subnets:  []provider.Subnet{{ID: "subnet-a", Network: "vpc-1", Zone: "eu-west-1a", Public: true}, {ID: "subnet-b", Network: "vpc-1", Zone: "eu-west-1b", Public: true}},
		bootTime: 20 * time.Second,
	}
}

func (f *fake) cloud() provider.Cloud {
	return provider.Cloud{
		Dialect: dialect.Dialect(), Identity: f, Catalogue: f, Machines: f, Firewall: f, Commands: f, Profiles: f,
		Store: func(bucket, prefix string) provider.Store {
			return fakeStore{f, strings.Trim(bucket+"/"+prefix, "/") + "/"}
		},
	}
}

// call notes a call, and fails it where the test says so.
func (f *fake) call(ctx context.Context, format string, args ...any) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := fmt.Sprintf(format, args...)
	f.mu.Lock()
	f.calls = append(f.calls, name)
	refuse := f.refuse
	f.mu.Unlock()
	if refuse != nil {
		f.hooks.Lock()
		defer f.hooks.Unlock()
		return refuse(name)
	}
	return nil
}

// done fails a call that had its effect.
func (f *fake) done(format string, args ...any) error {
	if f.lose != nil {
		f.hooks.Lock()
		defer f.hooks.Unlock()
		return f.lose(fmt.Sprintf(format, args...))
	}
	return nil
}

func (f *fake) Caller(ctx context.Context) (provider.Caller, error) {
	return f.callers, f.call(ctx, "Caller")
}

func (f *fake) Image(ctx context.Context, ref string) (provider.Image, error) {
	if err := f.call(ctx, "Image %s", ref); err != nil {
		return provider.Image{}, err
	}
	architecture := "x86_64"
	if strings.Contains(ref, "arm64") {
		architecture = "arm64"
	}
	return provider.Image{ID: "ami-" + architecture, Architecture: architecture}, nil
}

func (f *fake) Types(ctx context.Context, names []string) (all []provider.MachineType, err error) {
	if err := f.call(ctx, "Types"); err != nil {
		return nil, err
	}
	for _, n := range names {
		t, ok := f.types[n]
		if !ok {
			return nil, &provider.APIError{Fault: provider.NotFound, Action: "ec2:DescribeInstanceTypes", Resource: n}
		}
		all = append(all, t)
	}
	return all, nil
}

func (f *fake) Subnets(ctx context.Context, ids []string) ([]provider.Subnet, error) {
	if err := f.call(ctx, "Subnets"); err != nil {
		return nil, err
	}
	if len(ids) == 0 && len(f.subnets) == 0 {
		return nil, &provider.APIError{Fault: provider.NotFound, Action: "ec2:DescribeVpcs"}
	}
	return f.subnets, nil
}

func (f *fake) Endpoints(ctx context.Context, _ string) ([]string, error) {
	return nil, f.call(ctx, "Endpoints")
}

func (f *fake) Price(ctx context.Context, q provider.PriceQuery) (provider.Price, error) {
	if err := f.call(ctx, "Price"); err != nil {
		return provider.Price{}, err
	}
	p, ok := f.prices[q.Type]
	if spot, there := f.prices["spot "+q.Type]; q.Preemptible && there {
		p = spot
	}
	if !ok {
		return provider.Price{}, &provider.APIError{Fault: provider.NotFound, Action: "pricing:GetProducts", Resource: q.Type}
	}
	return provider.Price{PerHour: p, Currency: "USD", Source: "test"}, nil
}

func (f *fake) Launch(ctx context.Context, r provider.LaunchRequest) (provider.Machine, error) {
	if err := f.call(ctx, "Launch %s %s", r.Type, r.Subnet); err != nil || r.DryRun {
		return provider.Machine{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id, again := f.tokens[r.Token]
	if !again {
		f.next++
		id = fmt.Sprintf("i-%03d", f.next)
		f.tokens[r.Token] = id
		f.endIn(id, r.UserData, `shutdown -h \+(\d+)`)
		f.machines[id] = &provider.Machine{
			ID: id, Type: r.Type, State: provider.Pending, PublicIP: fmt.Sprintf("127.0.%d.1", 100+f.next), PrivateIP: fmt.Sprintf("10.0.0.%d", f.next),
			Subnet: r.Subnet, Network: "vpc-1", Zone: r.Subnet, Image: r.Image.ID, Profile: r.Profile, Launched: time.Now(), Tags: maps.Clone(r.Tags), Groups: r.Groups, Preemptible: r.Preemptible,
		}
	}
	return *f.machines[id], f.done("Launch %s", r.Type)
}

// endIn puts a machine's own end to the minutes that a script names.
func (f *fake) endIn(id, script, pattern string) {
	if found := regexp.MustCompile(pattern).FindStringSubmatch(script); found != nil {
		n, _ := strconv.Atoi(found[1])
		f.ends[id] = time.Now().Add(time.Duration(n) * time.Minute)
	}
}

// settle lets a machine's life go on.
func (f *fake) settle(m *provider.Machine) {
	switch age, end := time.Since(m.Launched), f.ends[m.ID]; {
	case !end.IsZero() && time.Now().After(end) && m.State != provider.Terminated:
		m.State, m.Reason = provider.Terminated, "Client.InstanceInitiatedShutdown"
	case m.State == provider.Pending && age >= f.bootTime:
		m.State = provider.Running
	case m.State == provider.ShuttingDown:
		m.State = provider.Terminated
	}
}

func (f *fake) Find(ctx context.Context, q provider.Query) (all []provider.Machine, err error) {
	if err := f.call(ctx, "Find %v", q.IDs); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(f.machines)) {
		m := f.machines[id]
		f.settle(m)
		if q.IDs != nil && !slices.Contains(q.IDs, id) || !tagged(m.Tags, q.Tags) {
			continue
		}
		seen := *m
		if seen.State == provider.Pending {
			seen.PublicIP = ""
		}
		all = append(all, seen)
	}
	return all, nil
}

func tagged(have, want provider.Tags) bool {
	for k, v := range want {
		if got, ok := have[k]; !ok || v != "" && got != v {
			return false
		}
	}
	return true
}

func (f *fake) Terminate(ctx context.Context, ids []string) error {
	if err := f.call(ctx, "Terminate %v", ids); err != nil {
		return err
	}
	f.mu.Lock()
	for _, id := range ids {
		if m := f.machines[id]; m != nil && m.State != provider.Terminated {
			m.State = provider.ShuttingDown
		}
	}
	f.mu.Unlock()
	return f.done("Terminate")
}

func (f *fake) Tag(ctx context.Context, ids []string, tags provider.Tags) error {
	if err := f.call(ctx, "Tag %v", ids); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		maps.Copy(f.machines[id].Tags, tags)
	}
	return nil
}

func (f *fake) Console(ctx context.Context, _ string) (string, error) {
	return "cloud-init: it went wrong here\n", f.call(ctx, "Console")
}

func (f *fake) CreateGroup(ctx context.Context, r provider.GroupRequest) (provider.Group, error) {
	if err := f.call(ctx, "CreateGroup"); err != nil {
		return provider.Group{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.groups {
		if g.Name == r.Name {
			return provider.Group{}, &provider.APIError{Fault: provider.Exists, Action: "ec2:CreateSecurityGroup", Code: "InvalidGroup.Duplicate"}
		}
	}
	f.next++
	g := &provider.Group{ID: fmt.Sprintf("sg-%03d", f.next), Name: r.Name, Network: r.Network, Tags: maps.Clone(r.Tags)}
	f.groups[g.ID] = g
	return *g, f.done("CreateGroup")
}

func (f *fake) Allow(ctx context.Context, group string, rules []provider.Rule) error {
	if err := f.call(ctx, "Allow"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules[group] = append(f.rules[group], rules...)
	return nil
}

func (f *fake) FindGroups(ctx context.Context, q provider.Query) (all []provider.Group, err error) {
	if err := f.call(ctx, "FindGroups"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.groups {
		if (q.IDs == nil || slices.Contains(q.IDs, g.ID)) && (q.Name == "" || q.Name == g.Name) && tagged(g.Tags, q.Tags) {
			all = append(all, *g)
		}
	}
	return all, nil
}

func (f *fake) DeleteGroup(ctx context.Context, id string) error {
	if err := f.call(ctx, "DeleteGroup %s", id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.machines {
		if f.settle(m); m.State != provider.Terminated && slices.Contains(m.Groups, id) {
			return &provider.APIError{Fault: provider.InUse, Action: "ec2:DeleteSecurityGroup", Code: "DependencyViolation"}
		}
	}
	delete(f.groups, id)
	return nil
}

func (f *fake) Agents(ctx context.Context, ids []string) (map[string]provider.Agent, error) {
	if err := f.call(ctx, "Agents"); err != nil {
		return nil, err
	}
	all := map[string]provider.Agent{}
	for _, id := range ids {
		if f.agents != nil {
			if a := f.agents(id); a.Ping != "" {
				all[id] = a
			}
			continue
		}
		all[id] = provider.Agent{Ping: "Online", Version: "3.3.0", Seen: time.Now()}
	}
	return all, nil
}

func (f *fake) Run(ctx context.Context, c provider.Command) (all []provider.Result, err error) {
	if err := f.call(ctx, "Run %s", c.Title); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.scripts = append(f.scripts, c)
	f.mu.Unlock()
	for _, id := range c.Machines {
		one := c
		one.Machines = []string{id}
		r := f.answer(one)
		r.Machine = id
		all = append(all, r)
		if c.Title == "renew the lease" && r.Status == provider.Succeeded {
			f.mu.Lock()
			f.endIn(id, c.Script, `minutes='(\d+)'`)
			f.mu.Unlock()
		}
	}
	return all, f.done("Run %s", c.Title)
}

func (f *fake) ReadFile(ctx context.Context, machine, path string, _ int64) ([]byte, error) {
	name := strings.TrimSuffix(filepath.Base(path), ".gz")
	if err := f.call(ctx, "ReadFile %s", name); err != nil {
		return nil, err
	}
	if f.answers != nil {
		if r, ok := f.answers(provider.Command{Machines: []string{machine}, Title: "fetch " + name}); ok {
			text, _ := script.Output(r.Stdout)
			return []byte(text), r.Err(name)
		}
	}
	return pack(f.files[name]), f.done("ReadFile %s", name)
}

// ended is a script's result as an agent gives it.
func ended(code int, stdout, stderr string) provider.Result {
	r := provider.Result{Status: provider.Succeeded, Stdout: fmt.Sprintf("%splimsoll-rc=%d\n", stdout, code), Stderr: stderr}
	if code != 0 {
		r.Status, r.ExitCode = provider.Failed, 1
	}
	return r
}

func (f *fake) answer(c provider.Command) provider.Result {
	if f.answers != nil {
		if r, ok := f.answers(c); ok {
			return r
		}
	}
	switch c.Title {
	case "read the clock":
		return ended(0, fmt.Sprintf("clock %d.%09d\n", time.Now().Unix(), time.Now().Nanosecond()), "")
	case "gather the files":
		b := &strings.Builder{}
		for _, name := range slices.Sorted(maps.Keys(f.files)) {
			packed := pack(f.files[name])
			sum := sha256.Sum256(packed)
			fmt.Fprintf(b, "file %s %d %s\n", name, len(packed), hex.EncodeToString(sum[:]))
		}
		return ended(0, b.String(), "")
	}
	return ended(0, "", "")
}

// variable is the value of a simple assignment in a script.
func variable(script, name string) string {
	m := regexp.MustCompile(`(?m)^` + name + `='(.*)'$`).FindStringSubmatch(script)
	if m == nil {
		return ""
	}
	return m[1]
}

func pack(text string) []byte {
	b := &bytes.Buffer{}
	w := gzip.NewWriter(b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

func (f *fake) ProfileExists(ctx context.Context, _ string) (bool, error) {
	return false, f.call(ctx, "ProfileExists")
}

func (f *fake) CreateProfile(ctx context.Context, _ string, _ provider.Tags) error {
	return f.call(ctx, "CreateProfile")
}

func (f *fake) DeleteProfile(ctx context.Context, _ string) error {
	return f.call(ctx, "DeleteProfile")
}

type fakeStore struct {
	f    *fake
	base string
}

func (s fakeStore) PresignPut(ctx context.Context, key string, valid time.Duration) (string, error) {
	return s.address(key, valid), s.f.call(ctx, "PresignPut")
}

func (s fakeStore) PresignGet(ctx context.Context, key string, valid time.Duration) (string, error) {
	return s.address(key, valid), s.f.call(ctx, "PresignGet")
}

func (s fakeStore) address(key string, valid time.Duration) string {
	return fmt.Sprintf("https://bucket.test/%s%s?signature=secret-of-the-url&expires=%d", s.base, key, time.Now().Add(valid).Unix())
}

func (s fakeStore) Put(ctx context.Context, key string, body io.ReadSeeker) error {
	if err := s.f.call(ctx, "Put %s", key); err != nil {
		return err
	}
	text, err := io.ReadAll(body)
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	s.f.objects[s.base+key] = text
	return err
}

func (s fakeStore) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := s.f.call(ctx, "Get %s", key); err != nil {
		return nil, err
	}
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	text, ok := s.f.objects[s.base+key]
	if !ok {
		return nil, &provider.APIError{Fault: provider.NotFound, Action: "s3:GetObject", Resource: key}
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

func (s fakeStore) Delete(ctx context.Context, prefix string) error {
	if err := s.f.call(ctx, "Delete %s", prefix); err != nil {
		return err
	}
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	maps.DeleteFunc(s.f.objects, func(key string, _ []byte) bool { return strings.HasPrefix(key, s.base+prefix) })
	return nil
}

func (s fakeStore) Folders(ctx context.Context) (all []string, err error) {
	if err := s.f.call(ctx, "Folders"); err != nil {
		return nil, err
	}
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	for key := range s.f.objects {
		if below, ok := strings.CutPrefix(key, s.base); ok {
			if name, _, inside := strings.Cut(below, "/"); inside && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all, nil
}

// left is what is there and has our tags.
func (f *fake) left() (all []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, m := range f.machines {
		if f.settle(m); m.State != provider.Terminated && m.State != provider.ShuttingDown && plan.Managed(m.Tags) {
			all = append(all, id)
		}
	}
	for id, g := range f.groups {
		if plan.Managed(g.Tags) {
			all = append(all, id)
		}
	}
	return append(all, slices.Sorted(maps.Keys(f.objects))...)
}

// on fails the calls that begin so, a number of times; 0: always.
func on(prefix string, times int, err error) func(string) error {
	n := 0
	return func(call string) error {
		if !strings.HasPrefix(call, prefix) || times > 0 && n >= times {
			return nil
		}
		n++
		return err
	}
}

var errLost = &provider.APIError{Fault: provider.Unavailable, Action: "ec2:RunInstances", Err: errors.New("connection reset")}
