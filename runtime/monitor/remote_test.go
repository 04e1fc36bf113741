package monitor_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// serve answers by path; what is not there is 404.
func serve(t *testing.T, answers map[string]string) (*httptest.Server, *atomic.Bool) {
	t.Helper()
	down := &atomic.Bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.URL.Path]
		if !ok || down.Load() {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s, down
}

func open(t *testing.T, spec string) monitor.Source {
	t.Helper()
	specs, err := monitor.Parse([]string{spec})
	if err != nil {
		t.Fatal(err)
	}
	sources, err := monitor.Open(t.Context(), specs, monitor.Target{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sources[0].Close() })
	return sources[0]
}

func TestGlancesServersOfBothVersionsAreRead(t *testing.T) {
	v4 := map[string]string{
		"/api/4/pluginslist": `["cpu","mem","network","diskio","containers","processlist"]`,
		"/api/4/cpu":         `{"total": 50.0, "user": 30.0, "system": 10.0, "iowait": 5.0, "steal": 0.0, "cpucore": 4}`,
		"/api/4/mem":         `{"total": 1000, "available": 400, "cached": 100}`,
		"/api/4/network":     `[{"interface_name":"eth0","key":"interface_name","bytes_recv_rate_per_sec":100,"bytes_sent_rate_per_sec":50},{"interface_name":"lo","key":"interface_name","bytes_recv_rate_per_sec":9999}]`,
		"/api/4/diskio":      `[{"disk_name":"vda","key":"disk_name","read_bytes_rate_per_sec":10,"write_bytes_rate_per_sec":20,"read_count_rate_per_sec":1,"write_count_rate_per_sec":2}]`,
		"/api/4/containers":  `[{"key":"name","name":"kinto","cpu_percent":80.0,"cpu_limit":1.5,"memory_usage":300,"memory_inactive_file":100,"memory_limit":500,"network_rx":7,"network_tx":8,"io_rx":null,"io_wx":null}]`,
	}
	v3 := map[string]string{
		"/api/3/pluginslist": `["cpu","mem","network","diskio","docker"]`,
		"/api/3/cpu":         v4["/api/4/cpu"], "/api/3/mem": v4["/api/4/mem"],
		"/api/3/network": `[{"interface_name":"eth0","key":"interface_name","rx":200,"tx":100,"cumulative_rx":99999,"time_since_update":2}]`,
		"/api/3/diskio":  `[{"disk_name":"vda","key":"disk_name","read_bytes":20,"write_bytes":40,"read_count":2,"write_count":4,"time_since_update":2}]`,
		"/api/3/docker":  `{"version":{}, "containers":[{"key":"name","name":"kinto","cpu_percent":80.0,"memory_usage":200}]}`,
	}
	for name, c := range map[string]struct {
		answers map[string]string
		cores   float64 // limit of the container
	}{"version 4": {v4, 1.5}, "version 3": {v3, 4}} {
		t.Run(name, func(t *testing.T) {
			server, down := serve(t, c.answers)
			s := open(t, "glances="+server.URL)
			rows, err := s.Read(t.Context())
			if err != nil || len(rows) != 2 {
				t.Fatalf("%v, %v", rows, err)
			}
			host, kinto := rows[0], rows[1]
			for value, want := range map[string]float64{
				record.CPUCores: 2, record.CPUUserCores: 1.2, record.MemoryBytes: 600, record.NetInBytes: 100, record.NetOutBytes: 50,
				record.DiskReadBytes: 10, record.DiskWriteBytes: 20, record.DiskReads: 1, record.DiskWrites: 2,
			} {
				if host.Values[value] != want {
					t.Errorf("host %s is %v, want %v", value, host.Values[value], want)
				}
			}
			if host.Limits[record.CPUCores] != 4 || host.Kind() != record.KindHost || host.Source == record.KindHost {
				t.Errorf("host %q, limits %v", host.Source, host.Limits)
			}
			if kinto.Source != "container kinto" || kinto.Values[record.CPUCores] != 0.8 || kinto.Values[record.MemoryBytes] != 200 || kinto.Limits[record.CPUCores] != c.cores {
				t.Errorf("container %+v", kinto)
			}
			if _, ok := kinto.Values[record.DiskReadBytes]; ok {
				t.Error("a null is a value")
			}
			down.Store(true)
			if _, err := s.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
				t.Errorf("a server that answers 404: %v", err)
			}
			down.Store(false)
			if _, err := s.Read(t.Context()); err != nil {
				t.Errorf("it is back: %v", err)
			}
		})
	}
}

