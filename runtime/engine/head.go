package engine

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/valyala/fasthttp"
)

// maxInterim is how many answers of 100 to 199 may come before the one that counts.
const maxInterim = 100

// headEnd is the empty line after the headers.
var headEnd = []byte("\r\n\r\n")

// What a response's length may be wrong with.
var (
	errLengths = &Error{Kind: KindConnection, Code: CodeGeneric, Message: "the response has two lengths (Content-Length), which differ"}
	errOdd     = errors.New("the response's length is no number")
)

// readHead reads the response's headers, and returns what is read on with.
func (c *Call) readHead(br *bufio.Reader, cn *conn) (*bufio.Reader, error) {
	c.codings = c.codings[:0]
	for range maxInterim {
		_, err := br.Peek(1)
		if err == nil {
			br, err = c.readOneHead(br, cn)
		}
		if err != nil {
			return br, err
		}
		if status := c.head.StatusCode(); status < 100 || status > 199 || status == http.StatusSwitchingProtocols {
			return br, nil
		}
	}
	return br, errors.New("too many interim responses")
}

// readOneHead reads a head that has begun. The parser keeps one line of each header that it knows, and no trace of the others:
// so the head is to be whole before it is parsed, and is looked at again where that matters. Mostly it came at once.
func (c *Call) readOneHead(br *bufio.Reader, cn *conn) (*bufio.Reader, error) {
	had, _ := br.Peek(br.Buffered())
	if cn.tls != nil && !bytes.Contains(had, headEnd) { // there may be more of it beneath, of which no read would tell
		return c.readOddHead(br, cn, io.EOF)
	}
	cn.reading = readNothing
	err := c.head.Read(br)
	cn.reading = readWaits
	if err != nil {
		return c.readOddHead(br, cn, err)
	}
	c.noteCodings(had[:len(had)-br.Buffered()])
	return br, nil
}

// readOddHead reads a head that err was met in: it was not whole, is too long for br, or has a length that the parser does not take.
func (c *Call) readOddHead(br *bufio.Reader, cn *conn, err error) (*bufio.Reader, error) {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) {
		err = c.readWhole(br)
	}
	if tooSmall(err) && br.Size() < largeReadBuffer {
		br = c.enlarge(br, cn)
		err = c.readWhole(br)
	}
	if !errors.Is(err, fasthttp.ErrDuplicateContentLength) && !errors.Is(err, fasthttp.ErrNonNumericChars) {
		return br, err
	}
	waitHead(br)
	had, _ := br.Peek(br.Buffered())
	end := bytes.Index(had, headEnd)
	if end < 0 {
		return c.readLonger(br, cn, err)
	}
	end += len(headEnd)
	head, odd := oneLength(had[:end])
	if odd != nil {
		return br, odd
	}
	br = c.resume(br, cn, append(head, had[end:]...))
	return br, c.readWhole(br)
}

// readLonger goes on with a head that has too many lengths and does not fit br, or does not end.
func (c *Call) readLonger(br *bufio.Reader, cn *conn, err error) (*bufio.Reader, error) {
	if br.Size() < largeReadBuffer && br.Buffered() == br.Size() {
		return c.readOddHead(c.enlarge(br, cn), cn, err)
	}
	return br, err
}

// readWhole reads a head once it is whole.
func (c *Call) readWhole(br *bufio.Reader) error {
	waitHead(br)
	had, _ := br.Peek(br.Buffered())
	had = had[:bytes.Index(had, headEnd)+1] // nothing, where it does not end
	err := c.head.Read(br)
	if err == nil {
		c.noteCodings(had)
	}
	return err
}

// waitHead waits until the end of a head is there, or cannot be any more; where no head begins, it does not.
func waitHead(br *bufio.Reader) {
	const begins = "HTTP/"
	for seen := 0; ; {
		had, _ := br.Peek(br.Buffered())
		start := had[:min(len(had), len(begins))]
		if bytes.Contains(had[max(seen-len(headEnd)+1, 0):], headEnd) || string(start) != begins[:len(start)] {
			return
		}
		seen = len(had)
		if _, err := br.Peek(seen + 1); err != nil {
			return // for the parser to meet again
		}
	}
}

// resume returns a reader that goes on with other bytes than br has.
func (c *Call) resume(br *bufio.Reader, cn *conn, bytesLeft []byte) *bufio.Reader {
	large := c.client.shared.largeReader()
	large.Reset(io.MultiReader(bytes.NewReader(bytesLeft), cn.stream()))
	_, _ = large.Peek(min(len(bytesLeft), large.Size())) // so that all of them are in its buffer
	c.client.shared.freeReader(br)
	return large
}

// oneLength is a copy of a head with one Content-Length, where it has several that are equal, also on one line (RFC 9110, 8.6).
func oneLength(head []byte) ([]byte, error) {
	out := make([]byte, 0, len(head))
	length := -1
	for line := range bytes.SplitAfterSeq(head, []byte("\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte("Content-Length")) {
			out = append(out, line...)
			continue
		}
		for part := range bytes.SplitSeq(value, []byte(",")) {
			n, err := strconv.ParseUint(string(bytes.Trim(part, " \t\r\n")), 10, strconv.IntSize-1)
			switch {
			case err != nil:
				return nil, errOdd
			case length >= 0 && length != int(n): //nolint:gosec // it has a bit to spare
				return nil, errLengths
			case length < 0:
				length = int(n) //nolint:gosec // the same
				out = strconv.AppendInt(append(out, "Content-Length: "...), int64(length), 10)
				out = append(out, "\r\n"...)
			}
		}
	}
	return out, nil
}

// noteCodings keeps what a head says of the body's encodings, all lines of it (RFC 9110, 5.3). Where it has none, that costs nothing.
func (c *Call) noteCodings(head []byte) {
	c.codings = c.codings[:0]
	last := c.head.ContentEncoding()
	if len(last) == 0 {
		return
	}
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte("Content-Encoding")) {
			c.codings = append(append(c.codings, value...), ',')
		}
	}
	if len(c.codings) == 0 {
		c.codings = append(c.codings, last...)
	}
}
