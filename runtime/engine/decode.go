package engine

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Bounds of decoding, beside that of the body. deflate reaches 1032 to 1, so a
// body of more is made to fill memory; small ones may be what they like. A zstd
// window above 8 MiB need not be supported (RFC 9659), and would be allocated at once.
const (
	ratioFrom = 1 << 20
	maxRatio  = 1100
	maxWindow = 8 << 20
)

// decoder undoes one Content-Encoding; it is used again.
type decoder interface {
	io.Reader
	Reset(r io.Reader) error
}

// brotliDecoder has a Reset method of another shape.
type brotliDecoder struct{ *brotli.Reader }

// deflateDecoder takes what the standard calls deflate, which is zlib's format, and what many servers send, the bare data
// within (RFC 9110, 8.4.1.2, has a note on them). Browsers take both.
type deflateDecoder struct {
	io.Reader
	wrapped, bare io.ReadCloser
}

func (d *deflateDecoder) Reset(r io.Reader) (err error) {
	var head [2]byte
	if at, ok := r.(io.ReaderAt); ok {
		_, _ = at.ReadAt(head[:], 0) // a body too short for a header has none
	}
	isWrapped := head[0]&0x0f == 8 && head[0]>>4 <= 7 && (int(head[0])<<8|int(head[1]))%31 == 0 // RFC 1950, 2.2
	switch {
	case isWrapped && d.wrapped != nil:
		d.Reader, err = d.wrapped, d.wrapped.(zlib.Resetter).Reset(r, nil)
	case isWrapped:
		d.wrapped, err = zlib.NewReader(r)
		d.Reader = d.wrapped
	case d.bare != nil:
		d.Reader, err = d.bare, d.bare.(flate.Resetter).Reset(r, nil)
	default:
		d.bare = flate.NewReader(r)
		d.Reader = d.bare
	}
	return err
}

// encodings are those that are undone, and what else they are called (RFC 9110, 8.4.1; the second is a server's mistake).
var (
	encodings = [...]string{"gzip", "deflate", "br", "zstd"}
	aliases   = [...]string{"x-gzip", "x-deflate"}
)

// identity says that there is no encoding.
const identity = "identity"

// maxCodings is how many encodings of a body are undone, one after the other.
const maxCodings = 5

var errCodings = &Error{Kind: KindTooLarge, Code: CodeDecode, Message: "the response's body is encoded more than five times"}

// encodingIndex is the place of an encoding among those that are undone, -1 where it is none of them.
func encodingIndex(encoding []byte) int {
	for i := range encodings {
		if bytes.EqualFold(encoding, []byte(encodings[i])) || i < len(aliases) && bytes.EqualFold(encoding, []byte(aliases[i])) {
			return i
		}
	}
	return -1
}

// newDecoder makes the decoder of an encoding.
func newDecoder(encoding int) decoder {
	switch encodings[encoding] {
	case "gzip":
		return new(gzip.Reader)
	case "deflate":
		return &deflateDecoder{}
	case "br":
		return brotliDecoder{brotli.NewReader(nil)}
	default:
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			panic("engine: " + err.Error()) // the options are ours
		}
		return d
	}
}

// unpacker is a decoder with what it reads from, so that it keeps no body when it is put away.
type unpacker struct {
	decoder
	packed bytes.Reader
}

// decode undoes the body's encodings, the last of them first (RFC 9110, 8.4). Where one is not known the body stays as it
// came, as in browsers: what is in it is for the script to say. The run is told of it (Shared.Unknown).
func (c *Call) decode() *Error {
	var order [maxCodings]int
	n := 0
	for coding := range bytes.SplitSeq(c.codings, []byte(",")) {
		coding = bytes.Trim(coding, " \t\r")
		if len(coding) == 0 || bytes.EqualFold(coding, []byte(identity)) {
			continue
		}
		i := encodingIndex(coding)
		if i < 0 {
			c.client.shared.noteUnknown(coding)
			return nil
		}
		if n < len(order) {
			order[n] = i
		}
		n++
	}
	if n > len(order) {
		return c.undecoded(errCodings, 0)
	}
	for packed := len(c.buf); n > 0; n-- {
		if err := c.undo(order[n-1], packed); err != nil {
			return c.undecoded(err, order[n-1])
		}
	}
	c.body = c.buf
	return nil
}

// How many unknown encodings are told of, and how much of each: servers make them up.
const (
	maxUnknown     = 10
	maxUnknownName = 40
)

// noteUnknown remembers an encoding that no decoder is known for.
func (s *Shared) noteUnknown(coding []byte) {
	coding = coding[:min(len(coding), maxUnknownName)]
	s.mu.Lock()
	defer s.mu.Unlock()
	same := func(known string) bool { return known == string(coding) } // which copies nothing
	if len(s.unknown) < maxUnknown && !slices.ContainsFunc(s.unknown, same) {
		s.unknown = append(s.unknown, string(coding))
		s.news.Store(true)
	}
}

// Unknown are the encodings of bodies, as servers named them, that are not known and have not been returned before.
func (s *Shared) Unknown() []string {
	if !s.news.Swap(false) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.unknown[s.toldUnknown:]
	s.toldUnknown = len(s.unknown)
	return slices.Clone(list)
}

// undo undoes one encoding of the body, which came as so many bytes.
func (c *Call) undo(encoding, came int) error {
	shared := c.client.shared
	u := shared.unpacker(encoding)
	packed, reserved := c.buf, c.reserved
	c.buf, c.spare, c.reserved = c.spare[:0], nil, 0
	u.packed.Reset(packed)
	err := u.Reset(&u.packed)
	if err == nil {
		err = c.readRest(u, came)
	}
	u.packed.Reset(nil)
	shared.freeUnpacker(encoding, u)
	if err == nil {
		err = c.join()
	}
	if c.spare = packed; cap(packed) > keptBody {
		c.spare = nil
	}
	shared.reserve(-reserved)
	return err
}

// undecoded says why the body is not to be had.
func (c *Call) undecoded(err error, encoding int) *Error {
	c.discard()
	if !errors.As(err, &c.Err) {
		c.Err = &Error{Kind: KindConnection, Code: CodeDecode, Message: "the response's body cannot be decoded: " + encodings[encoding], err: err}
	}
	return c.Err
}
