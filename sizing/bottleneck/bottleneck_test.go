package bottleneck_test

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/testmode"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

// How much is looked at: 200 times for the table in the documentation.
var times = flag.Int("times", usualTimes, "runs of each fault")

const usualTimes = 20

// fault is a way in which a service is limited, and what it should be called.
type fault struct {
	name  string // what it is
	want  string // the right verdict
	build func(l *lab)
	check func(l *lab, b record.Bottleneck) error // of what is right in every single run
}

// quota sets a CPU limit that is used up at the capacity.
func quota(l *lab) {
	l.cores = []float64{0.5, 1, 2, 3}[l.IntN(4)]
	l.hostSize = 8
	l.slots = max(l.cores, 1)
	l.values = func(s state) map[string]float64 {
		return map[string]float64{
			record.CPUCores: min(0.02+(l.cores-0.02)*s.full, l.cores), record.CPUThrottled: max(0, min((s.full-0.8)*3, 0.6)),
			record.CPUBusiestThread: 0.3 * s.full, record.CPUWaiting: max(0, s.full-0.6) * l.cores,
		}
	}
}

func ofTheService(_ *lab, b record.Bottleneck) error {
	if b.Source != web {
		return fmt.Errorf("of %q", b.Source)
	}
	return nil
}

// idle is a service with work for its CPU that is far from being its limit.
func idle(l *lab) {
	use := 0.1 + 0.45*l.Float64()
	l.cores = 2
	l.values = func(s state) map[string]float64 {
		return map[string]float64{record.CPUCores: 0.02 + use*l.cores*s.full, record.CPUBusiestThread: 0.4 * s.full}
	}
}

// also adds values to those there are.
func (l *lab) also(more func(s state) map[string]float64) {
	before := l.values
	l.values = func(s state) map[string]float64 {
		values := map[string]float64{}
		if before != nil {
			for name, v := range before(s) {
				values[name] = v
			}
		}
		for name, v := range more(s) {
			values[name] = v
		}
		return values
	}
}

