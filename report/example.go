package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// maxExamples bounds the examples that are taken from a record: ours has no more than 100.
const maxExamples = 200

// Example is one failure as it happened.
type Example struct {
	Why       metric.Failure
	AtS       float64
	VU        int
	Iteration int64
	Scenario  string // or the hook
	Where     string // file:line:column of the script
	Detail    string // the stack of an exception
	Exchange  *failure.Exchange
}

func (f *Fold) example(row *record.Error) Example {
	e := Example{
		Why: f.failure(int(row.Failure)), AtS: row.AtS, VU: row.VU, Iteration: row.Iteration,
		Scenario: row.Scenario, Where: row.Where, Detail: row.Detail, Exchange: row.Exchange,
	}
	if e.Where == "" {
		e.Where = e.Why.Where
	}
	return e
}

// Title says what failed, where, and whose it was.
func (e Example) Title() string {
	why := Failure{Failure: e.Why}
	why.Where = e.Where
	whose := fmt.Sprintf("virtual user %d, iteration %d", e.VU, e.Iteration)
	if e.Scenario != "" {
		whose += " of " + e.Scenario
	}
	return why.Text() + ": " + whose + ", at " + units.Clock(e.AtS)
}

// Part is one text of an example.
type Part struct{ Title, Text string }

// Parts are the texts of an example: the stack, the request and the response, as far as they were kept.
func (e Example) Parts() []Part {
	var parts []Part
	if e.Detail != "" {
		parts = append(parts, Part{"Detail", e.Detail})
	}
	x := e.Exchange
	if x == nil {
		return parts
	}
	request := Part{Title: "Request", Text: x.Method + " " + x.URL}
	if x.Request != nil {
		request.Title += ": " + request.Text + bodyTitle(x.Request)
		request.Text = messageText(x.Request)
	}
	response := Part{Title: "Response" + timesOf(x)}
	switch {
	case x.Response != nil:
		response.Title += bodyTitle(x.Response)
		response.Text = messageText(x.Response)
		if x.Error != "" {
			response.Title += ": " + x.Error
		}
	case x.Error != "":
		response.Title, response.Text = "No response"+timesOf(x), x.Error
	default:
		response.Text = fmt.Sprintf("%d, redirected", x.Status)
	}
	return append(parts, request, response)
}

func bodyTitle(m *failure.Message) string {
	if m.BodyBytes == 0 {
		return ""
	}
	return ", a body of " + units.Bytes(float64(m.BodyBytes))
}

// timesOf says how long an exchange took, and from whom it came.
func timesOf(x *failure.Exchange) string {
	text := ""
	if x.Remote != "" {
		text = " from " + x.Remote
	}
	text += " after " + units.Seconds(x.Timings.Total())
	if x.Timings.Waiting > 0 {
		text += " (waiting " + units.Seconds(x.Timings.Waiting) + ")"
	}
	if x.Reused {
		text += ", on a connection used before"
	}
	if x.Repeated {
		text += ", sent twice"
	}
	return text
}

func messageText(m *failure.Message) string {
	body := m.Body
	switch {
	case m.Unread:
		body = "(the body was not kept)"
	case m.Binary:
		body = "(no text; it begins with the bytes " + m.Body + ")"
	}
	return strings.TrimRight(m.Head+"\n\n"+body, "\n")
}
