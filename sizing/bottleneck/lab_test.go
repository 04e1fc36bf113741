package bottleneck_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

const web, host = "container web", "host"

// unknown is a value that the source does not have.
const unknown = -1

// lab is a service that obeys the utilisation law, sized as the controller
// does it, with all that would have been seen of it.
type lab struct {
	*rand.Rand
	capacity float64
	slots    float64
	noise    float64 // relative, of every reading
	cores    float64 // limit of the service
	hostSize float64

	refuses  bool    // beyond capacity it answers 429 at once
	queue    float64 // places to wait in before it refuses
	falls    float64 // share of goodput lost at four times the users, in all
	bytes    float64 // of one answer
	values   func(p state) map[string]float64
	limits   map[string]float64
	hostAdds func(p state) map[string]float64
	own      func(p state) map[string]float64 // of the generator

	in  bottleneck.Input
	now float64
}

// state is a load that is held.
type state struct {
	x, n  float64 // goodput, under way
	full  float64 // x as a share of the capacity
	level float64
	over  bool // more is asked than is carried
}

func newLab(seed uint64) *lab {
	r := rand.New(rand.NewPCG(seed, 99))
	l := &lab{Rand: r, noise: 0.03, hostSize: 4, cores: 4, bytes: 500 + 5000*r.Float64()}
	l.capacity = 60 * math.Pow(30, r.Float64())
	l.slots = 4 + math.Floor(20*r.Float64())
	return l
}

func (l *lab) jitter(v float64) float64 { return v * (1 + l.noise*l.NormFloat64()) }

// users holds n virtual users.
func (l *lab) users(n, length float64) {
	r0 := l.slots / l.capacity
	asked := n / r0 / l.capacity // 1: just as much as it carries
	x := l.capacity * asked / math.Pow(1+math.Pow(asked, 6), 1.0/6)
	share, mean := 0.0, n/x
	if l.refuses && asked > 1 {
		x, share, mean = l.capacity, max(0, 1-(1+l.queue/l.slots)/asked), min(r0*asked, (l.slots+l.queue)/l.capacity)
	}
	if l.falls > 0 && asked > 1 {
		x *= 1 - l.falls*min(math.Log2(asked)/2, 1.3)
		mean = n / x
	}
	l.hold(record.Hold{Control: "vus", Level: n, Phase: "ramp", LengthS: length, Goodput: x, Work: x, Share: share, MeanS: mean, InFlight: n}, asked > 1.2)
}

// arrivals holds a rate.
func (l *lab) arrivals(rate, length float64) {
	r0 := l.slots / l.capacity
	rho := rate / l.capacity
	h := record.Hold{Control: "rate", Level: rate, Phase: "refine", LengthS: length, Goodput: min(rate, l.capacity), MeanS: r0 * (1 + math.Pow(rho, 8))}
	switch {
	case rho > 1 && l.refuses:
		h.Share, h.MeanS = 1-1/rho, (l.slots+l.queue)/l.capacity
	case rho > 1:
		h.Cause = "backlog"
		h.MeanS = r0 * (2 + 10*(rho-1)*length)
	}
	h.Work, h.InFlight = h.Goodput, h.Goodput*h.MeanS
	l.hold(h, rho > 1)
}

// hold writes the rows of one hold.
func (l *lab) hold(h record.Hold, over bool) {
	n := h.Goodput * h.LengthS
	h.SE = 1 / math.Sqrt(n)
	h.Goodput *= 1 + 0.5*h.SE*l.NormFloat64()
	h.Work = h.Goodput
	h.N, h.StartS, h.SettleS = len(l.in.Holds)+1, l.now+0.5, 0.5
	h.OK = uint64(h.Goodput * h.LengthS)
	h.Failed = uint64(float64(h.OK) * h.Share / (1 - h.Share))
	h.Verdict = "pass"
	if h.Share > 0.05 || h.Cause != "" {
		h.Verdict = "fail"
	}
	l.in.Holds = append(l.in.Holds, h)
	s := state{x: h.Goodput, n: h.InFlight, full: h.Goodput / l.capacity, level: h.Level, over: over}
	for end := l.now + h.SettleS + h.LengthS; l.now < end; l.now += 0.25 {
		l.rows(s)
		l.window(h)
	}
}

