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
		_, total, ok := bytes.Cut(line, []byte("total="))
		us, isNumber := parse(bytes.TrimSpace(total))
		if !ok || !isNumber {
			continue
		}
		switch {
		case bytes.HasPrefix(line, []byte("some ")) && some != "":
			r.share(some, us/1e6)
		case bytes.HasPrefix(line, []byte("full ")) && full != "":
			r.share(full, us/1e6)
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
	var total [16]float64
	used, last := 0, ""
	for line := range bytes.Lines(text) {
		name, rest, ok := bytes.Cut(line, []byte{':'})
		columns := bytes.Fields(rest)
		iface := string(bytes.TrimSpace(name))
		if !ok || len(columns) < len(total) || !wanted(iface) {
			continue
		}
		for i := range total {
			v, _ := parse(columns[i])
			total[i] += v
		}
		if !bytes.Equal(columns[0], []byte{'0'}) {
			used, last = used+1, iface
		}
	}
	if used == 0 {
		return 0, ""
	}
	r.rate(record.NetInBytes, total[0])
	r.rate(record.NetInPackets, total[1])
	r.rate(record.NetOutBytes, total[8])
	r.rate(record.NetOutPackets, total[9])
	r.rate(record.NetDrops, total[3]+total[11])
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
