package execution_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/jsapi/execution"
	"github.com/plimsoll-load/plimsoll/jsapi/jsapitest"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func TestExecution(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		`String([vu.idInTest, vu.idInInstance, vu.iterationInInstance])`: "1,1,0",
		`String([scenario.name, scenario.iterationInTest])`:              "default,7",
		`String([Object.keys(vu), Object.keys(scenario)])`:               "idInTest,idInInstance,iterationInInstance,name,iterationInTest,iterationInInstance",
		`String(['idInTest' in vu, 'tags' in vu, typeof vu.other])`:      "true,false,undefined",
		`test.fail('x'); test.fail()`:                                    "log: fail x|fail it gave no reason",
		`try { test.abort('x') } catch (e) { e.message }`:                "the script aborted the test: x",
		`test.fail('x'.repeat(1e6))`:                                     "log: fail " + strings.Repeat("x", 500) + "…",
		`test.abort({})`:                                                 "error: test.abort: reason must be a string, not an object",
		`test.fail(7)`:                                                   "error: test.fail: reason must be a string, not 7",
		`vu.tags`:                                                        "error: execution.vu.tags is not here: tag scenarios",
		`vu.metrics`:                                                     "error: execution.vu.metrics is not here",
		`vu.iterationInScenario`:                                         "error: execution.vu.iterationInScenario is not here",
		`scenario.executor`:                                              "error: execution.scenario.executor is not here",
		`scenario.progress`:                                              "error: execution.scenario.progress is not here",
		`test.options`:                                                   "error: execution.test.options is not here",
		`vu.idInTest = 3`:                                                "error: execution.vu.idInTest cannot be set",
		`'use strict'; delete vu.idInTest`:                               "error: TypeError",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			h := jsapitest.New(t, engine.Options{}, execution.Module())
			v, err := h.Try(script)
			got := ""
			switch {
			case err != nil:
				got = "error: " + strings.TrimPrefix(err.Error(), "TypeError: ")
				if strings.HasPrefix(want, "error: TypeError") {
					got = "error: " + err.Error()
				}
			case len(h.Log) > 0 && strings.HasPrefix(want, "log: "):
				got = "log: " + strings.Join(h.Log, "|")
			default:
				got = v.String()
			}
			if !strings.HasPrefix(got, want) {
				t.Errorf("got %.600q, want %q", got, want)
			}
		})
	}
}
