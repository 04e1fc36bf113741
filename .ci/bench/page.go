package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// page writes all tables as Markdown.
func (b *bench) page(to io.Writer) error {
	w := bufio.NewWriter(to)
	place := "shared by the tool and nginx"
	if b.pin {
		place = "the tool on one, nginx on the other"
	}
	fmt.Fprintf(w, `# What a request costs, beside other load generators

Made by `+"`make bench-peers`"+`: %d rounds of %v each, all tools of a table in turn, one process each, against one nginx with one
worker on loopback that gives a small answer. plimsoll and k6 run the same script; the others run none. Requests are
nginx's own count; CPU is user and system time of the whole process, its start included, as the kernel charged it.
Ratios are taken within a round: median, then the lowest and the highest of all rounds. Syscalls and instructions are
counted by perf in one more run of two seconds; – is what this machine cannot count.

Machine: %d cores, %s; %s; %s %s/%s; load average before: %s (the nearer to 0, the better the figures).
Peers: bombardier %s, vegeta %s, k6 %s, wrk as Debian has it.
`, b.rounds, b.length, runtime.NumCPU(), place, processor(), runtime.Version(), runtime.GOOS, runtime.GOARCH, b.began,
		bombardierVersion, vegetaVersion, k6Version)
	for i := range b.tables {
		b.tables[i].write(w, b.alone())
	}
	return w.Flush()
}

// alone is each tool's memory with one connection: what it takes without its users.
func (b *bench) alone() map[string]float64 {
	memory := map[string]float64{}
	for _, t := range b.tables {
		for tool, samples := range t.samples {
			if t.name == "get-1" {
				memory[tool] = median(of(samples, func(s sample) float64 { return s.pss }))
			}
		}
	}
	return memory
}

func (t *table) write(w io.Writer, alone map[string]float64) {
	unit := "request"
	if t.count == byIterations {
		unit = "iteration"
	}
	fmt.Fprintf(w, "\n## %s%s\n\n", strings.ToUpper(t.title[:1]), t.title[1:])
	fmt.Fprintf(w, "| tool | %ss/s | CPU each, µs | user | system | against %s | syscalls | instructions | peak RSS, MB | a VU, KB |\n", unit, t.base)
	fmt.Fprintln(w, "|---"+strings.Repeat("|---", 9)+"|")
	for _, tool := range t.tools {
		s := t.samples[tool]
		fmt.Fprintf(w, "| %s | %.0f | %.2f | %.2f | %.2f | %s | %s | %s | %.0f | %s |\n", tool,
			median(of(s, func(s sample) float64 { return s.count / s.wall.Seconds() })),
			median(of(s, sample.cpu)),
			median(of(s, func(s sample) float64 { return s.user.Seconds() / s.count * 1e6 })),
			median(of(s, func(s sample) float64 { return s.sys.Seconds() / s.count * 1e6 })),
			t.ratio(tool),
			counted("%.2f", t.events[tool].syscalls), counted("%.0f", t.events[tool].instructions),
			median(of(s, func(s sample) float64 { return s.peakRSS }))/1e6,
			t.eachVU(tool, alone))
	}
}

// ratio is a tool's CPU against the base's, within each round.
func (t *table) ratio(tool string) string {
	var ratios []float64
	for i, s := range t.samples[tool] {
		if base := t.samples[t.base]; i < len(base) {
			ratios = append(ratios, s.cpu()/base[i].cpu())
		}
	}
	if len(ratios) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f..%.2f)", median(ratios), slices.Min(ratios), slices.Max(ratios))
}

// eachVU is the memory that a virtual user with its connection takes.
func (t *table) eachVU(tool string, alone map[string]float64) string {
	pss := median(of(t.samples[tool], func(s sample) float64 { return s.pss }))
	if !t.perVU || pss == 0 || alone[tool] == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", (pss-alone[tool])/float64(t.connections-1)/1000)
}

func counted(format string, n float64) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf(format, n)
}

func of(samples []sample, value func(sample) float64) []float64 {
	list := make([]float64, len(samples))
	for i, s := range samples {
		list[i] = value(s)
	}
	return list
}

// median of a list; of an even number, the mean of the middle two. 0 when empty.
func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	switch n := len(sorted); {
	case n == 0:
		return 0
	case n%2 == 1:
		return sorted[n/2]
	default:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
}

// processor is the name that the kernel gives it.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "processor unknown"
}
