package failure

import (
	"encoding/hex"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// How many examples are kept: of equal failures (kind, endpoint, status and place, or a check's name), of one kind, and in all.
const (
	PerFailure = 3
	PerKind    = 30
	Total      = 100
)

// Kinds that this package knows.
const (
	kindCheck       = "check"
	kindInterrupted = "interrupted" // by the end of the run: it says nothing of the service
)

// Keeper keeps the first examples of each failure. A nil Keeper wants none. It is safe for concurrent use.
type Keeper struct {
	hidden *redact.Redactor
	enough [metric.MaxFailures + 100]atomic.Bool // by id; overflowing kinds come on top of the limit

	mu    sync.Mutex
	total int
	kinds map[string]int
	same  map[metric.Failure]int
	kept  []Kept
}

// Kept is an example with the failure that it is of.
type Kept struct {
	Failure metric.FailureID
	Example
}

// NewKeeper returns a Keeper whose examples hold none of the redactor's values.
func NewKeeper(hidden *redact.Redactor) *Keeper {
	return &Keeper{hidden: hidden, kinds: map[string]int{}, same: map[metric.Failure]int{}}
}

// Wants says whether an example of a failure may still be kept: only then it need be made.
func (k *Keeper) Wants(id metric.FailureID) bool {
	return k != nil && int(id) < len(k.enough) && !k.enough[id].Load()
}

// Keep keeps an example of a failure, and the exchange that belongs to it (nil: none), if there are not enough of it.
func (k *Keeper) Keep(id metric.FailureID, f metric.Failure, e Example, w *Wire) {
	if !k.Wants(id) || !k.reserve(id, f) {
		return
	}
	e.At = time.Now()
	e.Stack = k.hidden.Start([]byte(e.Stack), maxStack)
	if w != nil {
		e.Exchange = k.exchange(w)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, Kept{id, e})
}

// reserve takes a place for an example. That a place is taken, or that there is none, is settled at the first look; so
// texts that differ each time cost no more than equal ones.
func (k *Keeper) reserve(id metric.FailureID, f metric.Failure) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	same := f
	if f.Kind != kindCheck {
		same.Message = "" // it may be another one each time
	}
	if f.Kind == kindInterrupted || k.total >= Total || k.kinds[f.Kind] >= PerKind || k.same[same] >= PerFailure {
		k.enough[id].Store(true)
		return false
	}
	k.total++
	k.kinds[f.Kind]++
	k.same[same]++
	return true
}

// Drain returns what was kept since it was last called.
func (k *Keeper) Drain() []Kept {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := k.kept
	k.kept = nil
	return kept
}

func (k *Keeper) exchange(w *Wire) *Exchange {
	x := w.Exchange
	x.Request, x.Response = k.message(w.Request), k.message(w.Response)
	return &x
}

func (k *Keeper) message(c *Content) *Message {
	if c == nil {
		return nil
	}
	m := &Message{Head: k.head(c), BodyBytes: len(c.Body), Unread: c.Unread}
	begins := c.Body[:min(len(c.Body), maxBody)]
	if m.Binary = !isText(begins); m.Binary {
		m.Body = hex.EncodeToString(begins[:min(len(begins), maxMagic)])
	} else {
		m.Body = k.hidden.Start(c.Body, maxBody)
	}
	return m
}

// head is the first line and the headers, as many as there is room for.
func (k *Keeper) head(c *Content) string {
	text := append([]byte(c.First), '\n')
	for name, value := range c.Headers {
		if len(text) > 2*maxHead {
			break
		}
		text = append(append(text, name...), ": "...)
		text = append(append(text, redact.Header(string(name), value)...), '\n')
	}
	return strings.TrimRight(k.hidden.Start(text, maxHead), "\n")
}

// isText says whether a person can read it: no zero bytes, and few that are no characters.
func isText(b []byte) bool {
	odd, all := 0, 0
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == 0 {
			return false
		}
		if r == utf8.RuneError && size == 1 && utf8.FullRune(b) || unicode.IsControl(r) && !strings.ContainsRune("\t\r\n\f", r) {
			odd++
		}
		all++
		b = b[size:]
	}
	return odd*4 <= all
}
