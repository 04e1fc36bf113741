package cli

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
)

// Output is a stream of this process, whose reader may go away (`| head -1`, a terminal that is closed). What is written
// then goes nowhere and is no error: the command's work, and the files that it writes, are worth the same.
type Output struct {
	file   *os.File
	device bool // a terminal, mostly
	gone   atomic.Bool
}

// NewOutput is the stream of a file: os.Stdout, os.Stderr.
func NewOutput(file *os.File) *Output {
	info, err := file.Stat()
	return &Output{file: file, device: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// Write writes to the reader, as long as there is one.
func (o *Output) Write(p []byte) (int, error) {
	if o.gone.Load() {
		return len(p), nil
	}
	n, err := o.file.Write(p)
	if err != nil && (unread(err) || o.device && errors.Is(err, syscall.EIO)) {
		o.gone.Store(true)
		return len(p), nil
	}
	return n, err
}

// Fd is the file's descriptor, for what asks whether it is a terminal.
func (o *Output) Fd() uintptr { return o.file.Fd() }

// Gone says whether the reader of a stream has gone away: a command that does nothing but print ends then.
func Gone(w io.Writer) bool {
	o, ok := w.(*Output)
	return ok && o.gone.Load()
}

// Stream is the stream as a child process gets it: the file itself where there is one.
func Stream(w io.Writer) io.Writer {
	if o, ok := w.(*Output); ok {
		return o.file
	}
	return w
}
