package engine

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/andybalholm/brotli"
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

// brotliDecoder and zlibDecoder have Reset methods of other shapes.
type (
	brotliDecoder struct{ *brotli.Reader }
	zlibDecoder   struct{ io.ReadCloser }
)

func (d *zlibDecoder) Reset(r io.Reader) (err error) {
	if d.ReadCloser != nil {
		return d.ReadCloser.(zlib.Resetter).Reset(r, nil)
	}
	d.ReadCloser, err = zlib.NewReader(r)
	return err
}

// encodings are those that are undone.
var encodings = [...]string{"gzip", "deflate", "br", "zstd"}

func encodingIndex(encoding string) int { return slices.Index(encodings[:], encoding) }

// newDecoder makes the decoder of an encoding.
func newDecoder(encoding string) decoder {
	switch encoding {
	case "gzip":
		return new(gzip.Reader)
	case "deflate":
		return &zlibDecoder{}
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

// decode undoes the body's Content-Encoding; one that is not known is left as it is.
func (c *Call) decode() *Error {
	shared, encoding := c.client.shared, string(c.head.ContentEncoding())
	u := shared.unpacker(encoding)
	if u == nil {
		return nil
	}
	packed := c.buf
	c.buf, c.spare = c.spare[:0], nil
	u.packed.Reset(packed)
	err := u.Reset(&u.packed)
	if err == nil {
		err = c.readRest(u, len(packed))
	}
	u.packed.Reset(nil)
	shared.freeUnpacker(encoding, u)
	if err == nil {
		err = c.join()
	}
	if c.spare = packed; cap(packed) > keptBody {
		c.spare = nil
	}
	if err == nil {
		c.body = c.buf
		return nil
	}
	c.discard()
	if !errors.As(err, &c.Err) {
		c.Err = &Error{Kind: KindConnection, Code: CodeDecode, Message: "the response's body cannot be decoded: " + encoding, err: err}
	}
	return c.Err
}
