package session_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/target"
	"github.com/plimsoll-load/plimsoll/session"
)

func TestATeardownThatFailsIsInTheExitCode(t *testing.T) {
	t.Parallel()
	const (
		well  = "import { scenario, afterAll, afterVU, check, fail, sleep } from 'plimsoll'\nscenario('s', () => {})\n"
		sick  = "import { scenario, afterAll, afterVU, check, fail, sleep } from 'plimsoll'\nlet n = 0\nscenario('s', () => { if (n++ % 2) fail('odd') })\n"
		never = "import { scenario, afterAll, afterVU, check, fail, sleep } from 'plimsoll'\nscenario('s', () => fail('always'))\n"
	)
	for name, c := range map[string]struct {
		script  string
		verdict record.Verdict
		code    int
		told    []string // of the teardown; none: it was well
	}{
		"all is well":               {well + "afterVU(() => {})\nafterAll(() => {})", record.VerdictOK, 0, nil},
		"a check that is false":     {well + "afterAll(() => { check(1, { two: (n) => n === 2 }) })", record.VerdictOK, 0, nil},
		"afterAll throws":           {well + "afterAll(() => { throw new Error('left') })", record.VerdictTeardown, 3, []string{"afterAll", "left", ":3:"}},
		"afterAll throws a word":    {well + "afterAll(() => { throw 'left' })", record.VerdictTeardown, 3, []string{"afterAll", "left"}},
		"afterAll rejects":          {well + "afterAll(async () => { await null; throw new Error('left') })", record.VerdictTeardown, 3, []string{"afterAll", "left"}},
		"afterAll takes too long":   {well + "export const options = { teardownTimeout: '50ms' }\nafterAll(() => { sleep(60) })", record.VerdictTeardown, 3, []string{"afterAll", "took too long"}},
		"afterAll has a wrong name": {well + "afterAll(() => { nothing() })", record.VerdictTeardown, 3, []string{"afterAll", "nothing"}},
		"k6's teardown throws":      {"export default () => {}\nexport function teardown() { throw new Error('left') }", record.VerdictTeardown, 3, []string{"left", ":2:"}},
		"k6's teardown rejects":     {"export default () => {}\nexport async function teardown() { throw new Error('left') }", record.VerdictTeardown, 3, []string{"left"}},
		"afterVU throws":            {well + "afterVU(() => { throw new Error('in') })", record.VerdictTeardown, 3, []string{"afterVU of 1 virtual user failed", "in"}},
		"afterVU rejects":           {well + "afterVU(async () => { throw new Error('in') })", record.VerdictTeardown, 3, []string{"afterVU of 1 virtual user failed", "in"}},
		"both":                      {well + "afterVU(() => { throw new Error('in') })\nafterAll(() => { throw new Error('left') })", record.VerdictTeardown, 3, []string{"afterVU of 1", "afterAll", "left"}},
		"too much failed":           {sick + "afterAll(() => { throw new Error('left') })", record.VerdictFailed, 3, []string{"left"}},
		"too much failed, well":     {sick + "afterAll(() => {})", record.VerdictFailed, 4, nil},
		"nothing worked":            {never + "afterAll(() => { throw new Error('left') })", record.VerdictDead, 3, []string{"left"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fold, seen, file := session.NewFold(), newWitness(), &buffer{}
			end := run(t, session.Options{
				Script: script(t, c.script), Settings: map[string]string{"iterations": "4"}, Monitor: []string{"none"},
				Sinks: []session.Sink{fold, seen, session.NewRecord(func() (io.WriteCloser, error) { return file, nil })},
			}).End
			if end.Verdict != c.verdict || end.ExitCode != c.code || (end.Teardown == "") != (c.told == nil) {
				t.Errorf("ended %s (%s), exit code %d, teardown %q; want %s and %d", end.Verdict, end.Reason, end.ExitCode, end.Teardown, c.verdict, c.code)
			}
			written, err := report.Read(&file.Buffer)
			if err != nil {
				t.Fatal(err)
			}
			sentence := written.Verdict().Sentence + written.Verdict().Reason
			for _, word := range c.told {
				for where, text := range map[string]string{"the end": end.Teardown, "events": seen.text(), "the record's end": written.End.Teardown, "the verdict": sentence} {
					if !strings.Contains(text, word) {
						t.Errorf("%s has %q, want %q in it", where, text, word)
					}
				}
			}
			if s := report.Summarize(fold.Run()); s.Teardown != end.Teardown || *s.ExitCode != c.code {
				t.Errorf("the JSON has the teardown %q and exit code %d", s.Teardown, *s.ExitCode)
			}
		})
	}
}

