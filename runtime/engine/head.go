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

// lowestStatus is the least that a status may be (RFC 9110, 15).
const lowestStatus = 100

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
		switch status := c.head.StatusCode(); {
		case status < lowestStatus:
			return br, errors.New("the status is none")
		case status > 199, status == http.StatusSwitchingProtocols:
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

// readOddHead reads a head that err was met in: it was not whole, is too long for br, ends its lines in bare LF, or has a length
// that the parser does not take.
func (c *Call) readOddHead(br *bufio.Reader, cn *conn, err error) (*bufio.Reader, error) {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) {
		br, err = c.readWhole(br, cn)
	}
	if tooSmall(err) && br.Size() < largeReadBuffer {
		br, err = c.readWhole(c.enlarge(br, cn), cn)
	}
	if !errors.Is(err, fasthttp.ErrDuplicateContentLength) && !errors.Is(err, fasthttp.ErrNonNumericChars) {
		return br, err
	}
	end := waitHead(br)
	if end == 0 && br.Size() < largeReadBuffer && br.Buffered() == br.Size() {
		br = c.enlarge(br, cn)
		end = waitHead(br)
	}
	had, _ := br.Peek(br.Buffered())
	if end == 0 {
		return br, err
	}
	head, odd := oneLength(had[:end])
	if odd != nil {
		return br, odd
	}
	return c.readWhole(c.resume(br, cn, append(head, had[end:]...)), cn)
}

// readWhole reads a head once it is whole.
func (c *Call) readWhole(br *bufio.Reader, cn *conn) (*bufio.Reader, error) {
	end := waitHead(br)
	had, _ := br.Peek(br.Buffered())
	if lines := bytes.Count(had[:end], []byte("\n")); lines > bytes.Count(had[:end], []byte("\r\n")) {
		// A bare LF is a line's end that may be taken (RFC 9112, 2.2); the parser waits for the other.
		whole := make([]byte, 0, len(had)+lines)
		for line := range bytes.Lines(had[:end]) {
			whole = append(append(whole, bytes.TrimRight(line, "\r\n")...), "\r\n"...)
		}
		end, whole = len(whole), append(whole, had[end:]...)
		br = c.resume(br, cn, whole)
		had, _ = br.Peek(br.Buffered())
		end = min(end, len(had))
	}
	head := had[:end]
	err := c.head.Read(br)
	if err == nil {
		c.noteCodings(head)
	}
	return br, err
}

// waitHead waits until the end of a head is there, and returns where the body begins; 0 where there can be no end any more, or
// no head begins.
func waitHead(br *bufio.Reader) (end int) {
	const begins = "HTTP/"
	for seen := 0; ; {
		had, _ := br.Peek(br.Buffered())
		if start := had[:min(len(had), len(begins))]; string(start) != begins[:len(start)] {
			return 0
		}
		if end := emptyLine(had, max(seen-len(headEnd), 0)); end > 0 {
			return end
		}
		seen = len(had)
		if _, err := br.Peek(seen + 1); err != nil {
			return 0 // the parser meets it again
		}
	}
}

// emptyLine returns where the first empty line behind a place in a head ends, 0 where there is none.
func emptyLine(head []byte, from int) int {
	for at := from; ; {
		i := bytes.IndexByte(head[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		switch {
		case bytes.HasPrefix(head[at:], []byte("\n")):
			return at + 1
		case bytes.HasPrefix(head[at:], []byte("\r\n")):
			return at + 2
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