func faults() []fault {
	return []fault{
		{"CPU quota", record.LimitCPU, quota, func(l *lab, b record.Bottleneck) error {
			if b.Source != web || b.Ceilings[0].Name != record.LimitCPU || math.Abs(b.Ceilings[0].Rate/l.capacity-1) > 0.12 {
				return fmt.Errorf("of %q, ceilings %+v, capacity %v", b.Source, b.Ceilings, l.capacity)
			}
			return nil
		}},
		{"CPU quota beside a noisy neighbour", record.LimitCPU, func(l *lab) {
			quota(l)
			l.hostAdds = func(state) map[string]float64 {
				return map[string]float64{record.CPUCores: 7.9, record.CPUPressure: 0.6, record.RunQueue: 12, record.IOPressureSome: 0.5, record.DiskBusy: 0.8}
			}
		}, ofTheService},
		{"CPU quota on a machine that others fill", record.LimitCPU, func(l *lab) {
			quota(l)
			l.cores, l.slots, l.hostSize = 0.5, 1, 2
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.CPUWaiting: 2 * s.full, record.CPUThrottled: 0.9 * s.full, record.CPUCores: 0.02 + 0.3*s.full}
			})
			l.hostAdds = func(state) map[string]float64 {
				return map[string]float64{record.CPUCores: 2, record.CPUPressure: 0.9, record.RunQueue: 9}
			}
		}, ofTheService},
		{"CPU quota seen by its throttling alone", record.LimitCPU, func(l *lab) {
			quota(l)
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.CPUWaiting: unknown, record.CPUBusiestThread: unknown, record.CPUCores: 0.84 * l.cores * s.full, record.CPUThrottled: max(0, (s.full-0.8)*1.5)}
			})
		}, nil},
		{"one core of two", record.LimitCPU, func(l *lab) {
			quota(l)
			l.cores = 1
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.CPUThrottled: 0, record.CPUWaiting: max(0, s.full-0.5) * 3}
			})
		}, nil},
		{"one core that others use too", record.LimitCPU, func(l *lab) {
			l.slots, l.cores = 1, 1
			l.values = func(s state) map[string]float64 {
				return map[string]float64{record.CPUCores: 0.02 + 0.68*s.full, record.CPUWaiting: 0.6 * s.full, record.CPUBusiestThread: 0.3}
			}
		}, nil},
		{"the machine is full", record.LimitCPU, func(l *lab) {
			l.cores, l.hostSize = 4, 4
			l.slots = 4
			l.values = func(s state) map[string]float64 {
				return map[string]float64{record.CPUCores: 0.05 + 2.9*s.full, record.CPUWaiting: max(0, s.full-0.5) * 4, record.CPUBusiestThread: 0.75 * s.full}
			}
			l.own = func(s state) map[string]float64 { return map[string]float64{record.CPUCores: 0.9 * s.full} }
			l.hostAdds = func(s state) map[string]float64 {
				return map[string]float64{record.CPUCores: 0.1 + 3.9*s.full, record.CPUPressure: s.full * 0.7, record.RunQueue: 8 * s.full}
			}
		}, func(_ *lab, b record.Bottleneck) error {
			if b.Source != host {
				return fmt.Errorf("of %q, want the host's", b.Source)
			}
			return nil
		}},
		{"one thread", record.LimitThread, func(l *lab) {
			l.slots = 1
			l.values = func(s state) map[string]float64 {
				return map[string]float64{record.CPUCores: 0.02 + 1.03*s.full, record.CPUBusiestThread: 0.02 + 0.96*s.full}
			}
		}, nil},
		{"one thread beside a noisy neighbour", record.LimitThread, func(l *lab) {
			l.slots = 1
			l.values = func(s state) map[string]float64 {
				return map[string]float64{
					record.CPUCores: 0.02 + 0.7*s.full, record.CPUBusiestThread: 0.66 * s.full, record.CPUThreadWaiting: 0.3 * s.full, record.CPUWaiting: 0.3 * s.full,
				}
			}
		}, nil},
		{"killed, with files that are gone", record.LimitMemory, func(l *lab) {
			idle(l)
			l.hostAdds = func(s state) map[string]float64 {
				if s.over && len(l.in.Resources)%30 == 0 {
					l.in.Resources = append(l.in.Resources, record.Resources{AtS: l.now, Source: web, Values: map[string]float64{}, State: record.StateEnded})
					return map[string]float64{record.MemoryOOMKills: 1}
				}
				return nil
			}
		}, nil},
		{"garbage collection", record.LimitGC, func(l *lab) {
			quota(l)
			l.also(func(s state) map[string]float64 { return map[string]float64{record.GCCPU: 0.45} })
		}, nil},
		{"garbage collection on a machine that others fill", record.LimitGC, func(l *lab) {
			quota(l)
			l.cores, l.slots, l.hostSize = 0.5, 1, 2
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.CPUWaiting: 2 * s.full, record.CPUThrottled: 0.9 * s.full, record.CPUCores: 0.02 + 0.42*s.full, record.GCCPU: 0.53}
			})
			l.hostAdds = func(state) map[string]float64 {
				return map[string]float64{record.CPUCores: 2, record.CPUPressure: 0.9, record.RunQueue: 9}
			}
		}, ofTheService},
		{"killed for want of memory", record.LimitMemory, func(l *lab) {
			idle(l)
			l.also(func(s state) map[string]float64 {
				v := map[string]float64{record.MemoryBytes: 450e6}
				if s.over && len(l.in.Resources)%30 == 0 {
					v[record.MemoryOOMKills] = 1
				}
				return v
			})
		}, nil},
		{"memory pressure", record.LimitMemory, func(l *lab) {
			idle(l)
			l.also(func(s state) map[string]float64 {
				v := map[string]float64{record.MemoryBytes: 300e6 + 208e6*s.full, record.MemoryFaults: 2}
				if s.full > 0.9 {
					v[record.MemoryLimitHits], v[record.MemoryFaults], v[record.MemoryPressureFull] = 30, 400, 0.2
					v[record.DiskBlocked], v[record.IOPressureSome] = 2, 0.6
				}
				return v
			})
		}, nil},
		{"mapped files that do not fit", record.LimitMemory, func(l *lab) {
			idle(l)
			l.falls = 0.4
			l.also(func(s state) map[string]float64 {
				return map[string]float64{
					record.MemoryBytes: 4e6, record.MemoryCacheBytes: 500e6, record.MemoryLimitHits: 900 * s.full, record.MemoryFaults: 20 * s.x, record.DiskBlocked: 0.6 * s.full,
				}
			})
			l.hostAdds = func(s state) map[string]float64 {
				return map[string]float64{record.DiskBusy: 0.4 * s.full, record.DiskReadBytes: 80e3 * s.x}
			}
		}, nil},
		{"a lock beside a cache that fills its limit", record.LimitLock, func(l *lab) {
			idle(l)
			l.slots = 1
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.MemoryBytes: 60e6, record.MemoryCacheBytes: 450e6, record.MemoryLimitHits: 50 * s.full, record.MemoryFaults: 0}
			})
		}, nil},
		{"fsync", record.LimitDisk, func(l *lab) {
			idle(l)
			l.slots = 1
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.DiskBlocked: 0.95 * s.full, record.DiskWriteBytes: 8192 * s.x}
			})
			l.hostAdds = func(s state) map[string]float64 {
				return map[string]float64{record.DiskBusy: 0.85 * s.full, record.IOPressureSome: 0.93 * s.full}
			}
		}, nil},
		{"fsync within a lock, where the rest of its work is slow", record.LimitDisk, func(l *lab) {
			idle(l)
			l.slots = 1
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.DiskBlocked: 0.66 * s.full, record.DiskWriteBytes: 8192 * s.x}
			})
			l.hostAdds = func(s state) map[string]float64 {
				return map[string]float64{record.DiskBusy: 0.3 * s.full, record.IOPressureSome: 0.66 * s.full}
			}
		}, nil},
		{"a lock around a little waiting for a disk", record.LimitLock, func(l *lab) {
			idle(l)
			l.slots = 1
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.DiskBlocked: 0.3 * s.full, record.DiskWriteBytes: 8192 * s.x}
			})
			l.hostAdds = func(s state) map[string]float64 {
				return map[string]float64{record.DiskBusy: 0.1 * s.full, record.IOPressureSome: 0.3 * s.full}
			}
		}, nil},
		{"the link", record.LimitNetwork, func(l *lab) {
			idle(l)
			l.limits = map[string]float64{record.NetOutBytes: l.capacity * l.bytes / 0.96}
			l.also(func(s state) map[string]float64 { return map[string]float64{record.NetOutBytes: s.x * l.bytes} })
		}, nil},
		{"a shaped network", record.LimitNetwork, func(l *lab) {
			idle(l)
			l.bytes = 60e3
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.NetOutBytes: s.x * l.bytes, record.NetSendQueueBytes: max(0, s.n-l.slots/2) * l.bytes * 0.9}
			})
		}, nil},
		{"descriptors", record.LimitDescriptors, func(l *lab) {
			idle(l)
			l.limits = map[string]float64{record.Descriptors: 64}
			l.also(func(s state) map[string]float64 { return map[string]float64{record.Descriptors: min(20+s.n, 64)} })
			l.refuses = true
			l.slots = 40
		}, nil},
		{"accept queue", record.LimitBacklog, func(l *lab) {
			idle(l)
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.NetListenQueue: max(0, min(s.n-2, 10))}
			})
			l.hostAdds = func(s state) map[string]float64 {
				if s.over {
					return map[string]float64{record.NetListenOverflows: 40}
				}
				return nil
			}
		}, nil},
		{"accept queue by its own count", record.LimitBacklog, func(l *lab) {
			idle(l)
			l.limits = map[string]float64{record.NetListenQueue: 8}
			l.also(func(s state) map[string]float64 {
				v := map[string]float64{record.NetListenQueue: max(0, min(s.n-2, 8)), record.NetListenOverflows: 0}
				if s.over {
					v[record.NetListenOverflows] = 40
				}
				return v
			})
		}, nil},
		{"a pool while others on the machine turn connections away", record.LimitPool, func(l *lab) {
			idle(l)
			l.limits = map[string]float64{record.NetListenQueue: 4096}
			l.also(func(s state) map[string]float64 {
				return map[string]float64{record.NetListenQueue: 2 * s.full, record.NetListenOverflows: 0}
			})
			l.hostAdds = func(state) map[string]float64 { return map[string]float64{record.NetListenOverflows: 60} }
		}, nil},
		{"a pool that accepts now and then, without a count of its own", record.LimitPool, func(l *lab) {
			idle(l)
			l.limits = map[string]float64{record.NetListenQueue: 128}
			l.also(func(s state) map[string]float64 { return map[string]float64{record.NetListenQueue: 3 * s.full} })
			l.hostAdds = func(state) map[string]float64 { return map[string]float64{record.NetListenOverflows: 60} }
		}, nil},
		{"a rate limit", record.LimitAdmission, func(l *lab) { idle(l); l.refuses = true }, nil},
		{"a pool", record.LimitPool, func(l *lab) { idle(l) }, func(l *lab, b record.Bottleneck) error {
			if math.Abs(b.Slots/l.slots-1) > 0.1 {
				return fmt.Errorf("%v slots, want %v", b.Slots, l.slots)
			}
			return nil
		}},
		{"a pool with a queue that refuses", record.LimitPool, func(l *lab) {
			idle(l)
			l.refuses, l.queue = true, 4*l.slots
		}, nil},
		{"a pool beside a noisy neighbour", record.LimitPool, func(l *lab) {
			idle(l)
			l.hostAdds = func(state) map[string]float64 {
				return map[string]float64{record.CPUCores: 4, record.CPUPressure: 0.6, record.RunQueue: 9, record.IOPressureSome: 0.7, record.DiskBusy: 0.9, record.NetListenOverflows: 3}
			}
		}, nil},
		{"a lock", record.LimitLock, func(l *lab) { idle(l); l.slots = 1 }, nil},
		{"a lock on a machine that others fill", record.LimitLock, func(l *lab) {
			idle(l)
			l.slots, l.falls = 1, 0.08 // what is left of the machine came and went
			l.hostAdds = func(state) map[string]float64 {
				return map[string]float64{record.CPUCores: 4, record.CPUPressure: 0.7, record.RunQueue: 12}
			}
			l.also(func(s state) map[string]float64 { return map[string]float64{record.CPUCores: 0.05 * s.full} })
		}, nil},
		{"contention", record.LimitCoherency, func(l *lab) { idle(l); l.falls = 0.3 }, nil},
		{"another service", record.LimitDownstream, func(l *lab) {
			idle(l)
			l.also(func(s state) map[string]float64 { return map[string]float64{record.ConnectionsOut: min(s.n, l.slots)} })
		}, ofTheService},
		{"the generator", record.LimitGenerator, func(l *lab) {
			idle(l)
			l.own = func(s state) map[string]float64 { return map[string]float64{record.CPUCores: 3.7 * s.full} }
			l.hostAdds = func(s state) map[string]float64 {
				return map[string]float64{record.CPUCores: 4 * s.full, record.CPUPressure: s.full, record.RunQueue: 12 * s.full}
			}
		}, nil},
	}
}