func TestAContainerThatGlancesNoLongerListsIsAGap(t *testing.T) {
	answers := map[string]string{
		"/api/4/pluginslist": `["cpu","containers"]`, "/api/4/cpu": `{"total":1,"cpucore":1}`,
		"/api/4/containers": `[{"key":"name","name":"kinto","cpu_percent":80.0}]`,
	}
	server, _ := serve(t, answers)
	s := open(t, "glances="+server.URL)
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	answers["/api/4/containers"] = `[]`
	rows, err := s.Read(t.Context())
	if err != nil || len(rows) != 2 || rows[1].Source != "container kinto" || rows[1].Note == "" || len(rows[1].Values) != 0 {
		t.Errorf("%+v, %v", rows, err)
	}
	if rows, _ := s.Read(t.Context()); len(rows) != 1 {
		t.Errorf("the gap is told again: %+v", rows)
	}
}

func TestWhatIsNoGlancesServerIsToldSo(t *testing.T) {
	for name, answers := range map[string]map[string]string{
		"another server": {"/": "hello"},
		"no plugins":     {"/api/4/pluginslist": `["mem"]`},
		"no JSON":        {"/api/4/pluginslist": `["cpu"]`, "/api/4/cpu": `<html>`},
	} {
		server, _ := serve(t, answers)
		if rows, err := open(t, "glances="+server.URL).Read(t.Context()); err == nil {
			t.Errorf("%s: %v", name, rows)
		} else if !strings.Contains(err.Error(), "glances at 127.0.0.1") {
			t.Errorf("%s: %v does not say where", name, err)
		}
	}
	if _, err := open(t, "glances=http://127.0.0.1:1").Read(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v", err)
	}
}

func TestAGlancesThatIsSlowIsGivenUpInTimeAndTakenUpAgain(t *testing.T) {
	answers := map[string]string{"/api/4/pluginslist": `["cpu"]`, "/api/4/cpu": `{"total":50,"cpucore":2}`}
	slow, free := &atomic.Bool{}, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slow.Load() {
			<-free
		}
		fmt.Fprint(w, answers[r.URL.Path])
	}))
	defer server.Close()
	defer close(free)
	s := open(t, "glances="+server.URL)
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	slow.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if rows, err := s.Read(ctx); err == nil || !strings.Contains(err.Error(), "glances at 127.0.0.1") {
		t.Errorf("%v, %v; want an error that says whose", rows, err)
	}
	slow.Store(false)
	if rows, err := s.Read(t.Context()); err != nil || rows[0].Values[record.CPUCores] != 1 {
		t.Errorf("it answers again: %v, %v", rows, err)
	}
}

func TestAGlancesThatComesBackAsAnotherVersionIsRead(t *testing.T) {
	answers := map[string]string{"/api/4/pluginslist": `["cpu"]`, "/api/4/cpu": `{"total":50,"cpucore":2}`}
	server, down := serve(t, answers)
	s := open(t, "glances="+server.URL)
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	down.Store(true)
	if _, err := s.Read(t.Context()); err == nil {
		t.Error("a server that is down is read")
	}
	clear(answers)
	answers["/api/3/pluginslist"], answers["/api/3/cpu"] = `["cpu"]`, `{"total":25,"cpucore":4}`
	down.Store(false)
	rows, err := s.Read(t.Context())
	if err != nil || rows[0].Values[record.CPUCores] != 1 || rows[0].Limits[record.CPUCores] != 4 {
		t.Errorf("%v, %v; want one core of version 3's four", rows, err)
	}
}

func TestMetricsOfTheServiceItselfAreRead(t *testing.T) {
	answers := map[string]string{"/metrics": `# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 10
# TYPE process_open_fds gauge
process_open_fds 12
# TYPE process_max_fds gauge
process_max_fds 1024
# TYPE db_connections gauge
db_connections{state="busy"} 7
db_connections{state="idle"} 3
# TYPE jobs_total counter
jobs_total{queue="a"} 5
# TYPE broken gauge
broken NaN
`}
	server, _ := serve(t, answers)
	s := open(t, "prometheus="+server.URL+"/metrics#process_cpu_seconds_total+process_open_fds+process_max_fds+db_connections+jobs_total+broken+gone")
	rows, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := rows[0]
	if r.Values["db_connections"] != 10 || r.Values[record.Descriptors] != 12 || r.Limits[record.Descriptors] != 1024 {
		t.Errorf("%+v", r)
	}
	if _, ok := r.Values["broken"]; ok {
		t.Error("NaN is a value")
	}
	if !strings.Contains(r.Note, "gone") || strings.Contains(r.Note, "broken") {
		t.Errorf("note %q", r.Note)
	}
	answers["/metrics"] = "}{"
	if _, err := s.Read(t.Context()); err == nil {
		t.Error("an answer that is no metrics is read")
	}
}
