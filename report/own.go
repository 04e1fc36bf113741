package report

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Own are the script's own metrics, with those of their submetrics that
// something asked for. What a damaged record does not name has no kind: it is not in it.
func (r *Run) Own() (list []Metric) {
	for _, m := range r.Metrics {
		if _, _, builtin := metric.Builtin(m.Metric); !builtin && m.Kind != "" {
			list = append(list, m)
		}
	}
	return list
}

// Value is what a metric comes to as one number: a counter's sum, a gauge's last value, a rate's share, a trend's mean.
func (m *Metric) Value() float64 {
	switch m.Kind {
	case metric.Gauge:
		return m.Last
	case metric.Rate, metric.Trend:
		return m.Mean()
	case metric.Counter:
	}
	return m.Sum
}

// Shown is a value of the metric for people; that of a rate is a share.
func (m *Metric) Shown(v float64) string {
	switch {
	case m.Kind == metric.Rate:
		return units.Percent(v, 1)
	case m.Time && v < 0:
		return "−" + units.Seconds(-v)
	case m.Time:
		return units.Seconds(v)
	}
	return units.Number(v)
}

// MetricColumns are the heads of the table of own metrics, and MetricCells a row of it.
func MetricColumns() []string {
	return []string{"Own metric", "kind", "values", "value", "per second", "min", "p50", "p95", "p99", "max"}
}

// MetricCells is a row under [MetricColumns]: what a kind does not have is a dash.
func (r *Run) MetricCells(m *Metric) []string {
	cells := []string{m.Name(), string(m.Kind), units.Int(m.Count), m.Shown(m.Value())}
	for range MetricColumns()[len(cells):] {
		cells = append(cells, units.None)
	}
	switch m.Kind {
	case metric.Counter:
		if r.Duration > 0 {
			cells[4] = units.Number(m.Sum / r.Duration)
		}
	case metric.Gauge:
		cells[5], cells[9] = m.Shown(m.Min), m.Shown(m.Max)
	case metric.Trend:
		cells[3] += " mean"
		cells[5], cells[9] = m.Shown(m.Min), m.Shown(m.Max)
		for i, q := range []float64{.5, .95, .99} {
			cells[6+i] = m.Shown(m.Quantile(q))
		}
	case metric.Rate:
	}
	return cells
}

// MetricRow is one of the script's own metrics, or a submetric of one. Values of a metric of times are seconds.
type MetricRow struct {
	Name      string           `json:"name"` // with its filter: orders{kind:tea}
	Kind      metric.Kind      `json:"kind"`
	Time      bool             `json:"time,omitempty"`
	Count     uint64           `json:"count"`                // values
	Value     float64          `json:"value"`                // a counter's sum, a gauge's last value, a rate's share, a trend's mean
	PerSecond *float64         `json:"per_second,omitempty"` // of a counter
	Min       *float64         `json:"min,omitempty"`        // of a gauge or a trend
	Max       *float64         `json:"max,omitempty"`
	Quantiles *MetricQuantiles `json:"quantiles,omitempty"` // of a trend
}

// MetricQuantiles are a trend's.
type MetricQuantiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

func (r *Run) metricRows() []MetricRow {
	rows := []MetricRow{}
	for _, m := range r.Own() {
		row := MetricRow{Name: m.Name(), Kind: m.Kind, Time: m.Time, Count: m.Count, Value: m.Value()}
		switch m.Kind {
		case metric.Counter:
			if rate := m.Sum / r.Duration; r.Duration > 0 && !math.IsInf(rate, 0) {
				row.PerSecond = &rate
			}
		case metric.Trend:
			row.Quantiles = &MetricQuantiles{m.Quantile(.5), m.Quantile(.9), m.Quantile(.95), m.Quantile(.99)}
			row.Min, row.Max = &m.Min, &m.Max
		case metric.Gauge:
			row.Min, row.Max = &m.Min, &m.Max
		case metric.Rate:
		}
		rows = append(rows, row)
	}
	return rows
}