func TestEachFaultIsNamedRightInNearlyAllRunsAndHardlyEverWrong(t *testing.T) {
	runs := *times
	if runs == usualTimes && !testmode.Full() {
		runs = 5
	}
	missing := max(1, runs/20)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			right, wrong := 0, 0
			others := map[string]int{}
			for seed := range runs {
				l := newLab(uint64(seed))
				f.build(l)
				b := bottleneck.Attribute(l.size())
				switch b.Name {
				case f.want:
					right++
					if f.check != nil {
						if err := f.check(l, b); err != nil {
							t.Errorf("seed %d: %v", seed, err)
						}
					}
					if len(b.Evidence) < 2 || b.Confidence < 0.3 || b.Confidence > 1 {
						t.Errorf("seed %d: a bare label: %+v", seed, b)
					}
				case record.LimitUnsure:
					others["unsure: "+b.RunnerUp]++
				default:
					wrong++
					others[b.Name+" of "+b.Source]++
				}
			}
			t.Logf("| %s | %s | %d | %d | %d |", f.name, f.want, right, runs-right-wrong, wrong)
			if right < runs-missing || wrong*100 > 2*runs {
				t.Errorf("right %d, wrong %d of %d; others %v", right, wrong, runs, others)
			}
		})
	}
}

func TestTwoLimitsAtOnceAreNotOneForSure(t *testing.T) {
	for seed := range 50 {
		l := newLab(uint64(seed))
		quota(l)
		l.also(func(s state) map[string]float64 { return map[string]float64{record.DiskBlocked: 0.9 * s.full} })
		l.hostAdds = func(s state) map[string]float64 { return map[string]float64{record.IOPressureSome: 0.97 * s.full} }
		b := bottleneck.Attribute(l.size())
		if b.Name != record.LimitUnsure || !strings.Contains(b.RunnerUp, "cpu of "+web) || !strings.Contains(b.RunnerUp, "disk of "+web) {
			t.Fatalf("seed %d: %s, %s", seed, b.Name, b.RunnerUp)
		}
		if !strings.HasPrefix(b.String(), "Not sure what limits it: cpu of container web or disk of") && !strings.HasPrefix(b.String(), "Not sure what limits it: disk of container web or cpu of") {
			t.Errorf("said as %q", b)
		}
	}
}
