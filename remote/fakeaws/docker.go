package fakeaws

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Docker are machines that exist: each is a container with an engine of its own, its commands really run, and what its
// security groups let in is forwarded from its own address of loopback. Give it to [Options] as Machines. It needs the
// docker command, an engine with cgroups of version 1, and the right to mount.
type Docker struct {
	// Image is what an instance is: see .ci/instance-image.
	Image string
	// Load are images that each machine's engine has from the start; the machines reach no registry.
	Load []string
	// Minute is how long a minute of `shutdown` lasts, in seconds; 60 if zero.
	Minute int
	// Broken keeps the engine of each machine from starting, as where nobody installed one.
	Broken bool

	cloud      *Cloud
	gateway    gateway
	forwarders forwarders
	mu         sync.Mutex
	machines   map[string]*container
}

// container is one container.
type container struct {
	name   string
	ip     string
	bridge string        // this machine's address, seen from there
	ends   chan struct{} // closed when nobody waits for its end any more
	boot   bool          // it is being restarted: its end means nothing
}

// agent runs the script on its input in its folder, and ends when nobody holds its output open any more: each stream
// passes through a cat, which sees to that.
const agent = `f=/var/lib/amazon/ssm/$SSM_COMMAND_ID
mkdir -p "$f"; cat >"$f/_script.sh"; cd "${0:-/}" || exit; echo $$ >"$f/pid"
{ { sh "$f/_script.sh" </dev/null 3>&-; echo $? >"$f/rc"; } 2>&1 >&3 3>&- | cat >&2; } 3>&1 | cat
exit "$(cat "$f/rc")"`

const (
	dockerLabel = "plimsoll.fakeaws"
	launchLimit = 3 * time.Minute
	quickLimit  = 30 * time.Second
	endLimit    = 2 * time.Minute
)

// attach makes the machines known to the cloud that they belong to. Others may run on this machine at the same time, so
// that a cloud of containers has a range of addresses, and thereby names, of its own.
func (d *Docker) attach(c *Cloud) {
	d.cloud, d.machines = c, map[string]*container{}
	c.net = 1 + rand.IntN(254)
}

// docker runs the command and gives what it printed; what it complained about is in the error.
func docker(ctx context.Context, in io.Reader, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &complaint
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("docker %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// name is the container's.
func (d *Docker) name(id string) string {
	return fmt.Sprintf("plimsoll-%d-%d-%s", os.Getpid(), d.cloud.net, id)
}

// Launch starts the container, waits for its engine, loads the images, and lets the user data run.
func (d *Docker) Launch(ctx context.Context, i Instance) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, launchLimit)
	defer cancel()
	b := &container{name: d.name(i.ID), ends: make(chan struct{})}
	d.mu.Lock()
	d.machines[i.ID] = b
	d.mu.Unlock()
	if _, err := docker(ctx, nil, d.arguments(i, b)...); err != nil {
		return "", err
	}
	if !d.has(i.ID) { // its end came while it was made
		return "", errors.Join(errors.New("it was ended while it started"), d.Destroy(i.ID)) //nolint:contextcheck // bounds of its own
	}
	addresses, err := docker(ctx, nil, "inspect", "--format", "{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Gateway}}", b.name)
	ip, bridge, ok := strings.Cut(addresses, " ")
	switch {
	case err != nil:
		return "", err
	case !ok || ip == "" || bridge == "":
		return "", fmt.Errorf("the container %s has no address on the engine's bridge", b.name)
	}
	d.mu.Lock()
	b.ip, b.bridge = ip, bridge
	d.mu.Unlock()
	d.cloud.running.Go(func() { d.watch(i.ID, b) }) //nolint:contextcheck // longer than the launch
	if err := d.prepare(ctx, b); err != nil {
		return "", err
	}
	const boot = "cat >/var/lib/user-data; chmod 700 /var/lib/user-data; setsid /var/lib/user-data >/var/log/cloud-init-output.log 2>&1 </dev/null &"
	if strings.HasPrefix(i.UserData, "#!") { // as cloud-init: anything else is not run
		if _, err := docker(ctx, strings.NewReader(i.UserData), "exec", "-i", b.name, "sh", "-c", boot); err != nil {
			return "", err
		}
	}
	return ip, nil
}

