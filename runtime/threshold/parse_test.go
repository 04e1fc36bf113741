package threshold_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/threshold"
)

func TestWhatParses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       string // aggregate percent operator limit unit over after
	}{
		{"http_req_duration", "p(95)<200", "p 95 < 200 - 0s 0s"},
		{"http_req_duration", " p( 99.9 ) <= 2e2 ", "p 99.9 <= 200 - 0s 0s"},
		{"http_req_duration", "p(0)>=0", "p 0 >= 0 - 0s 0s"},
		{"http_req_duration", "p(100)<1", "p 100 < 1 - 0s 0s"},
		{"http_req_duration", "p(95)<200ms", "p 95 < 200 ms 0s 0s"},
		{"http_req_duration", "avg<1.5s", "avg 0 < 1.5 s 0s 0s"},
		{"http_req_duration", "med<200µs", "med 0 < 200 µs 0s 0s"},
		{"http_req_duration", "max<1m", "max 0 < 1 m 0s 0s"},
		{"http_req_duration", "min>-1", "min 0 > -1 - 0s 0s"},
		{"http_req_duration", "avg==1", "avg 0 == 1 - 0s 0s"},
		{"http_req_duration", "avg===1", "avg 0 === 1 - 0s 0s"},
		{"http_req_duration", "avg!=1", "avg 0 != 1 - 0s 0s"},
		{"http_req_duration", "p(95)<200 over 10s", "p 95 < 200 - 10s 0s"},
		{"http_req_duration", "p(95)<200 after 30s", "p 95 < 200 - 0s 30s"},
		{"http_req_duration", "p(95) < 200ms over 10s after 1m30s", "p 95 < 200 ms 10s 1m30s"},
		{"http_req_duration", "p(95)<.5s after 1m over 1s", "p 95 < 0.5 s 1s 1m0s"},
		{"http_req_failed", "rate<0.01", "rate 0 < 0.01 - 0s 0s"},
		{"http_req_failed", "rate<1%", "rate 0 < 1 % 0s 0s"},
		{"checks", "rate>=99.5 %", ""},
		{"iterations", "count>1e3", "count 0 > 1000 - 0s 0s"},
		{"http_reqs", "rate>+100", "rate 0 > 100 - 0s 0s"},
		{"vus", "value<=5", "value 0 <= 5 - 0s 0s"},
		{"vus", "max<5", "max 0 < 5 - 0s 0s"},
		{"data_received", "count<1000000", "count 0 < 1e+06 - 0s 0s"},
		{"dropped_iterations", "count==0", "count 0 == 0 - 0s 0s"},
		{"my_own", "value>5", "value 0 > 5 - 0s 0s"}, // the kind is known when the script has run
	} {
		got, err := threshold.Parse(c.name, c.text)
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: %q parses", c.name, c.text)
			}
			continue
		}
		unit := got.Unit
		if unit == "" {
			unit = "-"
		}
		if text := fmt.Sprintf("%s %g %s %g %s %v %v", got.Aggregate, got.Percent, got.Operator, got.Limit, unit, got.Over, got.After); err != nil || text != c.want {
			t.Errorf("%s: %q: got %s (%v), want %s", c.name, c.text, text, err, c.want)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]metric.Tag{
		"http_reqs":             nil,
		"http_reqs{status:200}": {{Key: "status", Value: "200"}},
		"http_reqs{ status : 200 , method : GET }":   {{Key: "status", Value: "200"}, {Key: "method", Value: "GET"}},
		`http_reqs{status:"200"}`:                    {{Key: "status", Value: "200"}},
		`http_reqs{name:"a,b:c}"}`:                   {{Key: "name", Value: "a,b:c}"}},
		`http_reqs{name:'a,b'}`:                      {{Key: "name", Value: "a,b"}},
		"http_reqs{name:http://x.example/${id}?a=1}": {{Key: "name", Value: "http://x.example/${id}?a=1"}},
		"checks{group:::shop::cart}":                 {{Key: "group", Value: "::shop::cart"}},
		"checks{check:it's up,scenario:a}":           {{Key: "check", Value: "it's up"}, {Key: "scenario", Value: "a"}},
		"checks{group:}":                             {{Key: "group", Value: ""}},
		`checks{check:"say \"hi\""}`:                 {{Key: "check", Value: `say "hi"`}},
		"checks{check:é ünïcode}":                    {{Key: "check", Value: "é ünïcode"}},
	} {
		got, err := threshold.Parse(name, "rate>0")
		if err != nil || !slices.Equal(got.Tags, want) {
			t.Errorf("%s: %+v (%v), want %+v", name, got.Tags, err, want)
		}
	}
}

