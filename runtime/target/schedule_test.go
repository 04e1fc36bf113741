package target

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// offered sends Poisson arrivals for a time and returns how they went, and how many were done by its end.
func offered(s *schedule, rate float64, length time.Duration) (sum Counts, done int) {
	rng := rand.New(rand.NewPCG(1, 2))
	for at := time.Duration(0); at < length; at += seconds(rng.ExpFloat64() / rate) {
		sum.Requests++
		end, how := s.arrive(at)
		answered(&sum, how, true)
		if how == served && end <= length {
			done++
		}
	}
	return sum, done
}

func TestEachModelCarriesItsCapacity(t *testing.T) {
	t.Parallel()
	for _, m := range Models() {
		if m.Name == "retrograde" {
			continue // carries less under more load: see below
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			c, err := ParseModel(m.Name + ":400")
			if err != nil {
				t.Fatal(err)
			}
			// Ten minutes at 1.5 times the capacity, and after that at half of it.
			s := newSchedule(c)
			if c.Warmup > 0 {
				s.requests = 100 * c.WarmupRequests // warm
			}
			length := 10 * time.Minute
			sum, done := offered(s, 600, length)
			if got := float64(done) / length.Seconds(); math.Abs(got/400-1) > 0.01 {
				t.Errorf("carries %.1f/s, want 400", got)
			}
			if rejects := c.Kind == Bucket || c.Queue != Endless; (sum.Rejected > 0) != rejects {
				t.Errorf("rejected %d of %d, want some: %v", sum.Rejected, sum.Requests, rejects)
			}
			if want := c.Errors * float64(sum.Requests); math.Abs(float64(sum.Failed)-want) > 0.1*want {
				t.Errorf("failed %d of %d, want about %.0f", sum.Failed, sum.Requests, want)
			}
			sum, done = offered(newSchedule(c), 200, length)
			if got, want := float64(done), float64(sum.Requests-sum.Failed); c.Warmup == 0 && got < 0.998*want {
				t.Errorf("at half its capacity it carries %.0f of %.0f", got, want)
			}
		})
	}
}

func TestAServerServesOneAtATimeInOrder(t *testing.T) {
	t.Parallel()
	s := newSchedule(Config{Kind: Slots, Capacity: 100, Servers: 2, Queue: 1})
	ms := time.Millisecond
	for i, want := range []struct {
		at, done time.Duration
		how      outcome
	}{
		{0, 20 * ms, served},
		{5 * ms, 25 * ms, served},
		{6 * ms, 40 * ms, served}, // waits for the first
		{7 * ms, 7 * ms, rejected},
		{20 * ms, 45 * ms, served},
		{21 * ms, 21 * ms, rejected},
		{100 * ms, 120 * ms, served},
	} {
		done, how := s.arrive(want.at)
		if done != want.done || how != want.how {
			t.Errorf("request %d at %v: done %v, outcome %d; want %v, %d", i, want.at, done, how, want.done, want.how)
		}
	}
}

func TestABucketSavesItsBurst(t *testing.T) {
	t.Parallel()
	s := newSchedule(Config{Kind: Bucket, Capacity: 100, Burst: 100 * time.Millisecond})
	taken := 0
	for range 20 {
		if _, how := s.arrive(time.Hour); how == served {
			taken++
		}
	}
	if taken != 10 {
		t.Errorf("took %d at once after a long rest, want 10", taken)
	}
}

func TestAStallServesNothing(t *testing.T) {
	t.Parallel()
	c := Config{Kind: Slots, Capacity: 100, Servers: 4, Queue: Endless, Stall: 300 * time.Millisecond, StallEvery: 4 * time.Second}
	s := newSchedule(c)
	for at := time.Duration(0); at < 20*time.Second; at += 7 * time.Millisecond {
		done, _ := s.arrive(at)
		if into := done % c.StallEvery; into > c.StallEvery-c.Stall {
			t.Fatalf("a request at %v is done at %v, which lies in a stall", at, done)
		}
	}
}

func TestAWarmupFades(t *testing.T) {
	t.Parallel()
	s := newSchedule(Config{Kind: Slots, Capacity: 10, Servers: 1, Queue: Endless, Warmup: 1.5, WarmupRequests: 100})
	first, _ := s.arrive(0)
	if first != 250*time.Millisecond {
		t.Errorf("the first took %v, want 250ms", first)
	}
	var at, done time.Duration
	for range 1000 {
		at = max(at, done)
		done, _ = s.arrive(at)
	}
	if took := done - at; took > 101*time.Millisecond {
		t.Errorf("the thousandth took %v, want 100ms", took)
	}
}

