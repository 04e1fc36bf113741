package main

import (
	"strings"
	"testing"
	"time"
)

func TestARatioIsTakenWithinARound(t *testing.T) {
	t.Parallel()
	costs := func(each ...time.Duration) (list []sample) {
		for _, d := range each {
			list = append(list, sample{count: 1000, user: d * 750, sys: d * 250, wall: time.Second, pss: 2e6})
		}
		return list
	}
	slow := table{
		workload: workload{title: "get", name: "get-64", connections: 65, base: "peer", perVU: true}, tools: []string{"ours", "peer"},
		samples: map[string][]sample{
			"ours": costs(20*time.Microsecond, 40*time.Microsecond, 33*time.Microsecond), // the machine slows down in the second round
			"peer": costs(10*time.Microsecond, 20*time.Microsecond, 15*time.Microsecond),
		},
		events: map[string]events{"ours": {syscalls: 2.5}},
	}
	var page strings.Builder
	slow.write(&page, map[string]float64{"ours": 1e6})
	for _, want := range []string{
		"| ours | 1000 | 33.00 | 24.75 | 8.25 | 2.00 (2.00..2.20) | 2.50 | – | 0 | 15.6 |",
		"| peer | 1000 | 15.00 | 11.25 | 3.75 | 1.00 (1.00..1.00) | – | – | 0 | – |",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no row %q in\n%s", want, page.String())
		}
	}
}

func TestWhatAToolSaysThatItDid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tool string
		what counter
		out  string
		want float64
	}{
		{"k6", byIterations, "     iteration_duration...: avg=1ms\n     iterations...........: 4711 4.7/s\n", 4711},
		{"plimsoll", byIterations, `{"iterations":{"count":12},"requests":{"count":30}}`, 12},
		{"plimsoll", byTool, "a warning\n" + `{"iterations":{"count":12},"requests":{"count":30}}`, 30},
	} {
		if got, err := told(c.tool, c.what, []byte(c.out)); err != nil || got != c.want {
			t.Errorf("%s says %v (%v) by %q, want %v", c.tool, got, err, c.out, c.want)
		}
	}
	if n, err := told("k6", byIterations, []byte("nothing")); err == nil {
		t.Errorf("%v iterations were read from nothing", n)
	}
}
