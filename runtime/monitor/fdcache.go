package monitor

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
)

// fdCache keeps the kernel's small text files open and reads them again from
// their start, which costs a third of opening them each time.
type fdCache struct {
	open map[string]*os.File
	buf  []byte
}

// read returns what is in a file now; the bytes are valid until the next read.
func (f *fdCache) read(path string) ([]byte, error) {
	file := f.open[path]
	if file == nil {
		var err error
		if file, err = os.Open(path); err != nil {
			return nil, err
		}
		if f.open == nil {
			f.open = map[string]*os.File{}
		}
		f.open[path] = file
	}
	if f.buf == nil {
		f.buf = make([]byte, 16<<10)
	}
	n := 0
	for {
		got, err := file.ReadAt(f.buf[n:], int64(n))
		n += got
		switch {
		case errors.Is(err, io.EOF):
			return f.buf[:n], nil
		case err != nil:
			f.drop(path)
			return nil, err
		case n == len(f.buf):
			f.buf = append(f.buf, make([]byte, len(f.buf))...)
		}
	}
}

// drop closes one file.
func (f *fdCache) drop(path string) {
	if file := f.open[path]; file != nil {
		_ = file.Close() // read only: nothing to lose
		delete(f.open, path)
	}
}

// Close closes all.
func (f *fdCache) Close() error {
	for path := range f.open {
		f.drop(path)
	}
	return nil
}

// number reads a file that holds one number. It is false for "max" and for what cannot be read.
func (f *fdCache) number(path string) (float64, bool) {
	text, err := f.read(path)
	if err != nil {
		return 0, false
	}
	return parse(bytes.TrimSpace(text))
}

// fields calls each with every line "name number" of a file; what is no number is unknown.
func (f *fdCache) fields(path string, each func(name string, value float64)) error {
	text, err := f.read(path)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text) {
		name, rest, ok := bytes.Cut(bytes.TrimSpace(line), []byte{' '})
		if ok {
			each(string(name), figure(bytes.TrimSpace(rest)))
		}
	}
	return nil
}

// parse reads a number as the kernel writes them: none is negative, but for what means "none".
func parse(text []byte) (float64, bool) {
	if len(text) == 0 || len(text) > 40 {
		return 0, false
	}
	if n, err := strconv.ParseUint(string(text), 10, 64); err == nil {
		return float64(n), true
	}
	v, err := strconv.ParseFloat(string(text), 64)
	return v, err == nil && sound(v)
}

// figure is parse for what is summed up: unknown where there is no number.
func figure(text []byte) float64 {
	if v, ok := parse(text); ok {
		return v
	}
	return unknown()
}
