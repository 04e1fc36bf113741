package session

import (
	"errors"
	"fmt"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// readProxies reads which proxies the environment names. A variable that names none ends the session before it begins:
// without it requests would go where they were not meant to.
func (s *Session) readProxies() error {
	var err error
	s.proxies, err = engine.ProxiesOf(s.o.Environ)
	if wrong, ok := errors.AsType[*engine.ProxyError](err); ok {
		return &plan.Error{
			Setting: wrong.Variable, Value: redact.Line(redact.URL(wrong.Value)), Source: plan.Env, Problem: wrong.Problem,
			Advice: "a proxy is [http|https|socks5://][USER:PASSWORD@]HOST[:PORT]; NO_PROXY=* goes without",
		}
	}
	return err
}

// tellProxies tells each proxy once, as soon as a connection was made through it.
func (s *Session) tellProxies() {
	for _, p := range s.proxies.Used() {
		name := p.String()
		if slices.Contains(s.toldProxies, name) {
			continue
		}
		s.toldProxies = append(s.toldProxies, name)
		s.rec.event(record.EventProxy, name)
		text := fmt.Sprintf("requests go through proxy %s (%s)", name, p.Variable)
		if s.o.Mode != plan.Run {
			text += ": it may be the proxy that is sized, and not the service"
		}
		s.rec.tell(Event{Kind: Notice, Text: text})
	}
}
