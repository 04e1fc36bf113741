package engine

import (
	"bufio"
	"errors"
	"io"
	"net/http"
)

// A body grows in the call's own buffer up to blockSize bytes, by doubling. A
// longer one is kept in blocks, which all calls share, and becomes one piece
// when it is whole: a body that never ends is thrown away without having been copied.
const (
	firstBuffer = 512
	blockSize   = 64 << 10
)

type block [blockSize]byte

// errTooLong and errNoRoom are how a body passes its own bound, and that of all bodies together.
var (
	errTooLong = &Error{Kind: KindTooLarge, Code: CodeGeneric, Message: "the response's body is longer than the limit (--max-body): responseType 'none' counts it and keeps nothing"}
	errNoRoom  = &Error{Kind: KindGenerator, Code: CodeGeneric, Message: "the bodies of all virtual users do not fit into this generator's memory: read less (responseType 'none', --max-body) or use fewer virtual users"}
	errRatio   = &Error{Kind: KindTooLarge, Code: CodeDecode, Message: "the response's body unpacks to more than a thousand times its size"}
	errChunk   = errors.New("a chunk of the body is broken")
)

// readBody reads the response's body into the call's buffer.
func (c *Call) readBody(br *bufio.Reader) error {
	c.discard()
	status := c.head.StatusCode()
	if c.req.Header.IsHead() || status < 200 || status == http.StatusNoContent || status == http.StatusNotModified {
		return nil
	}
	var err error
	switch length := c.head.ContentLength(); {
	case length >= 0:
		err = c.readPart(br, length)
	case length == -1:
		err = c.readChunks(br)
	default:
		err = c.readRest(br, 0)
	}
	if err == nil {
		err = c.join()
	}
	if err != nil {
		c.discard()
	}
	return err
}

// readPart reads n bytes of the body.
func (c *Call) readPart(br *bufio.Reader, n int) error {
	if c.DiscardBody {
		_, err := br.Discard(n)
		return err
	}
	if n > c.client.options.MaxBody-c.got() {
		return errTooLong
	}
	for n > 0 {
		room, err := c.room(n)
		if err != nil {
			return err
		}
		room = room[:min(len(room), n)]
		got, err := io.ReadFull(br, room)
		c.advance(got)
		if n -= got; err != nil {
			return err
		}
	}
	return nil
}

// readRest reads the body to the end of the input. packed is how many bytes it is decoded from, 0 when it is as it came.
func (c *Call) readRest(r io.Reader, packed int) error {
	if c.DiscardBody {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	for {
		room, err := c.room(blockSize)
		if err != nil {
			return err
		}
		got, err := r.Read(room)
		c.advance(got)
		switch n := c.got(); {
		case n > c.client.options.MaxBody:
			return errTooLong
		case packed > 0 && n > ratioFrom && n/maxRatio > packed:
			return errRatio
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// readChunks reads a chunked body with its trailers.
func (c *Call) readChunks(br *bufio.Reader) error {
	for {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return brokenChunk(err)
		}
		n, ok := chunkSize(line)
		if !ok {
			return errChunk
		}
		if n == 0 {
			return brokenChunk(c.head.ReadTrailer(br))
		}
		if err := c.readPart(br, n); err != nil {
			return err
		}
		end, err := br.Peek(2)
		if err != nil {
			return err
		}
		if end[0] != '\r' || end[1] != '\n' {
			return errChunk
		}
		_, _ = br.Discard(2) // they are there
	}
}

func brokenChunk(err error) error {
	if errors.Is(err, bufio.ErrBufferFull) || tooSmall(err) {
		return errChunk
	}
	return err
}

// chunkSize reads the line before a chunk: hexadecimal digits, and extensions that nobody reads (RFC 9112, 7.1).
func chunkSize(line []byte) (n int, ok bool) {
	const digits = 15 // more would not fit an int
	i := 0
	for ; i < len(line) && i <= digits; i++ {
		ch := line[i]
		switch {
		case ch >= '0' && ch <= '9':
			ch -= '0'
		case ch|0x20 >= 'a' && ch|0x20 <= 'f':
			ch = ch | 0x20 - 'a' + 10
		default:
			rest := line[i:]
			spaced := false
			for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
				rest, spaced = rest[1:], true
			}
			extended := len(rest) > 0 && rest[0] == ';' && !spaced
			return n, i > 0 && len(rest) >= 2 && rest[len(rest)-2] == '\r' && (len(rest) == 2 || extended)
		}
		n = n<<4 | int(ch)
	}
	return 0, false
}

// got is how many bytes of the body were read so far.
func (c *Call) got() int {
	if len(c.blocks) == 0 {
		return len(c.buf)
	}
	return len(c.buf) + (len(c.blocks)-1)*blockSize + c.inLast
}

// room returns where the body goes on; of want bytes it may have fewer, and at least one.
func (c *Call) room(want int) ([]byte, error) {
	switch {
	case len(c.blocks) == 0 && len(c.buf) < cap(c.buf):
		return c.buf[len(c.buf):cap(c.buf)], nil
	case len(c.blocks) == 0 && cap(c.buf) < blockSize:
		size := max(2*cap(c.buf), firstBuffer)
		for size < min(len(c.buf)+want, blockSize) {
			size *= 2
		}
		c.buf = append(make([]byte, 0, min(size, blockSize)), c.buf...)
		return c.buf[len(c.buf):cap(c.buf)], nil
	case len(c.blocks) == 0 || c.inLast == blockSize:
		b, ok := c.client.shared.block()
		if !ok {
			return nil, errNoRoom
		}
		c.blocks, c.inLast = append(c.blocks, b), 0
	}
	return c.blocks[len(c.blocks)-1][c.inLast:], nil
}

// advance says that n bytes were put into the room.
func (c *Call) advance(n int) {
	if len(c.blocks) == 0 {
		c.buf = c.buf[:len(c.buf)+n]
	} else {
		c.inLast += n
	}
}

// join makes the body one piece.
func (c *Call) join() error {
	if len(c.blocks) == 0 {
		return nil
	}
	n := c.got()
	if !c.client.shared.reserve(n) {
		return errNoRoom
	}
	whole := append(make([]byte, 0, n), c.buf...)
	for _, b := range c.blocks {
		whole = append(whole, b[:min(n-len(whole), blockSize)]...)
	}
	c.freeBlocks()
	c.buf, c.reserved = whole, c.reserved+n
	return nil
}

func (c *Call) freeBlocks() {
	for i, b := range c.blocks {
		c.client.shared.freeBlock(b)
		c.blocks[i] = nil
	}
	c.blocks, c.inLast = c.blocks[:0], 0
}

// discard lets go of the body; of its buffers a short one stays for the next.
func (c *Call) discard() {
	c.freeBlocks()
	if c.reserved > 0 {
		c.client.shared.reserve(-c.reserved)
		c.reserved = 0
	}
	if cap(c.buf) > keptBody {
		c.buf = nil
	}
	if cap(c.spare) > keptBody {
		c.spare = nil
	}
	c.buf, c.body = c.buf[:0], nil
}
