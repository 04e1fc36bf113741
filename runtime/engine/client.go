// Package engine sends HTTP requests for one virtual user.
package engine

import "time"

// Options configure a [Client]. The zero value is usable.
type Options struct {
	UserAgent          string        // default "plimsoll"
	Timeout            time.Duration // of a call that names none; default 60 s
	ConnsPerHost       int           // connections kept open to one origin; default 6
	InsecureSkipVerify bool          // take any TLS certificate
	Shared             *Shared       // what the clients of one run have in common; nil: nothing
}

// Shared is what the clients of one run have in common: read and write
// buffers, resolved names, TLS sessions. The zero value is ready.
type Shared struct{}

// Client is the connections and cookies of one virtual user.
type Client struct{ options Options }

// New makes a client.
func New(o Options) *Client { return &Client{options: o} }

// Close closes all connections, for good: a running call ends with an error
// of kind "interrupted", and so does each later one. It may be called from any goroutine.
func (c *Client) Close() {}

// Interrupt closes all connections, so that a running call ends with an error
// of kind "interrupted"; further calls are refused the same way until [Client.Resume].
// It may be called from any goroutine.
func (c *Client) Interrupt() {}

// Resume makes the client usable again after [Client.Interrupt].
func (c *Client) Resume() {}

// ResetCookies forgets all cookies; a virtual user starts each iteration so.
func (c *Client) ResetCookies() {}
