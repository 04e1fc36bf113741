package monitor

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// States of a TCP socket, as /proc/net/tcp writes them.
const (
	tcpEstablished = 0x01
	tcpSynReceived = 0x03
	tcpTimeWait    = 0x06
	tcpCloseWait   = 0x08
	tcpListen      = 0x0A
)

// socket is one line of /proc/net/tcp.
type socket struct {
	port               int // local
	state              int
	sendQueue, receive float64 // bytes; of a listening socket, receive is the connections not yet accepted
	inode              string
	table              int
}

// sockets are the inodes of a set of processes, and the ports they listen on.
type sockets struct {
	owned map[string]bool
	ports map[int]bool
	quiet [2]int // looks for which a table is passed over
}

// parseSockets calls each with the sockets of a file in the format of /proc/net/tcp.
func parseSockets(text []byte, each func(socket)) {
	for line := range bytes.Lines(text) {
		c := bytes.Fields(line)
		if len(c) < 10 || !bytes.HasSuffix(c[0], []byte{':'}) {
			continue
		}
		_, port, _ := bytes.Cut(c[1], []byte{':'})
		send, receive, _ := bytes.Cut(c[4], []byte{':'})
		p, err := strconv.ParseUint(string(port), 16, 16)
		state, bad := strconv.ParseUint(string(c[3]), 16, 8)
		if err != nil || bad != nil {
			continue
		}
		each(socket{port: int(p), state: int(state), sendQueue: hexadecimal(send), receive: hexadecimal(receive), inode: string(c[9])})
	}
}

func hexadecimal(text []byte) float64 {
	n, _ := strconv.ParseUint(string(text), 16, 64)
	return float64(n)
}

// skipQuiet is for how many looks a table without a socket of ours is passed over.
const skipQuiet = 3

// tables are the files of TCP sockets of a name space.
func tables() [2]string { return [2]string{"net/tcp", "net/tcp6"} }

// allSockets reads the sockets of a process's network name space.
func (p *processes) allSockets(pid string) ([]socket, error) {
	var all []socket
	var first error
	for i, table := range tables() {
		if p.sockets.quiet[i] > 0 {
			p.sockets.quiet[i]--
			continue
		}
		path := p.proc(pid, table)
		text, err := p.read(path)
		p.drop(path) // an open one would keep the name space
		if err != nil {
			if i == 0 { // the second is absent where IPv6 is off
				first = err
			}
			continue
		}
		p.sockets.quiet[i] = skipQuiet
		parseSockets(text, func(s socket) {
			s.table = i
			all = append(all, s)
		})
	}
	return all, first
}

// inodes lists the sockets that a process has open.
func (t tree) inodes(pid string, into map[string]bool) {
	path := t.proc(pid, "fd")
	names, err := readNames(path)
	if err != nil {
		return // ended, or another user's
	}
	for _, name := range names {
		link, err := os.Readlink(path + "/" + name)
		if err != nil {
			continue
		}
		if inode, ok := strings.CutPrefix(link, "socket:["); ok {
			into[strings.TrimSuffix(inode, "]")] = true
		}
	}
}

// connections notes the members' connections by state and what waits in their queues.
func (p *processes) connections(r *reading) {
	p.sockets.owned, p.sockets.ports = map[string]bool{}, map[int]bool{}
	for pid := range p.members {
		p.inodes(pid, p.sockets.owned)
	}
	pids := slices.Sorted(maps.Keys(p.members))
	if len(pids) == 0 || len(p.sockets.owned) == 0 {
		return // other users' descriptors cannot be seen: unknown, not none
	}
	all, err := p.allSockets(pids[0])
	if err != nil {
		return
	}
	for _, s := range all {
		if s.state == tcpListen && p.sockets.owned[s.inode] {
			p.sockets.ports[s.port] = true
		}
	}
	var n tally
	for _, s := range all {
		if p.sockets.owned[s.inode] || p.sockets.ports[s.port] {
			p.sockets.quiet[s.table] = 0
			n.add(s, p.sockets)
		}
	}
	n.note(r, len(p.sockets.ports) > 0)
	if len(p.sockets.ports) > 0 {
		p.turnedAway(r, pids[0])
	}
}

// turnedAway notes how many connections were turned away because too many
// waited: of the members' own sockets, or of the name space they have to
// themselves. The machine's counter is that of every server on it.
func (p *processes) turnedAway(r *reading, pid string) {
	own, _ := os.Readlink(p.proc("self/ns/net"))
	theirs, err := os.Readlink(p.proc(pid, "ns/net"))
	if err != nil {
		return
	}
	drops, backlog := -1.0, 0.0
	if own == theirs {
		drops, backlog = p.sockets.drops()
	} else {
		p.table(p.proc(pid, "net/netstat"), "TcpExt:", func(name string, v float64) {
			if name == "ListenOverflows" {
				drops = v
			}
		})
		p.drop(p.proc(pid, "net/netstat")) // an open one would keep the name space
	}
	if backlog > 0 {
		r.limit(record.NetListenQueue, backlog)
	}
	r.rate(record.NetListenOverflows, drops)
}

// drops sums what the sockets that listen have turned away (-1: not known), and how many connections may wait.
func (s *sockets) drops() (drops, backlog float64) {
	all, err := listeningSockets()
	if err != nil {
		return -1, 0
	}
	for _, one := range all {
		if !s.ports[one.port] || !s.owned[strconv.FormatUint(uint64(one.inode), 10)] && one.inode != 0 {
			continue
		}
		if one.drops < 0 {
			return -1, 0
		}
		drops, backlog = drops+one.drops, backlog+one.backlog
	}
	return drops, backlog
}

// tally counts sockets by what they mean to a service.
type tally struct {
	in, out, opening, closing, timeWait float64
	notAccepted, sending, receiving     float64
}

func (n *tally) add(s socket, of sockets) {
	ours := of.ports[s.port]
	switch {
	case s.state == tcpListen && ours:
		n.notAccepted += s.receive
		return
	case s.state == tcpTimeWait && ours: // these have no inode any more
		n.timeWait++
	case s.state == tcpSynReceived && ours:
		n.opening++
	case s.state == tcpEstablished && ours:
		n.in++
	case s.state == tcpCloseWait && ours:
		n.closing++
	case s.state == tcpEstablished && of.owned[s.inode]:
		n.out++
		return
	default:
		return
	}
	n.sending += s.sendQueue
	n.receiving += s.receive
}

func (n *tally) note(r *reading, listens bool) {
	r.set(record.ConnectionsOut, n.out)
	if !listens {
		return
	}
	r.set(record.Connections, n.in)
	r.set(record.ConnectionsOpening, n.opening)
	r.set(record.ConnectionsClosing, n.closing)
	r.set(record.ConnectionsTimeWait, n.timeWait)
	r.set(record.NetListenQueue, n.notAccepted)
	r.set(record.NetSendQueueBytes, n.sending)
	r.set(record.NetRecvQueueBytes, n.receiving)
}
