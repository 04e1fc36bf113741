package sizingtest

import (
	"math"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// Model is a service, what is asked of it, and what is to be found.
type Model struct {
	Name       string
	Objectives []sizing.Objective
	Max        float64        // ceiling of virtual users; 0: none
	Expect     record.Verdict // verdict of a right answer that is no number

	service       func() service
	mix           []scenario
	abort         bool    // an iteration ends at its first failed request
	timeout       float64 // of the client
	generatorCost float64 // CPU seconds a request; 0: it costs nothing
	spinning      bool    // no back-off after a failed iteration
	delay         float64 // a user's pause between iterations
	truth         func() Truth
}

type scenario struct {
	weight float64
	steps  []step
}

// step is one request: its service demand as a multiple, and the pause after it.
type step struct{ cost, think float64 }

// Tolerance is the share of failed iterations that all models are sized with.
const Tolerance = .05

const clientTimeout = 10

func model(name string, s func() service, truth func(*Model) Truth) *Model {
	m := &Model{Name: name, service: s, timeout: clientTimeout, mix: same(1, 0)}
	if truth != nil {
		m.truth = sync.OnceValue(func() Truth { return truth(m) })
	}
	return m
}

// same is a mix of one scenario of n equal requests.
func same(n int, think float64) []scenario {
	s := scenario{weight: 1}
	for range n {
		s.steps = append(s.steps, step{1, think})
	}
	return []scenario{s}
}

// three is a mix of a long chain of cheap requests, a plain request and a slow one of dear ones.
func three() []scenario {
	return []scenario{
		{2, []step{{.5, 0}, {.5, 0}, {.5, 0}, {.5, 0}, {.5, 0}, {.5, 0}}},
		{7, []step{{1, 0}}},
		{1, []step{{5, .1}, {5, .1}, {2, 0}}},
	}
}

func (m *Model) with(mix []scenario) *Model { m.mix = mix; return m }

func (m *Model) objective(share float64, limit time.Duration) *Model {
	m.Objectives = []sizing.Objective{{Share: share, Limit: limit}}
	return m
}

func (m *Model) expect(verdict record.Verdict) *Model { m.Expect = verdict; return m }

// queue makes a service of c servers, a queue of k places (-1: no end) and a mean service time.
func queue(c, k int, mean float64) func() service {
	return func() service { return &slots{servers: c, places: k, mean: mean} }
}

func limiter(rate, latency float64) func() service {
	return func() service { return newBucket(rate, latency) }
}

func failing(share float64, b *burst, inner func() service) func() service {
	return func() service {
		f := &flaky{service: inner(), share: share}
		if b != nil {
			mine := *b
			f.burst = &mine
		}
		return f
	}
}

// usl is the Universal Scalability Law's goodput.
func usl(gamma, sigma, kappa float64) func(float64) float64 {
	return func(n float64) float64 { return gamma * n / (1 + sigma*(n-1) + kappa*n*(n-1)) }
}

// Kinto with its memory back end does 230/s at one user and 125/s at 64: two
// curves through these points, a smooth decay and a fast one to a floor.
func kintoRate(n float64) float64      { return 230 / (1 + .01333*(n-1)) }
func kintoFloorRate(n float64) float64 { return 125 + 105*math.Exp(-(n-1)/6) }

// aloneRate is that of Kinto's reads, on a faster core: only a user who is alone gets more.
func aloneRate(n float64) float64 { return 520 + 180*math.Exp(-(n-1)/.8) }

// Rejecting are stationary services that turn requests away above their limit.
func Rejecting() []*Model {
	return []*Model{
		model("bucket", limiter(1000, .005), rejects(1000)),
		model("mdcK", func() service { return &slots{servers: 20, places: 200, mean: .02, spread: fixed} }, rejects(1000)),
		model("mmcK", queue(20, 200, .02), erlang(20, 200, .02)),
		model("bimodal", failing(.02, nil, limiter(1000, .005)), rejects(1000)),
		model("fast20k", limiter(20000, .002), rejects(20000)),
		model("mmc-noqueue", queue(50, 0, .02), erlang(50, 0, .02)),
		model("base1", failing(.01, nil, queue(16, 64, .02)), longOpen(600, 900)),
		model("bucket300", limiter(300, .005), rejects(300)),
	}
}

// Models are all services, each with its right answer.
func Models() []*Model {
	kinto := func(rate func(float64) float64) func() service {
		return func() service { return &curve{rate: rate} }
	}
	ms := append(Rejecting(),
		model("bursty-err", failing(0, &burst{good: 1.9, bad: .1, share: .4}, limiter(1000, .005)), rejects(1000)),
		model("gc-pause", func() service {
			return &slots{servers: 20, places: 200, mean: .02, spread: fixed, every: 4, pause: .3}
		}, longOpen(880, 1040)),
		model("slow50", queue(4, 40, .08), erlang(4, 40, .08)),
		model("warm-up", func() service {
			return &slots{servers: 20, places: 200, mean: .02, coldness: 1.5, warm: 8000}
		}, erlang(20, 200, .02)),
		model("cold", func() service {
			return &slots{servers: 20, places: -1, mean: .02, coldness: 30, warm: 8}
		}, carries(1000)),
		model("autoscale", func() service {
			return &slots{servers: 8, places: 80, mean: .02, replicas: &autoscaler{most: 3}}
		}, erlang(24, 240, .02)),
		model("mmc-slo", queue(20, -1, .02), tail(20, .02)).objective(.95, 100*time.Millisecond),
		model("mmc-noerr", queue(20, -1, .02), carries(1000)),
		model("usl-retro", func() service {
			return &curve{rate: usl(50, .02, .0002), places: 300}
		}, survivesObjective(920, 970)).objective(.95, 250*time.Millisecond),
		model("limiter400", limiter(400, .001), rejects(400)),
		model("kinto", kinto(kintoRate), survives(kintoRate)),
		model("kinto-floor", kinto(kintoFloorRate), survives(kintoFloorRate)),
		model("alone", func() service { return &curve{rate: aloneRate, cold: 1500} }, survives(aloneRate)),
		model("timeout", queue(4, -1, .4), carries(10)),
		model("multi5", queue(20, 200, .02), longOpen(180, 230)).with(same(5, 0)),
		model("multi5abort", queue(20, 200, .02), longOpen(180, 230)).with(same(5, 0)).aborting(),
		model("think0.1", queue(20, 200, .02), longOpen(180, 230)).with(same(5, .1)),
		model("think1", queue(20, 200, .02), longOpen(180, 230)).with(same(5, 1)),
		model("think1-noerr", queue(20, -1, .02), carries(200)).with(same(5, 1)),
		model("mix3", queue(20, 200, .02), longOpen(350, 450)).with(three()),
		model("mix3-noerr", queue(20, -1, .02), carries(400)).with(three()),
		model("iter12", queue(20, 200, .02), longOpen(300, 380)).with(same(3, 4)),
		model("deep1", queue(1, 2000, .002), erlang(1, 2000, .002)),
		model("lognormal64", func() service {
			return &slots{servers: 64, places: 500, mean: .05, spread: lognormal}
		}, rejects(1280)),
		model("p99", queue(32, -1, .01), tail(32, .01)).objective(.99, 60*time.Millisecond),
		model("delay1", queue(20, 200, .02), erlang(20, 200, .02)).pausing(1),
		model("fixed100", func() service { return &slots{servers: 100, places: 300, mean: .2, spread: fixed} }, rejects(500)),
	)
	ms = append(ms, Wandering()...)
	return append(ms, verdicts()...)
}

// Wandering are services whose speed moves while they are measured, as that of
// a core shared with others does: there is no single right answer, but a range.
func Wandering() []*Model {
	return []*Model{
		model("wander", func() service {
			return &slots{servers: 20, places: -1, mean: .02, speed: &speed{swing: .15, span: 20}}
		}, nil).expect(record.VerdictFound),
		model("wander200", func() service {
			return &slots{servers: 4, places: -1, mean: .02, spread: fixed, speed: &speed{swing: .15, span: 20}}
		}, nil).expect(record.VerdictFound),
		model("wander-kinto", func() service {
			return &curve{rate: kintoRate, speed: &speed{swing: .15, span: 20}}
		}, nil).expect(record.VerdictFound),
	}
}

// Thrashing is a service that outgrows its memory while it is sized: at first it
// carries a rate, and from so many requests on hundreds of times less.
func Thrashing(rate float64, after int) *Model {
	const servers = 4
	return model("thrashing", func() service {
		return &thrashing{slots: slots{servers: servers, places: -1, mean: servers / rate}, after: after, slow: 6}
	}, nil).expect(record.VerdictBudget)
}

// Slowing is a service that gets slower with what it stores: Kinto's memory back end, on a fast core.
func Slowing() *Model {
	return model("slowing", func() service {
		return &curve{rate: func(float64) float64 { return 200 }, grows: 4500}
	}, nil).expect(record.VerdictFound)
}

// pausing lets users of the closed load wait between iterations, as a scenario's delay does.
func (m *Model) pausing(seconds float64) *Model { m.delay = seconds; return m }

func (m *Model) aborting() *Model { m.abort = true; return m }

// verdicts are services for which no number is right.
func verdicts() []*Model {
	max500 := model("think1-max500", queue(20, 200, .02), nil).with(same(5, 1)).expect(record.VerdictMax)
	max500.Max = 500
	weak := model("genlimit", limiter(20000, .002), nil).expect(record.VerdictGenerator)
	weak.generatorCost = .0002
	slow := model("slow12", queue(4, -1, 12), nil).expect(record.VerdictBudget)
	slow.timeout = 60
	return []*Model{
		model("leak", func() service {
			return &crashing{service: queue(20, 200, .02)(), after: 20000, down: 8}
		}, nil).expect(record.VerdictUnstable),
		model("dies", func() service {
			return &crashing{service: queue(20, 200, .02)(), after: 20000, down: math.Inf(1)}
		}, nil).expect(record.VerdictUnstable),
		model("base10", failing(.10, nil, limiter(1000, .005)), nil).expect(record.VerdictBaseline),
		model("broken", failing(1, nil, queue(20, 200, .02)), nil).expect(record.VerdictDead),
		max500, weak, slow,
	}
}

// Named returns the model of that name, nil if there is none.
func Named(name string) *Model {
	for _, m := range Models() {
		if m.Name == name {
			return m
		}
	}
	return nil
}
