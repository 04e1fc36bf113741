package record_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

func TestExitCodeOfVerdict(t *testing.T) {
	t.Parallel()
	for v, want := range map[record.Verdict]int{
		record.VerdictOK: 0, record.VerdictFound: 0, record.VerdictClassic: 0, record.VerdictError: 1,
		record.VerdictFailed: 4, record.VerdictBaseline: 4, record.VerdictMax: 5, record.VerdictBudget: 5,
		record.VerdictUnstable: 5, record.VerdictGenerator: 5, record.VerdictInterrupted: 5, record.VerdictDead: 6,
		"of a later version": 5,
	} {
		if got := v.ExitCode(); got != want {
			t.Errorf("%s: exit code %d, want %d", v, got, want)
		}
	}
}

func TestExitOfARecheck(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		verdict   record.Verdict
		regressed bool
		want      int
	}{{record.VerdictFound, true, 8}, {record.VerdictFound, false, 0}, {record.VerdictBudget, true, 5}, {record.VerdictDead, true, 6}} {
		s := record.Sizing{Verdict: row.verdict, Recheck: &record.Recheck{Regressed: row.regressed}}
		if got := s.Exit(); got != row.want {
			t.Errorf("%s, regressed %v: %d, want %d", row.verdict, row.regressed, got, row.want)
		}
	}
}

func TestMissedObjective(t *testing.T) {
	t.Parallel()
	c := record.MissedObjective("p(95)<200ms")
	if of, ok := c.Objective(); c != "latency:p(95)<200ms" || of != "p(95)<200ms" || !ok {
		t.Errorf("%q is about %q", c, of)
	}
	if of, ok := record.CauseBacklog.Objective(); ok {
		t.Errorf("a backlog is about the objective %q", of)
	}
}

// TestOlderNotesTellTheState reads notes as they were written before rows had a state.
func TestOlderNotesTellTheState(t *testing.T) {
	t.Parallel()
	for note, want := range map[string]record.ResourceState{
		"process 7 web has ended": record.StateEnded,
		"process 7 web has ended, and its number was given to another process":         record.StateEnded,
		"jvm 7 has ended, or jstat may not look at it: ":                               record.StateEnded,
		"container web does not run: exited, exit code 1":                              record.StateEnded,
		"container web: it does not run":                                               record.StateEnded,
		"container web is gone: no such container":                                     record.StateEnded,
		"container web does not run: exited, exit code 137, killed for want of memory": record.StateOutOfMemory,
		"container web was restarted":                                                  record.StateRestarted,
		"the service at 127.0.0.1:80 was restarted":                                    record.StateRestarted,
		"process web was moved to another control group or to other cores":             record.StateMoved,
		"the clock was set by +3.0 s":                                                  "",
		"not among the metrics of 127.0.0.1:80: blended":                               "",
		"container web is not listed by Glances any more":                              "",
	} {
		text := `{"type":"run","row":{"schema_version":1}}` + "\n" +
			`{"type":"resources","row":{"at_s":1,"source":"container web","values":{},"note":"` + note + `"}}` + "\n"
		if got := resourcesRow(t, text).State; got != want {
			t.Errorf("%q: state %q, want %q", note, got, want)
		}
	}
}

// TestStateOutweighsItsNote reads a row that has both.
func TestStateOutweighsItsNote(t *testing.T) {
	t.Parallel()
	text := `{"type":"run","row":{"schema_version":1}}` + "\n" +
		`{"type":"resources","row":{"at_s":1,"source":"process web","values":{},"note":"process web has ended","state":"restarted"}}` + "\n"
	if got := resourcesRow(t, text).State; got != record.StateRestarted {
		t.Errorf("state %q", got)
	}
}

// resourcesRow is the second row of a record.
func resourcesRow(t *testing.T, text string) *record.Resources {
	t.Helper()
	r := record.NewReader(strings.NewReader(text))
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	row, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	return row.(*record.Resources)
}
