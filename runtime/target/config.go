package target

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Kind is what limits a service.
type Kind int

// The kinds.
const (
	Unlimited  Kind = iota // answers at once
	Bucket                 // a token bucket: more than the capacity is rejected
	Slots                  // servers with a queue before them
	Retrograde             // slower with each more in the service (USL): beyond the peak it carries less
)

// Law is how service times are spread.
type Law int

// The laws.
const (
	Fixed Law = iota
	Exponential
)

// Endless is a queue that never rejects.
const Endless = -1

// Config is one service. The zero value answers everything at once.
type Config struct {
	Model string // the name it started from; the target tells it to whoever asks

	Kind Kind
	// Capacity is what the service carries for ever, in requests per second,
	// stalls included and base failures not (they cost it nothing). A warm-up
	// is over after a while: Capacity is what follows it.
	Capacity float64
	Reject   int // HTTP status of a rejection: 503 or 429

	Servers int // Slots: served at once; a request's mean service time is Servers/Capacity
	Law     Law // Slots
	Queue   int // Slots: places to wait in; Retrograde: places in the service; or Endless

	Burst time.Duration // Bucket: how long it saves up capacity while idle

	Peak  int     // Retrograde: how many in the service give Capacity, the most it ever carries
	Sigma float64 // Retrograde: contention, from 0 to below 1

	Latency        time.Duration // added to each answer, without keeping a server busy
	Errors         float64       // share that fails with 500 whatever the load
	Stall          time.Duration // how long nothing is served at the end of each StallEvery
	StallEvery     time.Duration
	Warmup         float64 // the first request takes 1+Warmup times its time; fades over WarmupRequests
	WarmupRequests float64
	Seed           uint64
}

// Model is a named service to start from.
type Model struct {
	Name string
	Doc  string // one line
	make func(*Config)
}

// Models lists the named services.
func Models() []Model {
	slots := func(servers, queue int, law Law) func(*Config) {
		return func(c *Config) { c.Kind, c.Servers, c.Queue, c.Law = Slots, servers, queue, law }
	}
	return []Model{
		{"rejects", "8 servers, 64 places to wait in, then 503", slots(8, 64, Fixed)},
		{"queues", "8 servers and an endless queue: never an error, ever longer waits", slots(8, Endless, Fixed)},
		{"exponential", "as rejects, with exponential service times", slots(8, 16, Exponential)},
		{"objective", "as queues, with exponential service times: size it by a latency objective", slots(8, Endless, Exponential)},
		{"lock", "one lock: one server, an endless queue, 10 ms beside it", func(c *Config) {
			slots(1, Endless, Fixed)(c)
			c.Latency = 10 * time.Millisecond
		}},
		{"bucket", "a token bucket: 429 above its rate, 20 ms an answer", func(c *Config) {
			c.Kind, c.Reject, c.Burst, c.Latency = Bucket, 429, 100*time.Millisecond, 20*time.Millisecond
		}},
		{"retrograde", "fastest with 16 requests inside, slower with each more; 300 places", func(c *Config) {
			c.Kind, c.Peak, c.Sigma, c.Queue = Retrograde, 16, 0.02, 300
		}},
		{"flaky", "as rejects, and 2 % fail whatever the load", func(c *Config) {
			slots(8, 16, Fixed)(c)
			c.Errors = 0.02
		}},
		{"stalls", "as rejects with 200 places, and stands still for 300 ms every 4 s", func(c *Config) {
			slots(8, 200, Fixed)(c)
			c.Stall, c.StallEvery = 300*time.Millisecond, 4*time.Second
		}},
		{"warmup", "as rejects, 2.5 times slower at first; half of that is gone after 2,800 requests", func(c *Config) {
			slots(8, 16, Fixed)(c)
			c.Warmup, c.WarmupRequests = 1.5, 4000
		}},
	}
}

// ParseModel reads a service: a model's name, its capacity in requests per
// second and, where wanted, knobs: "rejects:300", "queues:250,servers=4".
func ParseModel(text string) (Config, error) {
	head, knobs, _ := strings.Cut(text, ",")
	name, capacity, found := strings.Cut(head, ":")
	c := Config{Model: name, Reject: 503}
	known := false
	for _, m := range Models() {
		if m.Name == name {
			m.make(&c)
			known = true
		}
	}
	if !known {
		return c, modelError{text, fmt.Sprintf("no model is named %q", name)}
	}
	var err error
	if c.Capacity, err = strconv.ParseFloat(capacity, 64); !found || err != nil {
		return c, modelError{text, "a capacity in requests per second must follow the model's name"}
	}
	for knob := range strings.SplitSeq(knobs, ",") {
		if knob == "" {
			continue
		}
		if err := c.turn(knob); err != nil {
			return c, modelError{text, err.Error()}
		}
	}
	if why := c.fault(); why != "" {
		return c, modelError{text, why}
	}
	return c, nil
}

