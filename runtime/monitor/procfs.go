package monitor

import (
	"bytes"
	"path/filepath"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// tree is where the kernel's files are: "" in earnest, a recorded copy in tests.
type tree struct{ root string }

func (t tree) proc(parts ...string) string {
	return t.root + "/proc/" + filepath.Join(parts...)
}

func (t tree) sys(parts ...string) string {
	return t.root + "/sys/" + filepath.Join(parts...)
}

// pressure reads a PSI file. The totals (µs) are used: avg10 is a ten-second
// average that the kernel renews every two seconds.
func (f *fdCache) pressure(r *reading, path, some, full string) {
	text, err := f.read(path)
	if err != nil {
		return // a kernel without PSI, or cgroup v1
	}
	for line := range bytes.Lines(text) {
		_, total, _ := bytes.Cut(line, []byte("total="))
		seconds := figure(bytes.TrimSpace(total)) / 1e6
		switch {
		case bytes.HasPrefix(line, []byte("some ")) && some != "":
			r.share(some, seconds)
		case bytes.HasPrefix(line, []byte("full ")) && full != "":
			r.share(full, seconds)
		}
	}
}

// traffic reads the interfaces of a network name space out of its net/dev.
// wanted chooses the interfaces; it returns how many carried anything, and the last one's name.
func (f *fdCache) traffic(r *reading, path string, wanted func(name string) bool) (int, string) {
	text, err := f.read(path)
	if err != nil {
		return 0, ""
	}
	in, inPackets := r.sum(record.NetInBytes), r.sum(record.NetInPackets)
	out, outPackets, drops := r.sum(record.NetOutBytes), r.sum(record.NetOutPackets), r.sum(record.NetDrops)
	used, last := 0, ""
	for line := range bytes.Lines(text) {
		name, rest, ok := bytes.Cut(line, []byte{':'})
		columns := bytes.Fields(rest)
		iface := string(bytes.TrimSpace(name))
		if !ok || len(columns) < 16 || !wanted(iface) {
			continue
		}
		if !bytes.Equal(columns[0], []byte{'0'}) {
			used, last = used+1, iface
		}
		in.grow(iface, figure(columns[0]))
		inPackets.grow(iface, figure(columns[1]))
		out.grow(iface, figure(columns[8]))
		outPackets.grow(iface, figure(columns[9]))
		drops.grow(iface, figure(columns[3])+figure(columns[11]))
	}
	if used == 0 {
		return 0, "" // interfaces that carry nothing
	}
	in.set(record.NetInBytes)
	inPackets.set(record.NetInPackets)
	out.set(record.NetOutBytes)
	outPackets.set(record.NetOutPackets)
	drops.set(record.NetDrops)
	return used, last
}

// tcp reads a name space's counters of retransmits and of full accept queues.
func (f *fdCache) tcp(r *reading, net string) {
	f.table(filepath.Join(net, "snmp"), "Tcp:", func(name string, v float64) {
		if name == "RetransSegs" {
			r.rate(record.NetRetransmits, v)
		}
	})
	f.table(filepath.Join(net, "netstat"), "TcpExt:", func(name string, v float64) {
		if name == "ListenOverflows" {
			r.rate(record.NetListenOverflows, v)
		}
	})
}

// table reads a pair of lines, names and values, as net/snmp and net/netstat have them.
func (f *fdCache) table(path, prefix string, each func(name string, value float64)) {
	text, err := f.read(path)
	if err != nil {
		return
	}
	var names [][]byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte(prefix)) {
			continue
		}
		columns := bytes.Fields(line)[1:]
		if names == nil {
			names = columns
			continue
		}
		for i := range min(len(names), len(columns)) {
			if v, ok := parse(columns[i]); ok {
				each(string(names[i]), v)
			}
		}
		return
	}
}
