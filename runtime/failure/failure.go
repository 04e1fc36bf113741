// Package failure keeps the first examples of each kind of failure of a run:
// the exchange, the place in the script and the stack, for whoever wants to
// know what the service said. A [Keeper] is asked only when something failed,
// and once it has enough of a kind that costs one atomic load: what fails for
// the ten-thousandth time is not described again.
//
// All that a Keeper takes is bounded and without secrets, whatever a server
// sends: the values of headers such as Authorization, Cookie and Set-Cookie
// become their lengths, the rest is as package redact makes it.
package failure

import (
	"iter"
	"time"
)

// Bounds of what is kept of a message, and of a stack, in bytes.
const (
	maxHead  = 768
	maxBody  = 1 << 10
	maxStack = 768
	maxMagic = 16 // of a body that is no text
)

// Exchange is what is kept of a request and its response.
type Exchange struct {
	Method   string   `json:"method"`
	URL      string   `json:"url"`
	Status   int      `json:"status"`           // 0: no response came
	Error    string   `json:"error,omitempty"`  // why none came, or why it cannot be used
	Remote   string   `json:"remote,omitempty"` // address and port that answered
	Reused   bool     `json:"reused,omitempty"` // the connection had served a request before
	Repeated bool     `json:"repeated,omitempty"`
	Timings  Timings  `json:"timings"`
	Request  *Message `json:"request,omitempty"`  // nil: it was redirected, or could not be made
	Response *Message `json:"response,omitempty"` // nil: none came whole, or it was a redirect
}

// Timings are the parts of an exchange, in seconds. What did not happen is not there.
type Timings struct {
	Blocked        float64 `json:"blocked_s,omitempty"`
	LookingUp      float64 `json:"looking_up_s,omitempty"`
	Connecting     float64 `json:"connecting_s,omitempty"`
	TLSHandshaking float64 `json:"tls_handshaking_s,omitempty"`
	Sending        float64 `json:"sending_s,omitempty"`
	Waiting        float64 `json:"waiting_s,omitempty"`
	Receiving      float64 `json:"receiving_s,omitempty"`
}

// Total is all of it.
func (t Timings) Total() float64 {
	return t.Blocked + t.LookingUp + t.Connecting + t.TLSHandshaking + t.Sending + t.Waiting + t.Receiving
}

// Message is a request or a response.
type Message struct {
	Head      string `json:"head" redact:"lines"`           // first line and headers
	Body      string `json:"body,omitempty" redact:"lines"` // its beginning; of one that is no text the first bytes, hexadecimal
	BodyBytes int    `json:"body_bytes,omitempty"`          // of all of it, decoded
	Binary    bool   `json:"binary,omitempty"`              // it is no text
	Unread    bool   `json:"unread,omitempty"`              // it was counted and thrown away (responseType 'none'), or taken over by the script
}

// Wire is an exchange as a client has it. Its bytes are only read while the Keeper is called.
type Wire struct {
	Exchange          // without Request and Response
	Request  *Content // nil: there is none to show
	Response *Content
}

// Content is a message as a client has it.
type Content struct {
	First   string // line
	Headers iter.Seq2[[]byte, []byte]
	Body    []byte
	Unread  bool
}

// Example is one failure as it happened.
type Example struct {
	At        time.Time
	VU        int
	Iteration int
	Scenario  string // or the hook
	Where     string // file:line:column of the script
	Stack     string
	Exchange  *Exchange
}
