//go:build real

package html_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/plimsoll-load/plimsoll/report/reporttest"
)

// violation is what axe says of a rule that is broken.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

// PLIMSOLL_AXE is the path of axe.min.js of the npm package axe-core.
func TestNothingSeriousBarsAnyone(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile(os.Getenv("PLIMSOLL_AXE"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("PLIMSOLL_AXE does not lead to axe.min.js: %v", err)
		}
		t.Skipf("PLIMSOLL_AXE does not lead to axe.min.js: %v", err)
	}
	for name, source := range map[string]string{
		"size": page(t, sizing()),
		"run":  page(t, reporttest.Run(reporttest.Service{VUs: 300, Outage: [2]int{20, 23}, Endpoints: 40, Seconds: 60})),
	} {
		for _, scheme := range []string{"light", "dark"} {
			b := visit(t, source, "")
			b.look(1280, 900, scheme)
			b.js(`document.querySelectorAll('details').forEach(d => { d.open = true; })`)
			b.js(string(axe))
			found := js[[]violation](b, `axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)`, chromedp.EvalAwaitPromise)
			for _, v := range found {
				text := fmt.Sprintf("%s in %s: %s (%s): %d times, first %s: %s", name, scheme, v.ID, v.Impact, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].FailureSummary)
				if v.Impact == "serious" || v.Impact == "critical" {
					t.Error(text)
				} else {
					t.Log(text)
				}
			}
		}
	}
}

// js runs statements whose value does not matter.
func (b *browser) js(statements string) {
	b.Helper()
	js[any](b, statements+"\n;0")
}
