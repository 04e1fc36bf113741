package monitor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// prometheus reads metrics that a service tells of itself in Prometheus' text format.
type prometheus struct {
	address string
	host    string
	wanted  []string
	http    *http.Client
	rates   rates
	began   float64 // when the service says that it began; 0: it does not
}

// standard are metrics with a name of our own: what client libraries export by default.
func standard(metric string) (name string, limit bool, ok bool) {
	switch metric {
	case "process_cpu_seconds_total":
		return record.CPUCores, false, true
	case "process_resident_memory_bytes":
		return record.MemoryBytes, false, true
	case "process_open_fds":
		return record.Descriptors, false, true
	case "process_max_fds":
		return record.Descriptors, true, true
	case "go_goroutines":
		return record.Goroutines, false, true
	case "go_memstats_heap_alloc_bytes":
		return record.HeapBytes, false, true
	case "jvm_threads_current":
		return record.Threads, false, true
	}
	return metric, false, false
}

// newPrometheus takes URL#metric+metric.
func newPrometheus(value string) (*prometheus, error) {
	u, err := url.Parse(value)
	if err != nil {
		return nil, &SpecError{"prometheus=" + value, err.Error()}
	}
	wanted := strings.Split(u.Fragment, "+")
	u.Fragment, u.RawFragment = "", ""
	return &prometheus{address: u.String(), host: u.Host, wanted: wanted, http: &http.Client{Timeout: minTimeout}}, nil
}

func (p *prometheus) Name() string { return record.KindPrometheus + " " + p.host }

func (p *prometheus) Close() error { p.http.CloseIdleConnections(); return nil }

// every spares the service: making the answer costs it more than reading it costs us.
func (p *prometheus) every() time.Duration { return time.Second }

func (p *prometheus) Read(ctx context.Context) ([]record.Resources, error) {
	r := p.rates.begin(p.Name())
	families, err := p.families(ctx)
	if err != nil {
		return nil, fmt.Errorf("metrics of %s: %w", p.host, err)
	}
	p.restarted(r, families)
	var missing []string
	for _, name := range p.wanted {
		family, ok := families[name]
		if !ok {
			missing = append(missing, name)
			continue
		}
		p.note(r, name, family)
	}
	if len(missing) > 0 && r.Note == "" {
		r.Note = "not among the metrics of " + p.host + ": " + printable(strings.Join(missing, ", "))
	}
	return []record.Resources{r.Resources}, nil
}

func (p *prometheus) families(ctx context.Context) (map[string]*dto.MetricFamily, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := p.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end or given up
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s", answer.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(io.LimitReader(answer.Body, maxAnswer))
}

// restarted sees whether another process answers than before: its counters may
// have passed those of the one before already.
func (p *prometheus) restarted(r *reading, families map[string]*dto.MetricFamily) {
	all := families["process_start_time_seconds"].GetMetric()
	if len(all) != 1 { // of several processes: theirs are not told apart
		return
	}
	began := all[0].GetGauge().GetValue() + all[0].GetUntyped().GetValue()
	if !sound(began) || began == 0 {
		return
	}
	if p.began != 0 && began != p.began {
		p.rates.forget()
		r.State, r.Note = record.StateRestarted, "the service at "+p.host+" was restarted"
	}
	p.began = began
}

// note sums a metric over its series: counters become rates, the rest stays as it is.
func (p *prometheus) note(r *reading, metric string, family *dto.MetricFamily) {
	name, isLimit, known := standard(metric)
	if kind := family.GetType(); kind == dto.MetricType_GAUGE || kind == dto.MetricType_UNTYPED {
		total := 0.0 // it may be negative: what is no number makes all of it unknown
		for _, m := range family.GetMetric() {
			total += m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		}
		switch {
		case isLimit:
			r.limit(name, total)
		case known:
			r.set(name, total)
		default:
			r.tell(name, total)
		}
		return
	}
	all := r.sum(metric)
	for _, m := range family.GetMetric() {
		all.grow(series(m), totalOf(family.GetType(), m))
	}
	switch {
	case isLimit: // it is no counter
	case known:
		all.set(name)
	default:
		all.set(name + "_per_s")
	}
}

// totalOf is the total that a series of a type other than gauge has.
func totalOf(kind dto.MetricType, m *dto.Metric) float64 {
	switch kind {
	case dto.MetricType_COUNTER:
		return m.GetCounter().GetValue()
	case dto.MetricType_SUMMARY:
		return m.GetSummary().GetSampleSum()
	default:
		return m.GetHistogram().GetSampleSum()
	}
}

// series tells a metric's series apart by their labels.
func series(m *dto.Metric) string {
	var all strings.Builder
	for _, l := range m.GetLabel() {
		fmt.Fprintf(&all, "%q=%q,", l.GetName(), l.GetValue())
	}
	return all.String()
}
