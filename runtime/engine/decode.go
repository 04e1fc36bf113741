package engine

import (
	"errors"

	"github.com/valyala/fasthttp"
)

// decode undoes the body's Content-Encoding; one that is not known is left as it is.
func (c *Call) decode() *Error {
	encoding := string(c.resp.Header.ContentEncoding())
	body, err := c.resp.BodyUncompressedWithLimit(c.client.options.MaxBody)
	switch {
	case err == nil:
		c.body = body
		return nil
	case errors.Is(err, fasthttp.ErrContentEncodingUnsupported):
		return nil
	}
	c.body = nil
	c.Err = &Error{Kind: KindConnection, Code: CodeDecode, Message: "the response's body cannot be decoded: " + encoding, err: err}
	return c.Err
}