func TestASignalIsWeightierThanATeardown(t *testing.T) {
	t.Parallel()
	seen := newWitness()
	s, err := session.Prepare(t.Context(), session.Options{
		Script:   script(t, endless+"import { afterAll } from 'plimsoll'\nafterAll(() => { throw new Error('left') })"),
		Settings: map[string]string{"duration": "1h"}, Sinks: []session.Sink{seen},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	go func() {
		<-seen.begun
		s.Stop(codedError(143))
	}()
	result, err := s.Run(t.Context())
	if e := result.End; err != nil || e.ExitCode != 143 || e.Verdict != record.VerdictInterrupted || !strings.Contains(e.Teardown, "left") {
		t.Errorf("%v; ended %+v, want 143 and that the teardown failed", err, e)
	}
}

// What the script writes, and what is warned about, is in the record: from before it begins, too, and no more than is of use.
func TestTheRecordKeepsWarningsAndTheConsole(t *testing.T) {
	t.Parallel()
	seen, fold, file := newWitness(), session.NewFold(), &buffer{}
	run(t, session.Options{
		Script: script(t, `import { scenario } from 'plimsoll'
console.log('top')
export const options = { maxVUs: 9 }
scenario('s', ({ iteration }) => { for (let i = 0; i < 400; i++) console.log('line', iteration, i, 'x'.repeat(iteration === 0 ? 5000 : 1)) })
`),
		Settings: map[string]string{"iterations": "3"}, Warnings: []string{"said before"}, Monitor: []string{"none"},
		Sinks: []session.Sink{seen, fold, session.NewRecord(func() (io.WriteCloser, error) { return file, nil })},
	})
	if _, head := seen.rows[0].(*record.Run); !head {
		t.Errorf("the first row is %T", seen.rows[0])
	}
	written, err := report.Read(&file.Buffer)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(written.Console); n != 1000 || !strings.Contains(written.Console[0].Message, "top") {
		t.Errorf("%d lines, the first %+v; want 1000 from the top level on", n, written.Console[0])
	}
	for _, line := range written.Console {
		if len(line.Message) > 1100 {
			t.Fatalf("a line of %d bytes", len(line.Message))
		}
	}
	summary := report.Summarize(fold.Run())
	for who, list := range map[string][]string{"the record": written.Warnings, "the JSON": summary.Warnings} {
		text := strings.Join(list, "\n")
		for _, want := range []string{"said before", "options.maxVUs (script) has no effect without arrivals", "more lines of the script's console are not in the record"} {
			if strings.Count(text, want) != 1 {
				t.Errorf("%s has the warnings %q, want %q once", who, list, want)
			}
		}
	}
	if len(summary.Console) != 100 {
		t.Errorf("the JSON has %d lines, want 100", len(summary.Console))
	}
}

func TestARunKeepsItsObjectivesOrFails(t *testing.T) {
	t.Parallel()
	url := serve(t, target.Config{}).URL()
	for name, c := range map[string]struct {
		script     string
		objectives string
		verdict    record.Verdict
		kept       []bool
	}{
		"none":                    {get, "", record.VerdictOK, nil},
		"kept":                    {get, "p(95)<30s", record.VerdictOK, []bool{true}},
		"kept, written otherwise": {get, "p95<30s", record.VerdictOK, []bool{true}},
		"missed":                  {get, "p(95)<1us", record.VerdictFailed, []bool{false}},
		"a bare number is ms":     {get, "p(50)<30000", record.VerdictOK, []bool{true}},
		"one of two missed":       {get, "p(50)<30s,p(99)<1us", record.VerdictFailed, []bool{true, false}},
		"both missed":             {get, "p(50)<1us,p(99)<2us", record.VerdictFailed, []bool{false, false}},
		"half fail, half may":     {halfFail, "p(50)<30s", record.VerdictOK, []bool{true}},
		"half fail, less may":     {halfFail, "p(90)<30s", record.VerdictFailed, []bool{false}},
		"no request":              {endless, "p(95)<30s", record.VerdictFailed, []bool{false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := c.script
			if strings.Contains(text, "%") {
				text = fmt.Sprintf(text, "read")
			}
			settings := map[string]string{"iterations": "20", "tolerance": "60%"}
			if c.objectives != "" {
				settings["objective"] = c.objectives
			}
			end := run(t, session.Options{Script: script(t, text), Env: []string{"SERVER_URL=" + url}, Settings: settings, Monitor: []string{"none"}}).End
			var kept []bool
			for _, k := range end.Thresholds {
				kept = append(kept, k.OK)
			}
			if end.Verdict != c.verdict || end.ExitCode != c.verdict.ExitCode() || fmt.Sprint(kept) != fmt.Sprint(c.kept) {
				t.Errorf("ended %s (%s), exit code %d, %+v; want %s, kept %v", end.Verdict, end.Reason, end.ExitCode, end.Thresholds, c.verdict, c.kept)
			}
		})
	}
}

// halfFail has a request that fails in every second iteration.
const halfFail = `import http from 'plimsoll/http'
export default () => { http.get(__ENV.SERVER_URL + (__ITER %% 2 ? '/' : '/nothing')) } // %s
`
