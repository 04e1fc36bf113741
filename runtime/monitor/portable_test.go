package monitor

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

func TestAMachineWithoutProcIsReadByGopsutil(t *testing.T) {
	h := &portableHost{}
	if _, err := h.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-time.After(300 * time.Millisecond) // times are told in hundredths of a second: in a moment they are all or nothing
	rows, err := h.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := rows[0]
	for _, name := range []string{record.CPUCores, record.CPUBusiestCore, record.MemoryBytes, record.DiskUsedBytes} {
		if use, ok := r.Use(name); !ok || use < 0 || use > 1.1 {
			t.Errorf("%s: %v of %v", name, r.Values[name], r.Limits[name])
		}
	}
	if r.Note != "" {
		t.Errorf("what cannot be watched is told twice: %q", r.Note)
	}
}

func TestAProcessWithoutProcIsReadByGopsutil(t *testing.T) {
	me := int32(os.Getpid())
	s := newPortableProcess("process me", []int32{me})
	rows, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v := rows[0].Values; v[record.MemoryBytes] < 1e6 || v[record.Threads] < 1 || v[record.Processes] < 1 {
		t.Errorf("%v", v)
	}
	s.started[me]-- // the number was another process's before
	if _, err := s.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("got %v", err)
	}
}

func TestAProcessWithoutProcIsFoundByItsNumberOnly(t *testing.T) {
	for _, s := range []Spec{{"pid", "99999999999"}, {"name", "no-such-program-at-all"}} {
		if _, err := openPortable(t.Context(), s); err == nil {
			t.Errorf("%s is opened", s)
		}
	}
	if names, err := portablePids(t.Context(), "no-such-program-at-all", 0); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}
