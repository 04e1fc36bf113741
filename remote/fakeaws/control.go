package fakeaws

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

// ControlPath is where a double answers about itself: GET state, left, calls and ip (the caller's address, as plain text),
// POST faults (a list of [Fault]) and heal, GET held (waits until a call is held).
const ControlPath = "/_fakeaws/"

func (c *Cloud) control(w http.ResponseWriter, r *http.Request) {
	var v any
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, ControlPath) {
	case "GET state":
		v = c.State() //nolint:contextcheck // what a call starts lives longer than the call
	case "GET left":
		v = append([]string{}, c.Left()...) //nolint:contextcheck // what a call starts lives longer than the call
	case "GET calls":
		v = append([]Call{}, c.Calls()...)
	case "GET ip":
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		_, _ = w.Write([]byte(host + "\n"))
		return
	case "GET held":
		select {
		case <-c.held:
		case <-r.Context().Done():
		case <-c.ending.Done():
		}
		v = map[string]bool{"held": r.Context().Err() == nil}
	case "POST faults":
		var faults []Fault
		if err := json.NewDecoder(r.Body).Decode(&faults); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.Inject(faults...)
		v = map[string]int{"injected": len(faults)}
	case "POST heal":
		c.Heal()
		v = map[string]bool{"healed": true}
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that has gone is its own matter
}
