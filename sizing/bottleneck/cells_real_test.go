//go:build real && linux

package bottleneck_test

import (
	"fmt"
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// cell is a real service limited in one way by real means.
type cell struct {
	name      string
	want      []string // right verdicts
	args      []string // of the service
	quota     float64  // cores; 0: none
	memory    int      // bytes; 0: unlimited
	iops      int      // writes a second to the disk of the folder for temporary files, two a sync: data and journal; 0: unlimited
	cpus      string   // cores it may run on, as a list
	shaped    []string // commands of tc for the way out, with ; between them
	slots     float64  // true ones; 0: not looked at
	behind    []string // arguments of the service that it asks
	beside    []string // arguments of a neighbour
	generator float64  // cores that the generator may use; 0: all
	tells     bool     // it tells of its heap
	noRate    bool     // what limits it is no rate: the variant of other rates would be the same again
	ci        bool
}

// cells are the faults, with a capacity of about rate.
func cells(rate float64) []cell {
	each := func(cores float64) string {
		return time.Duration(cores / rate * float64(time.Second)).Round(time.Microsecond).String()
	}
	mbit := fmt.Sprintf("%.1fmbit", rate*64*1024*8*1.05/1e6) // answers of 64 KiB, with headers
	return []cell{
		{name: "CPU quota", want: []string{record.LimitCPU}, args: []string{"-mode", "cpu", "-work", each(0.4)}, quota: 0.4, ci: true},
		{name: "10-slot pool", want: []string{record.LimitPool}, args: []string{"-mode", "pool", "-work", each(10)}, slots: 10, ci: true},
		{name: "mutex", want: []string{record.LimitLock}, args: []string{"-mode", "mutex", "-work", each(1)}, slots: 1, ci: true},
		{name: "429 limiter", want: []string{record.LimitAdmission}, args: []string{"-mode", "limiter", "-rate", fmt.Sprint(rate)}, ci: true},
		{name: "fsync-bound disk", want: []string{record.LimitDisk}, args: []string{"-mode", "fsync"}, iops: int(2 * rate), ci: true},
		{name: "one core of two", want: []string{record.LimitCPU}, args: []string{"-mode", "cpu", "-work", each(0.8)}, cpus: "1"},
		{name: "one thread", want: []string{record.LimitThread}, args: []string{"-mode", "thread", "-work", each(0.8)}},
		{name: "memory limit, killed", want: []string{record.LimitMemory}, args: []string{"-mode", "memory", "-work", "10ms"}, memory: 64 << 20, noRate: true},
		{name: "memory limit, pressure", want: []string{record.LimitMemory}, args: []string{"-mode", "pressure", "-bytes", "201326592"}, memory: 64 << 20, noRate: true},
		{name: "bandwidth, tbf", want: []string{record.LimitNetwork}, args: []string{"-mode", "net"}, shaped: []string{"qdisc add dev DEV root tbf rate " + mbit + " burst 128kb latency 200ms"}},
		{name: "bandwidth, htb", want: []string{record.LimitNetwork}, args: []string{"-mode", "net"}, shaped: []string{
			"qdisc add dev DEV root handle 1: htb default 1;class add dev DEV parent 1: classid 1:1 htb rate " + mbit,
		}},
		{name: "listen backlog", want: []string{record.LimitBacklog}, args: []string{"-mode", "backlog", "-work", each(1), "-slots", "8"}},
		{name: "file descriptors", want: []string{record.LimitDescriptors}, args: []string{"-mode", "fds", "-work", each(15), "-slots", "30"}},
		{name: "GC pressure", want: []string{record.LimitGC}, args: []string{"-mode", "gc", "-objects", fmt.Sprint(int(5_000 * plainRate / rate))}, quota: 0.5, tells: true},
		{name: "slow downstream", want: []string{record.LimitDownstream}, args: []string{"-mode", "downstream"}, behind: []string{"-mode", "pool", "-slots", "1000", "-work", each(10)}},
		{name: "CPU quota and pool at once", want: []string{record.LimitCPU, record.LimitPool, record.LimitUnsure}, args: []string{"-mode", "both", "-work", each(10), "-burn", each(0.36)}, quota: 0.4},
		{name: "none but the generator", want: []string{record.LimitGenerator}, args: []string{"-mode", "none"}, generator: rate / 2000},
	}
}

// plainRate is the capacity of most cells where nothing else is asked for.
const plainRate = 400

// variants are the ways in which each cell is run: the i-th run's capacity, and its neighbour.
func variants() map[string]func(i int) (rate float64, beside []string) {
	return map[string]func(int) (float64, []string){
		plain: func(int) (float64, []string) { return plainRate, nil },
		// spread evenly, in whatever number of runs
		rates:     func(i int) (float64, []string) { return 200 + 400*math.Mod(0.5+0.618034*float64(i), 1), nil },
		neighbour: func(int) (float64, []string) { return plainRate, []string{"-mode", "neighbour", "-work", "10ms"} },
	}
}

// lots are all cells in all variants that make sense of them.
func lots() (all []lot) {
	for _, c := range cells(plainRate) {
		for _, v := range []string{plain, rates, neighbour} {
			if v != rates || !c.noRate {
				all = append(all, lot{Cell: c.name, Variant: v, alone: len(c.want) == 1, slots: c.slots})
			}
		}
	}
	return all
}