// What is wrong with each, where, and what to write instead: k6 refuses all of
// them, too, but for those that are marked.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, problem, advice string }{
		{"http_req_duration", "", "is empty", "p(95)<200"},
		{"http_req_duration", "200", `begins with "200"`, "p(95)"},
		{"http_req_duration", "<200", "begins with no aggregate", "p(95)<200"},
		{"http_req_duration", "p95<200", `begins with "p95"`, "p(95)"},
		{"http_req_duration", "P95<200", `begins with "P95"`, "p(95)"},
		{"http_req_duration", "AVG<200", `"AVG", which is no aggregate`, "avg"},
		{"http_req_duration", "mean<200", `"mean", which is no aggregate`, "med"},
		{"http_req_duration", "p<200", "without a number in parentheses", "p(95)"},
		{"http_req_duration", "p(<200", `percentile ""`, "p(95)"},
		{"http_req_duration", "p(95<200", "not closed (at character 5)", "p(95)"},
		{"http_req_duration", "p(101)<200", `percentile "101": it is a number from 0 to 100`, "p(95)"},
		{"http_req_duration", "p(-1)<200", `percentile "-1"`, "p(95)"},
		{"http_req_duration", "p(NaN)<200", `percentile ""`, "p(95)"},
		{"http_req_duration", "p(95)", "no operator", "p(95)<200"},
		{"http_req_duration", "p(95) 200", "no operator where one is due (at character 7)", "p(95)<200"},
		{"http_req_duration", "p(95)=<200", `operator "=<"`, "did you mean <=?"},
		{"http_req_duration", "p(95)=200", `operator "="`, "did you mean ==?"},
		{"http_req_duration", "p(95)<>200", `operator "<>"`, "did you mean !=?"},
		{"http_req_duration", "p(95)~200", `operator "~"`, "there are <"},
		{"http_req_duration", "p(95)<", "no number", "p(95)<200"},
		{"http_req_duration", "p(95)<fast", `"fast", which is no number`, "p(95)<200"},
		{"http_req_duration", "avg<NaN", `"NaN", which is no number`, "p(95)<200"}, // k6: never kept
		{"http_req_duration", "avg<Infinity", `"Infinity", which is no number`, "p(95)<200"},
		{"http_req_duration", "avg<1e999", `"1e999", which is no number`, "p(95)<200"},
		{"http_req_duration", "avg<1.2.3", `"1.2.3", which is no number`, "p(95)<200"},
		{"http_req_duration", "avg<5parsecs", `unit "parsecs"`, "milliseconds"},
		{"http_req_duration", "avg<5%", `unit "%"`, "milliseconds"},
		{"http_req_duration", "count>0", "asks for count, which a trend does not have", "avg"},
		{"http_req_duration", "value>0", "asks for value", "avg"},
		{"http_req_duration", "rate>0", "asks for rate", "avg"},
		{"http_reqs", "p(95)<1", "which a counter does not have", "count"},
		{"http_reqs", "count<5s", `unit "s"`, "without a unit"},
		{"vus", "count<5", "which a gauge does not have", "value"},
		{"checks", "value>0", "which a rate does not have", "rate"},
		{"checks", "rate>5ms", `unit "ms"`, "0.05 or 5%"},
		{"http_req_duration", "avg<5 for 10s", `goes on with "for"`, "over 10s"},
		{"http_req_duration", "avg<5 && max<10", `goes on with "&& max<10"`, "over 10s"},
		{"http_req_duration", "avg<5 over", `"" behind over`, "over 10s"},
		{"http_req_duration", "avg<5 over 10", `"10" behind over`, "over 10s"},
		{"http_req_duration", "avg<5 over 0s", `"0s" behind over`, "over 10s"},
		{"http_req_duration", "avg<5 over 100ms", `"100ms" behind over`, "over 10s"},
		{"http_req_duration", "avg<5 over -10s", `"-10s" behind over`, "over 10s"},
		{"http_req_duration", "avg<5 after 99999h", `"99999h" behind after`, "after 10s"},
		{"http_req_duration", "avg<5 over 1s over 2s", `says "over" twice`, "one of them"},
		{"http_req_duration", strings.Repeat("9", 2000), "longer than", "p(95)<200"},
		{"http_req_duration", "avg<\xff", "not UTF-8", "p(95)<200"},
		{"", "avg<5", "names no metric", "http_req_duration{"},
		{"{status:200}", "avg<5", "names no metric", "http_req_duration{"},
		{"http-req-duration", "avg<5", "is no name of a metric", "http_req_duration{"},
		{"http_req_duration{status:200", "avg<5", "not closed (at character 18)", "http_req_duration{"},
		{"http_req_duration{status=200}", "avg<5", `tag "status=200" without a value`, "http_req_duration{"},
		{"http_req_duration{}", "avg<5", "without a value", "http_req_duration{"},
		{"http_req_duration{:200}", "avg<5", "without a value", "http_req_duration{"},
		{"http_req_duration{status:200,}", "avg<5", "without a value (at character 30)", "http_req_duration{"},
		{"http_req_duration{status:200,status:404}", "avg<5", "twice", "two thresholds"}, // k6: matches nothing, and is kept
		{"http_req_duration{" + strings.Repeat("a:b,", 400) + "}", "avg<5", "longer than", "http_req_duration{"},
		{"http_req_duration{a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1,j:1,k:1,l:1,m:1,n:1,o:1,p:1,q:1}", "avg<5", "more than 16 tags", "http_req_duration{"},
	} {
		_, err := threshold.Parse(c.name, c.text)
		var e *threshold.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %q is taken", c.name, c.text)
			continue
		}
		advice := e.Advice + " " + strings.Join(e.Known, " ")
		if !strings.Contains(err.Error(), c.problem) || !strings.Contains(advice, c.advice) {
			t.Errorf("%s: %q: %v; %s\nwant %q; %q", c.name, c.text, err, advice, c.problem, c.advice)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                 "",
		`{}`:                               "",
		` ; ;`:                             "",
		`{"http_reqs": []}`:                "",
		`{"http_reqs": null}`:              "",
		`http_reqs: count>5`:               "http_reqs count>5",
		`http_reqs: count>5; vus: value<9`: "http_reqs count>5, vus value<9",
		"http_reqs: count>5\nvus: value<9": "http_reqs count>5, vus value<9",
		`http_reqs{name:a;b:c}: count>5`:   "http_reqs{name:a;b:c} count>5",
		`{"http_reqs": "count>5"}`:         "http_reqs count>5", // k6 takes lists alone
		`{"vus": ["value<9"], "http_reqs": ["count>5", "rate>1"]}`:                   "http_reqs count>5, http_reqs rate>1, vus value<9",
		`{"http_reqs": {"threshold": "count>5"}}`:                                    "http_reqs count>5",
		`{"http_reqs": [{"threshold": "count>5", "abortOnFail": false}]}`:            "http_reqs count>5",
		`{"http_reqs": [{"threshold": "count>5", "abortOnFail": true}]}`:             "http_reqs count>5 abort",
		`{"a_b": [{"threshold":"avg<5","abortOnFail":true,"delayAbortEval":"10s"}]}`: "a_b avg<5 abort 10s",
		`{"a_b": [{"threshold":"avg<5","abortOnFail":true,"delayAbortEval":1500}]}`:  "a_b avg<5 abort 1.5s",
	} {
		list, err := threshold.ParseAll(text)
		var got []string
		for _, x := range list {
			s := x.Name + " " + x.Text
			if x.AbortOnFail {
				s += " abort"
			}
			if x.Delay > 0 {
				s += " " + x.Delay.String()
			}
			got = append(got, s)
		}
		if err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%s: got %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestListsThatAreRefused(t *testing.T) {
	t.Parallel()
	many := "{\"http_reqs\": [" + strings.TrimSuffix(strings.Repeat(`"count>5",`, threshold.MaxThresholds+1), ",") + "]}"
	for text, want := range map[string]string{
		`[]`:                                       "is not an object of metrics",
		`["avg<5"]`:                                "is not an object of metrics",
		`{"http_reqs": 5}`:                         "neither a string nor an object",
		`{"http_reqs": true}`:                      "neither a string nor an object",
		`{"http_reqs": [5]}`:                       "neither a string nor an object",
		`{"http_reqs": [null]}`:                    "neither a string nor an object", // NaN of a script is null
		`{"http_reqs": [["rate>"]]}`:               "neither a string nor an object",
		`{"http_reqs": [{}]}`:                      "no threshold that is a string",
		`{"http_reqs": [""]}`:                      "is empty",
		`{"http_reqs": ["cuont>5"]}`:               "no aggregate",
		`{"http_reqs": [{"treshold": "count>5"}]}`: `key "treshold"`,
		`{"http_reqs": [{"threshold": 5}]}`:        "no threshold that is a string",
		`{"http_reqs": [{"threshold": "count>5", "abortOnFail": "yes"}]}`:    "neither true nor false",
		`{"http_reqs": [{"threshold": "count>5", "delayAbortEval": "10x"}]}`: "no duration",
		`{"http_reqs": [{"threshold": "count>5", "delayAbortEval": "-1s"}]}`: "no duration", // k6: no delay
		`{"http_reqs": [{"threshold": "count>5", "delayAbortEval": -1}]}`:    "no duration",
		`{"http_reqs": [{"threshold": "count>5", "delayAbortEval": 1e300}]}`: "no duration",
		`{"http_reqs": [{"threshold": "count>5", "delayAbortEval": []}]}`:    "no duration",
		`{"http_reqs": ["count>5"]`:                                          "is not an object of metrics",
		`count>5`:                                                            "which metric",
		`http_reqs`:                                                          "which metric",
		`http_reqs:`:                                                         "is empty",
		many:                                                                 "one too many",
		strings.Repeat("x", 1<<19):                                           "longer than",
	} {
		if _, err := threshold.ParseAll(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", text, err, want)
		}
	}
}

// FuzzParseAll looks for a panic, and for a threshold that does not read itself.
func FuzzParseAll(f *testing.F) {
	for _, text := range []string{
		`{"http_req_duration{status:200}": ["p(95)<200", {"threshold": "avg<1s over 10s after 5s", "abortOnFail": true, "delayAbortEval": "10s"}]}`,
		`checks{check:"a,b"}: rate>95%; vus: value<5`, `a_b{c:'d}: p(1)<µs`, "{", "[", "p(", `{"a":[{"threshold":"avg<1e"}]}`, "a_b: avg<-5e-3 after 1h",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := threshold.ParseAll(text)
		if err != nil {
			_ = err.Error()
			return
		}
		for _, x := range list {
			again, err := threshold.Parse(x.Name, x.Text)
			again.AbortOnFail, again.Delay = x.AbortOnFail, x.Delay
			if fmt.Sprintf("%+v", again) != fmt.Sprintf("%+v", x) || err != nil {
				t.Errorf("%q: %+v reads itself as %+v (%v)", text, x, again, err)
			}
			if x.Over < 0 || x.After < 0 || x.Delay < 0 || x.Over > 0 && x.Over < time.Second {
				t.Errorf("%q: %+v", text, x)
			}
		}
	})
}