// closed loads a gate with users back to back, in virtual time, and returns what it served per second.
func closed(t *testing.T, model string, users int, length time.Duration) (rate float64) {
	t.Helper()
	c, err := ParseModel(model)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		g := newGate(c, t.Context().Done())
		var loops sync.WaitGroup
		for range users {
			loops.Go(func() {
				for time.Since(g.begin) < length {
					if how, _ := g.pass(); how == rejected {
						g.wait(50 * time.Millisecond) // the user's back-off
					}
				}
			})
		}
		loops.Wait()
		sum, each := g.counts()
		var added Counts
		for i, s := range each {
			if i > 0 && each[i-1].At >= s.At {
				t.Errorf("second %d follows second %d", s.At, each[i-1].At)
			}
			added.Requests += s.Requests
			added.OK += s.OK
			added.Rejected += s.Rejected
			added.Failed += s.Failed
			added.Dropped += s.Dropped
		}
		if added != sum || sum.Requests != sum.OK+sum.Rejected+sum.Failed {
			t.Errorf("counts do not add up: %+v, by second %+v", sum, added)
		}
		rate = float64(sum.OK) / time.Since(g.begin).Seconds()
	})
	return rate
}

func TestUsersBackToBackReachTheCapacity(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		model string
		users int
		want  float64
	}{
		{"rejects:300", 1, 300.0 / 8},
		{"rejects:300", 8, 300},
		{"rejects:300", 24, 300},
		{"rejects:300", 100, 300},
		{"queues:150,servers=4", 2, 75},
		{"queues:150,servers=4", 64, 150},
		{"lock:400", 64, 400},
		{"bucket:200", 64, 200},
		{"retrograde:250,peak=16", 16, 250},
		{"retrograde:250,peak=1,sigma=0", 1, 250},
	} {
		got := closed(t, row.model, row.users, 20*time.Second)
		if math.Abs(got/row.want-1) > 0.02 {
			t.Errorf("%s with %d users carries %.1f/s, want %.1f", row.model, row.users, got, row.want)
		}
	}
}

func TestARetrogradeServiceFallsBeyondItsPeak(t *testing.T) {
	t.Parallel()
	at := map[int]float64{}
	for _, users := range []int{4, 16, 64} {
		at[users] = closed(t, "retrograde:250", users, 20*time.Second)
	}
	if at[4] > 0.9*at[16] || at[64] > 0.8*at[16] {
		t.Errorf("carries %.0f, %.0f and %.0f/s with 4, 16 and 64 users; want a peak at 16", at[4], at[16], at[64])
	}
}

func TestParseModelRefusesTheImpossible(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "rejects", "rejects:", "rejects:-1", "rejects:0", "rejects:NaN", "rejects:1e9", "unknown:300",
		"rejects:300,servers=0", "rejects:300,queue=-2", "rejects:300,speed=1", "rejects:300,servers", "rejects:300,law=odd",
		"rejects:300,reject=200", "rejects:300,errors=120%", "rejects:300,errors=NaN", "rejects:300,stall=4s/4s", "rejects:300,stall=1s",
		"rejects:300,latency=-1s", "rejects:300,warmup=1", "retrograde:300,peak=0", "retrograde:300,sigma=1",
	} {
		c, err := ParseModel(text)
		if err == nil {
			t.Errorf("%q is taken as %+v", text, c)
			continue
		}
		var e modelError
		if !errors.As(err, &e) || e.ExitCode() != 2 || e.Hint() == "" {
			t.Errorf("%q: error %v has no exit code 2 or no hint", text, err)
		}
	}
}

func TestParseModelTurnsEachKnob(t *testing.T) {
	t.Parallel()
	got, err := ParseModel("rejects:300.5,servers=4,queue=endless,law=exponential,reject=429,burst=1s,peak=3,sigma=.1," +
		"latency=5ms,errors=2%,stall=300ms/4s,warmup=1.5/4000,seed=7")
	want := Config{
		Model: "rejects", Kind: Slots, Capacity: 300.5, Reject: 429, Servers: 4, Law: Exponential, Queue: Endless, Burst: time.Second,
		Peak: 3, Sigma: .1, Latency: 5 * time.Millisecond, Errors: 0.02, Stall: 300 * time.Millisecond, StallEvery: 4 * time.Second,
		Warmup: 1.5, WarmupRequests: 4000, Seed: 7,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestRandomDrawsBothModelsInItsRange(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	drawn := map[string]int{}
	for range 1000 {
		c := Random(rng)
		drawn[c.Model]++
		if c.Capacity < 800 || c.Capacity > 1600 || c.Servers < 4 || c.Servers > 10 {
			t.Fatalf("drew %+v", c)
		}
	}
	if len(drawn) != 2 || drawn["rejects"] < 400 || drawn["queues"] < 400 {
		t.Errorf("drew %v, want rejects and queues about equally often", drawn)
	}
}