// turn sets one knob, as "servers=4".
func (c *Config) turn(knob string) (err error) {
	name, value, _ := strings.Cut(knob, "=")
	switch name {
	case "servers":
		c.Servers, err = strconv.Atoi(value)
	case "queue":
		c.Queue, err = strconv.Atoi(value)
		if value == "endless" {
			c.Queue, err = Endless, nil
		}
	case "law":
		var known bool
		c.Law, known = map[string]Law{"fixed": Fixed, "exponential": Exponential}[value]
		if !known {
			err = fmt.Errorf("want fixed or exponential")
		}
	case "reject":
		c.Reject, err = strconv.Atoi(value)
	case "burst":
		c.Burst, err = time.ParseDuration(value)
	case "peak":
		c.Peak, err = strconv.Atoi(value)
	case "sigma":
		c.Sigma, err = strconv.ParseFloat(value, 64)
	case "latency":
		c.Latency, err = time.ParseDuration(value)
	case "errors":
		c.Errors, err = share(value)
	case "stall":
		c.Stall, c.StallEvery, err = stall(value)
	case "warmup":
		c.Warmup, c.WarmupRequests, err = warmup(value)
	case "seed":
		c.Seed, err = strconv.ParseUint(value, 10, 64)
	default:
		return fmt.Errorf("no knob is named %q", name)
	}
	if err != nil {
		return fmt.Errorf("knob %s: %w", knob, err)
	}
	return nil
}

// share reads "2%" or "0.02".
func share(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	return v, err
}

// stall reads "300ms/4s": how long, and how often.
func stall(text string) (length, every time.Duration, err error) {
	first, second, _ := strings.Cut(text, "/")
	if length, err = time.ParseDuration(first); err != nil {
		return 0, 0, err
	}
	every, err = time.ParseDuration(second)
	return length, every, err
}

// warmup reads "1.5/4000": how much slower at first, and over how many requests it fades.
func warmup(text string) (slower, requests float64, err error) {
	first, second, _ := strings.Cut(text, "/")
	if slower, err = strconv.ParseFloat(first, 64); err != nil {
		return 0, 0, err
	}
	requests, err = strconv.ParseFloat(second, 64)
	return slower, requests, err
}

// fault says what is impossible about a service, or nothing.
func (c *Config) fault() string {
	rejects := c.Kind == Bucket || c.Kind != Unlimited && c.Queue != Endless
	switch {
	case c.Kind != Unlimited && !(c.Capacity > 0 && c.Capacity <= 1e6):
		return "the capacity must be above 0 and at most 1000000 requests per second"
	case c.Kind == Slots && (c.Servers < 1 || c.Servers > 1e6):
		return "servers must be between 1 and 1000000"
	case c.Kind == Retrograde && (c.Peak < 1 || c.Peak > 1e6 || !(c.Sigma >= 0 && c.Sigma < 1)):
		return "peak must be between 1 and 1000000, and sigma from 0 to below 1"
	case c.Queue < Endless:
		return "queue must be 0 or more places, or endless"
	case rejects && c.Reject != 429 && c.Reject != 503:
		return "reject must be 429 or 503"
	case c.Latency < 0 || c.Burst < 0:
		return "latency and burst must not be negative"
	case !(c.Errors >= 0 && c.Errors <= 1):
		return "errors must be a share between 0 and 100%"
	case c.Stall < 0 || c.Stall > 0 && c.Stall >= c.StallEvery:
		return "a stall must be shorter than the time between stalls: stall=300ms/4s"
	case !(c.Warmup >= 0 && c.Warmup <= 1000) || c.Warmup > 0 && !(c.WarmupRequests > 0):
		return "a warm-up is a factor up to 1000 and the requests that it fades over: warmup=1.5/4000"
	}
	return ""
}

// Random draws a service for a demonstration: it rejects or it queues for
// ever, at a capacity that a small machine carries together with its load
// generator (800 to 1,600 requests per second), reached with a few users.
func Random(rng *rand.Rand) Config {
	name := "rejects"
	if rng.IntN(2) == 1 {
		name = "queues"
	}
	c, err := ParseModel(fmt.Sprintf("%s:%d,servers=%d,seed=%d", name, 800+rng.IntN(801), 4+rng.IntN(7), rng.Uint64()))
	if err != nil {
		panic("target: " + err.Error()) // each draw is a valid model
	}
	return c
}

// modelError is a service that cannot be had.
type modelError struct{ text, why string }

func (e modelError) Error() string { return fmt.Sprintf("target model %q: %s", e.text, e.why) }

// ExitCode is that of a usage error.
func (modelError) ExitCode() int { return exit.Usage }

// Hint lists what there is.
func (modelError) Hint() string {
	var names []string
	for _, m := range Models() {
		names = append(names, m.Name)
	}
	return "write MODEL:REQUESTS_PER_SECOND[,KNOB=VALUE…], as rejects:300 or queues:250,servers=4; models: " +
		strings.Join(names, ", ") + "; knobs: servers, queue, law, reject, burst, peak, sigma, latency, errors, stall, warmup, seed"
}
