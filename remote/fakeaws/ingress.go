package fakeaws

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// forwarders are the ports at which machines can be reached from here: one listener for each that a group lets in, at the
// instance's address of loopback, open to the sources that its rules name. Without a rule nobody listens.
type forwarders struct {
	mu   sync.Mutex
	open map[string]map[int]*forwarder // by instance and port
}

type forwarder struct {
	listener net.Listener
	mu       sync.Mutex
	sources  []netip.Prefix
}

// maxRange bounds the ports of one rule that are opened; a wider one opens none.
const maxRange = 64

// Ingress opens and closes ports until they are those of the rules.
func (d *Docker) Ingress(i Instance, rules []Rule) {
	b, ok := d.container(i.ID)
	if !ok || i.PublicIP == "" {
		return
	}
	want := map[int][]netip.Prefix{}
	for _, r := range rules {
		source, err := netip.ParsePrefix(r.CIDR)
		if err != nil || r.Protocol != "tcp" || r.To-r.From >= maxRange {
			continue
		}
		for port := r.From; port <= r.To; port++ {
			want[port] = append(want[port], source)
		}
	}
	d.forwarders.set(d.cloud, i, b.ip, want)
}

func (d *forwarders) set(c *Cloud, i Instance, ip string, want map[int][]netip.Prefix) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		d.open = map[string]map[int]*forwarder{}
	}
	mine := d.open[i.ID]
	if mine == nil {
		mine = map[int]*forwarder{}
		d.open[i.ID] = mine
	}
	for _, port := range slices.Collect(maps.Keys(mine)) {
		if len(want[port]) == 0 {
			_ = mine[port].listener.Close()
			delete(mine, port)
		}
	}
	for port, sources := range want {
		if there := mine[port]; there != nil {
			there.mu.Lock()
			there.sources = sources
			there.mu.Unlock()
			continue
		}
		var lc net.ListenConfig
		l, err := lc.Listen(c.ending, "tcp", net.JoinHostPort(i.PublicIP, strconv.Itoa(port)))
		if err != nil {
			continue // somebody has the port: it is as if the group let nobody in, and the probe says so
		}
		opened := &forwarder{listener: l, sources: sources}
		mine[port] = opened
		c.running.Go(func() { opened.serve(c, net.JoinHostPort(ip, strconv.Itoa(port))) })
	}
}

// closeAll closes all ports of an instance.
func (d *forwarders) closeAll(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.open[id] {
		_ = o.listener.Close()
	}
	delete(d.open, id)
}

// serve passes connections on until the port is closed or the cloud ends.
func (d *forwarder) serve(c *Cloud, to string) {
	stop := context.AfterFunc(c.ending, func() { _ = d.listener.Close() })
	defer stop()
	for {
		in, err := d.listener.Accept()
		if err != nil {
			return
		}
		if !d.admits(in.RemoteAddr()) {
			_ = in.Close()
			continue
		}
		c.running.Go(func() { forward(c.ending, in, to) })
	}
}

func (d *forwarder) admits(a net.Addr) bool {
	from, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.sources, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) })
}

// forward copies both ways between a connection and one that it makes.
func forward(ctx context.Context, in net.Conn, to string) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	out, err := dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		if t, ok := in.(*net.TCPConn); ok {
			_ = t.SetLinger(0) // a reset: nobody listens there
		}
		_ = in.Close()
		return
	}
	stop := context.AfterFunc(ctx, func() { _, _ = in.Close(), out.Close() })
	defer stop()
	var both sync.WaitGroup
	copyTo := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src)
		if t, ok := dst.(*net.TCPConn); ok {
			_ = t.CloseWrite()
		}
	}
	both.Go(func() { copyTo(out, in) })
	copyTo(in, out)
	_ = in.Close() // the machine has ended the connection: nobody reads what might still come
	both.Wait()
	_ = out.Close()
}

// gateway is how the machines reach the double itself, which listens on loopback alone: a proxy at the address of the
// engine's bridge that passes on nothing else.
type gateway struct {
	once sync.Once
	url  string
}

// proxy is the value of http_proxy for what the machines ask of the double, or empty where the cloud has no address itself.
func (d *Docker) proxy(b *container) string {
	g := &d.gateway
	g.once.Do(func() {
		if d.cloud.url == "" {
			return
		}
		var lc net.ListenConfig
		l, err := lc.Listen(d.cloud.ending, "tcp", net.JoinHostPort(b.bridge, "0"))
		if err != nil {
			return // the machines do without the store, and curl says so
		}
		g.url = "http://" + l.Addr().String()
		d.cloud.running.Go(func() { d.cloud.relay(l) })
	})
	return g.url
}

// relay serves requests for this cloud, and for nothing else, from the machines.
func (c *Cloud) relay(l net.Listener) {
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if "http://"+r.Host != c.url || strings.HasPrefix(r.URL.Path, ControlPath) {
			http.Error(w, "machines of the double reach nothing but the double", http.StatusBadGateway)
			return
		}
		c.ServeHTTP(w, r)
	})}
	stop := context.AfterFunc(c.ending, func() { _ = s.Close() })
	defer stop()
	_ = s.Serve(l) // ends with the cloud
}
