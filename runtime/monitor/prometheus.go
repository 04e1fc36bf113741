package monitor

import (
	"context"
	"fmt"
	"io"
	"math"
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
	families, err := p.families(ctx)
	if err != nil {
		p.rates.forget()
		return nil, fmt.Errorf("metrics of %s: %w", p.host, err)
	}
	r := p.rates.begin(time.Now(), p.Name())
	var missing []string
	for _, name := range p.wanted {
		family, ok := families[name]
		if !ok {
			missing = append(missing, name)
			continue
		}
		p.note(r, name, family)
	}
	if len(missing) > 0 {
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

// note sums a metric over its labels: counters become rates, the rest stays as it is.
func (p *prometheus) note(r *reading, metric string, family *dto.MetricFamily) {
	total := 0.0
	for _, m := range family.GetMetric() {
		switch family.GetType() {
		case dto.MetricType_COUNTER:
			total += m.GetCounter().GetValue()
		case dto.MetricType_GAUGE:
			total += m.GetGauge().GetValue()
		case dto.MetricType_UNTYPED:
			total += m.GetUntyped().GetValue()
		case dto.MetricType_SUMMARY:
			total += m.GetSummary().GetSampleSum()
		default:
			total += m.GetHistogram().GetSampleSum()
		}
	}
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return // unknown
	}
	name, isLimit, known := standard(metric)
	gauge := family.GetType() == dto.MetricType_GAUGE || family.GetType() == dto.MetricType_UNTYPED
	switch {
	case isLimit:
		r.limit(name, total)
	case gauge:
		r.set(name, total)
	case known:
		r.rate(name, total)
	default:
		r.rate(name+"_per_s", total)
	}
}