// arguments are those of `docker run`: enough rights for an engine inside, no way out by names, the size of the type.
func (d *Docker) arguments(i Instance, b *container) []string {
	t := d.cloud.typeNamed(i.Type)
	cores := t.Cores
	if cores == 0 {
		cores = float64(t.VCPU)
	}
	size := strconv.FormatFloat(cores, 'f', -1, 64)
	minute := d.Minute
	if minute == 0 {
		minute = 60
	}
	args := []string{
		"run", "-d", "--init", "--name", b.name, "--hostname", i.ID, "--label", dockerLabel + "=" + strconv.Itoa(os.Getpid()),
		"--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
		"--cpus", size, "--memory", strconv.Itoa(t.MiB) + "m", "--dns", "127.0.0.1", "-v", "/var/lib/docker", "-v", "/sys/fs/cgroup:/sys/fs/cgroup",
		"-e", "CORES=" + size, "-e", "MEMORY_MIB=" + strconv.Itoa(t.MiB), "-e", "MINUTE=" + strconv.Itoa(minute),
	}
	if d.Broken {
		return append(args, "--entrypoint", "sleep", d.Image, "infinity")
	}
	return append(args, d.Image)
}

// prepare waits for the machine's engine and loads its images.
func (d *Docker) prepare(ctx context.Context, b *container) error {
	if d.Broken {
		return nil
	}
	const wait = "n=0; until docker info >/dev/null 2>&1; do n=$((n+1)); [ $n -lt 150 ] || { tail -n 20 /var/log/dockerd.log; exit 1; }; sleep 0.2; done"
	if out, err := docker(ctx, nil, "exec", b.name, "sh", "-c", wait); err != nil {
		return fmt.Errorf("the machine's engine does not start: %w: %s", err, out)
	}
	for _, image := range d.Load {
		if err := load(ctx, b.name, image); err != nil {
			return err
		}
	}
	return nil
}

// load passes an image from this machine's engine to one of its own.
func load(ctx context.Context, name, image string) error {
	save := exec.CommandContext(ctx, "docker", "save", image)
	save.WaitDelay = time.Second
	pipe, err := save.StdoutPipe()
	if err != nil {
		return err
	}
	if err := save.Start(); err != nil {
		return err
	}
	_, err = docker(ctx, pipe, "exec", "-i", name, "docker", "load", "-q")
	return errors.Join(err, save.Wait())
}

// watch waits for the end of a container that nobody asked for: its own shutdown, or somebody who took it away.
func (d *Docker) watch(id string, b *container) {
	ctx, cancel := context.WithCancel(d.cloud.ending)
	defer cancel()
	go func() {
		select {
		case <-b.ends:
			cancel()
		case <-ctx.Done():
		}
	}()
	_, err := docker(ctx, nil, "wait", b.name)
	for d.rebooting(b) && err == nil {
		_, err = docker(ctx, nil, "wait", b.name)
	}
	switch {
	case ctx.Err() != nil:
		return
	case err == nil:
		d.cloud.Halt(id)
	default:
		d.cloud.vanish(id)
	}
	d.forwarders.closeAll(id)
}

func (d *Docker) rebooting(b *container) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return b.boot
}

func (d *Docker) has(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.machines[id] != nil
}

// container finds the container of an instance that was launched.
func (d *Docker) container(id string) (*container, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.machines[id]
	return b, ok && b.ip != ""
}

