package engine

// What a call sent, or was to send, for who tells of it. Bytes are valid until the next use of the call.

// Target is what the request line names: path and query.
func (c *Call) Target() string { return c.at.target }

// RequestHeaders calls yield for each header line of the request, with the name in its canonical form.
func (c *Call) RequestHeaders(yield func(name, value []byte) bool) { c.req.Header.All()(yield) }

// RequestBody is the request's body.
func (c *Call) RequestBody() []byte { return c.req.Body() }
