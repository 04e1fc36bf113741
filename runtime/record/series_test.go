package record_test

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

func TestOwnMetricsGoThroughARecord(t *testing.T) {
	t.Parallel()
	start := time.Now()
	names := metric.NewNames()
	counts := metric.NewCollector(names, start, 1)
	buffer := counts.Buffer()
	want := map[string]metric.SeriesWindow{}
	for kind, values := range map[metric.Kind][]float64{
		metric.Counter: {1.5, -0.25, math.MaxFloat64, math.MaxFloat64}, metric.Gauge: {3, -7.5}, metric.Rate: {1, 0, 0}, metric.Trend: {-1e300, -1, 0, 0.5, 3e9},
	} {
		m, err := names.Metric("my_"+string(kind), kind, kind == metric.Trend)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := counts.Subscribe("my_"+string(kind), metric.Tag{Key: "region", Value: "eu,us"}); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			buffer.Value(start.Add(time.Millisecond), m, metric.Sample{Value: v, Tags: names.Tags(0, metric.Tag{Key: "region", Value: "eu,us"})})
		}
	}
	buffer.Flush()
	w := counts.Collect(start.Add(time.Second), 1)
	added, _ := names.Since(metric.Lengths{})
	table, window := record.Names(added), record.NewWindow(&w)
	for _, s := range window.Series {
		want[added.Series[s.ID].Name()] = s.SeriesWindow
	}

	var file bytes.Buffer
	out := record.NewWriter(&file)
	for _, row := range []any{&record.Run{SchemaVersion: record.SchemaVersion}, &table, &window} {
		if err := out.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if text := file.String(); !strings.Contains(text, `{"metric":"my_trend","filter":"region:\"eu,us\"","kind":"trend","time":true}`) {
		t.Errorf("the names are written as %s", text)
	}
	rows, err := readAll(record.NewReader(&file))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	mirror := metric.NewNames()
	mirror.Append(metric.Snapshot(*rows[1].(*record.Names)))
	back := rows[2].(*record.Window).Metric()
	if len(back.Series) != 8 {
		t.Fatalf("%d series came back, want 8", len(back.Series))
	}
	for i, got := range back.Series {
		name := mirror.Series(metric.SeriesID(i)).Name()
		want := want[name]
		for q := 0.0; q <= 1; q += .25 {
			if got.Quantile(q) != want.Quantile(q) {
				t.Errorf("%s: quantile %v came back as %v, was %v", name, q, got.Quantile(q), want.Quantile(q))
			}
		}
		got.Values, want.Values = metric.Values{}, metric.Values{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s came back as %+v, was %+v", name, got, want)
		}
	}
}
