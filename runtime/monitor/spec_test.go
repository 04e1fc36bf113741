package monitor_test

import (
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
)

func TestParseReadsEveryKind(t *testing.T) {
	got, err := monitor.Parse([]string{
		"auto,host", "pid=7, name=nginx", "port=8080", "container=kinto",
		"glances=http://10.0.0.7:61208", "prometheus=http://10.0.0.7:9100/metrics#go_goroutines", "host",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"auto", "host", "pid=7", "name=nginx", "port=8080", "container=kinto",
		"glances=http://10.0.0.7:61208", "prometheus=http://10.0.0.7:9100/metrics#go_goroutines",
	}
	var texts []string
	for _, s := range got {
		texts = append(texts, s.String())
	}
	if !slices.Equal(texts, want) {
		t.Errorf("got %q\nwant %q", texts, want)
	}
}

func TestParseOfNoneWatchesNothing(t *testing.T) {
	got, err := monitor.Parse([]string{"none"})
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParseRefusesAndSaysWhatMayBeWritten(t *testing.T) {
	for _, text := range []string{
		"", // not refused: nothing is written
		"cpu", "pid=", "pid=x", "pid=0", "pid=-3", "port=65536", "port=http", "name=", "container", "host=me", "auto=1",
		"glances=10.0.0.7", "glances=ftp://x", "prometheus=http://x/metrics", "none,host",
	} {
		_, err := monitor.Parse([]string{text})
		if text == "" {
			if err != nil {
				t.Errorf("an empty text is refused: %v", err)
			}
			continue
		}
		var bad *monitor.SpecError
		if !errors.As(err, &bad) {
			t.Errorf("%q: got %v, want a SpecError", text, err)
			continue
		}
		if bad.ExitCode() != 2 || !strings.Contains(bad.Hint(), "container=NAME") {
			t.Errorf("%q: exit code %d, hint %q", text, bad.ExitCode(), bad.Hint())
		}
	}
}

func TestOpenRefusesWhatIsNotThere(t *testing.T) {
	quiet, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := quiet.Addr().(*net.TCPAddr).Port
	quiet.Close() // nothing listens there any more
	for spec, advice := range map[string]string{
		"pid=999999999":                "ps",
		"name=no-such-program-at-all":  "start the service first",
		"port=" + strconv.Itoa(port):   "start the service first",
		"auto":                         "--monitor",
		"host,name=no-such-program-at": "start the service first",
	} {
		specs, err := monitor.Parse([]string{spec})
		if err != nil {
			t.Fatal(err)
		}
		_, err = monitor.Open(t.Context(), specs, monitor.Target{URL: "http://192.0.2.1/", Docker: "unix:///nowhere.sock"})
		var cannot *monitor.CannotWatchError
		if !errors.As(err, &cannot) {
			t.Errorf("%s: got %v, want a CannotWatchError", spec, err)
		} else if cannot.ExitCode() != 2 || !strings.Contains(cannot.Hint(), advice) {
			t.Errorf("%s: exit code %d, hint %q", spec, cannot.ExitCode(), cannot.Hint())
		}
	}
}

func TestAutoFindsWhoListensOnTheTargetsPort(t *testing.T) {
	service, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	sources, err := monitor.Open(t.Context(), []monitor.Spec{{Kind: "auto"}}, monitor.Target{URL: "http://" + service.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) != 2 || sources[0].Name() != "host" || !strings.HasPrefix(sources[1].Name(), "process ") {
		t.Errorf("got %v", sources)
	}
	for _, s := range sources {
		if rows, err := s.Read(t.Context()); err != nil || rows[0].Source != s.Name() {
			t.Errorf("%s: %v %v", s.Name(), rows, err)
		}
		s.Close()
	}
}

func TestEachKindIsInHelpAndDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/resources.md")
	if err != nil {
		t.Fatal(err)
	}
	for form := range strings.SplitSeq(monitor.Forms(), ", ") {
		kind, _, _ := strings.Cut(form, "=")
		if !strings.Contains(string(text), "`"+kind+"`") && !strings.Contains(string(text), "`"+kind+"=") {
			t.Errorf("docs/resources.md does not say what %s watches", form)
		}
	}
}