func (l *lab) rows(s state) {
	values := map[string]float64{
		record.CPUCores: 0.02 + 0.25*l.cores*s.full, record.MemoryBytes: 120e6, record.CPUBusiestThread: 0.1 + 0.2*s.full,
		record.CPUWaiting: 0.02, record.DiskBlocked: 0, record.ConnectionsOut: 0, record.Threads: 20, record.Descriptors: 20 + s.n,
		record.NetListenQueue: 0, record.NetSendQueueBytes: 0, record.CPUThrottled: 0,
	}
	limits := map[string]float64{record.CPUCores: l.cores, record.MemoryBytes: 512e6, record.CPUBusiestThread: 1, record.Descriptors: 65536}
	for name, v := range l.limits {
		limits[name] = v
	}
	if l.values != nil {
		for name, v := range l.values(s) {
			values[name] = v
		}
	}
	for name := range values {
		if values[name] == unknown {
			delete(values, name)
			continue
		}
		values[name] = max(l.jitter(values[name]), 0)
	}
	for _, share := range []string{record.CPUThrottled, record.IOPressureSome, record.CPUPressure, record.CPUBusiestThread} {
		if v, ok := values[share]; ok {
			values[share] = min(v, 1)
		}
	}
	own := map[string]float64{record.CPUCores: 0.05 + 0.2*s.full, record.SchedWaitS: 1e-4}
	if l.own != nil {
		for name, v := range l.own(s) {
			own[name] = v
		}
	}
	machine := map[string]float64{
		record.CPUCores: values[record.CPUCores] + own[record.CPUCores] + 0.1, record.DiskBusy: 0.01, record.IOPressureSome: 0.005,
		record.RunQueue: 1, record.CPUPressure: 0.02, record.NetListenOverflows: 0, record.NetOutBytes: s.x * l.bytes, record.MemoryBytes: 2e9,
	}
	if l.hostAdds != nil {
		for name, v := range l.hostAdds(s) {
			machine[name] = v
		}
	}
	machine[record.CPUCores] = min(machine[record.CPUCores], l.hostSize)
	at := l.now + 0.25
	l.in.Resources = append(
		l.in.Resources,
		record.Resources{AtS: at, Source: web, Values: values, Limits: limits},
		record.Resources{AtS: at, Source: host, Values: machine, Limits: map[string]float64{record.CPUCores: l.hostSize, record.DiskBusy: 1, record.NetOutBytes: 1.25e9, record.MemoryBytes: 16e9}},
		record.Resources{AtS: at, Source: "generator", Values: own, Limits: map[string]float64{record.CPUCores: l.hostSize}},
	)
}

func (l *lab) window(h record.Hold) {
	w := record.Window{StartS: l.now, LengthS: 0.25, VUs: int(h.Level), InFlight: int(h.InFlight)}
	s := metric.ScenarioWindow{OK: uint64(h.Goodput/4 + l.Float64()), Failed: uint64(h.Goodput/4*h.Share/(1-h.Share) + l.Float64()*min(h.Share*100, 1))}
	s.Duration.Add(time.Duration(h.MeanS * 1e9))
	for range s.Failed {
		s.FailedDuration.Add(time.Duration(h.MeanS * 0.1e9))
	}
	e := metric.EndpointWindow{OK: s.OK, Failed: s.Failed, BytesIn: uint64(float64(s.OK) * l.bytes), Status: []metric.StatusCount{{Status: 200, Count: s.OK}}}
	if l.refuses && s.Failed > 0 {
		e.Status = append(e.Status, metric.StatusCount{Status: 429, Count: s.Failed})
	}
	w.Scenarios, w.Endpoints = []record.ScenarioCounts{{ScenarioWindow: s}}, []record.EndpointCounts{{EndpointWindow: e}}
	l.in.Windows = append(l.in.Windows, w)
}

// size goes through the loads that a sizing goes through.
func (l *lab) size() bottleneck.Input {
	for n := 1.0; ; n *= 2 {
		l.users(n, min(max(3, 600/l.capacity), 12))
		if n >= 1.9*l.slots && ((n >= 16*l.slots && n >= 64) || 2*n/l.capacity > 2 || (l.refuses && n >= 1.9*(l.slots+l.queue))) {
			break
		}
	}
	l.arrivals(l.capacity/2, 3)
	l.arrivals(0.985*l.capacity, 12)
	l.arrivals(1.02*l.capacity, 6)
	return l.in
}