// Exec runs a script as the agent does: root, sh, a process group of its own, no terminal, output that is cut.
func (d *Docker) Exec(ctx context.Context, i Instance, m Command) Outcome {
	b, ok := d.container(i.ID)
	if !ok {
		return Outcome{Exit: noExit, Stderr: "no such machine"}
	}
	if err := d.give(ctx, b, i.Region); err != nil {
		return Outcome{Exit: noExit, Stderr: err.Error()}
	}
	args := []string{"exec", "-i", "-e", "SSM_COMMAND_ID=" + m.ID, "-e", "AWS_SSM_INSTANCE_ID=" + i.ID, "-e", "AWS_SSM_REGION_NAME=" + i.Region}
	if proxy := d.proxy(b); proxy != "" {
		args = append(args, "-e", "CLOUD_URL="+d.cloud.url, "-e", "CLOUD_PROXY="+proxy)
	}
	cmd := exec.CommandContext(ctx, "docker", append(args, b.name, "setsid", "--wait", "sh", "-c", agent, m.Dir)...)
	cmd.Stdin = strings.NewReader(m.Text)
	var out, complaint head
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second
	cmd.Cancel = func() error { return d.kill(b, m.ID, cmd.Process) } //nolint:contextcheck // after the end of ctx
	err := cmd.Run()
	o := Outcome{Stdout: out.String(), Stderr: complaint.String()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		o.Exit = exit.ExitCode()
	case err != nil:
		o.Exit, o.Stderr = noExit, o.Stderr+err.Error()
	}
	if o.Exit == exitReboot {
		d.restart(b) //nolint:contextcheck // after the end of the script
	}
	return o
}

// kill ends a script's whole process group, as the agent does when its time is over; containers survive.
func (d *Docker) kill(b *container, id string, client *os.Process) error {
	ctx, cancel := context.WithTimeout(context.Background(), quickLimit)
	defer cancel()
	_, err := docker(ctx, nil, "exec", b.name, "sh", "-c", `kill -KILL "-$(cat "/var/lib/amazon/ssm/$0/pid")"`, id)
	return errors.Join(err, client.Kill())
}

// restart is a reboot.
func (d *Docker) restart(b *container) {
	ctx, cancel := context.WithTimeout(context.Background(), quickLimit)
	defer cancel()
	d.mark(b, true)
	_, _ = docker(ctx, nil, "restart", "-t", "5", b.name) // the script is run again and tells
	d.mark(b, false)
}

func (d *Docker) mark(b *container, rebooting bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b.boot = rebooting
}

// give puts the region's parameters where the machine's `aws` finds them.
func (d *Docker) give(ctx context.Context, b *container, region string) error {
	for _, p := range d.cloud.ownParameters(region) {
		file := "/run/parameters/" + hex.EncodeToString([]byte(p.Name))
		if _, err := docker(ctx, strings.NewReader(p.Value), "exec", "-i", b.name, "sh", "-c", `umask 077; cat >"$0"`, file); err != nil {
			return err
		}
	}
	return nil
}

// Destroy removes the container and its disk.
func (d *Docker) Destroy(id string) error {
	d.forwarders.closeAll(id)
	d.mu.Lock()
	b, ok := d.machines[id]
	if ok {
		delete(d.machines, id)
		close(b.ends)
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), endLimit)
	defer cancel()
	if _, err := docker(ctx, nil, "rm", "-f", "-v", d.name(id)); err != nil && !strings.Contains(err.Error(), "No such container") {
		return err
	}
	return nil
}

// Left are the containers of this cloud that the engine still has.
func (d *Docker) Left(ctx context.Context) ([]string, error) {
	out, err := docker(ctx, nil, "ps", "-a", "--format", "{{.Names}}", "--filter", "name="+d.name(""))
	return strings.Fields(out), err
}

// Console is what the user data printed.
func (d *Docker) Console(id string) string {
	b, ok := d.container(id)
	if !ok {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), quickLimit)
	defer cancel()
	out, err := docker(ctx, nil, "exec", b.name, "sh", "-c", "cat /var/log/cloud-init-output.log; tail -n 5 /var/log/dockerd.log")
	if err != nil {
		return out + err.Error()
	}
	return out
}

// head keeps the beginning of what is written and forgets the rest, as the agent does.
type head struct{ bytes.Buffer }

func (h *head) Write(b []byte) (int, error) {
	if room := maxStdout + 1 - h.Len(); room > 0 {
		_, _ = h.Buffer.Write(b[:min(room, len(b))]) // never fails
	}
	return len(b), nil
}
