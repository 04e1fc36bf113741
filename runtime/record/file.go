package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

var (
	// ErrInUse says that another run writes a record to this file.
	ErrInUse = errors.New("another run writes its record there")
	// ErrForeign says that a file is there, and holds no record.
	ErrForeign = errors.New("it is there already, and is no record of plimsoll")
)

// Create opens the file of a new record, which nobody else can as long as it is open: see [ErrInUse]. A record that is
// there is emptied; any other file is, too, where replace says so, and else refused: [ErrForeign]. What is no file of a
// disk, such as /dev/null, is opened as it is.
func Create(path string, replace bool) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := claim(f, replace); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func claim(f *os.File, replace bool) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if err := lock(f); errors.Is(err, ErrInUse) {
		return fmt.Errorf("%s: %w", f.Name(), err)
	} // a file system without locks has none to respect
	if !replace && info.Size() > 0 && !Is(f) {
		return fmt.Errorf("%s: %w", f.Name(), ErrForeign)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return f.Truncate(0)
}

// Is says whether what is read begins as a record does. The first row may be cut.
func Is(r io.Reader) bool {
	head, err := bufio.NewReader(r).Peek(len(firstRow))
	return (err == nil || errors.Is(err, io.EOF)) && len(head) > 0 && strings.HasPrefix(firstRow, string(head))
}

// firstRow is how each record begins.
const firstRow = `{"type":"run",`

// InUse says whether a run writes the record at path.
func InUse(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // the lock goes with it
	return errors.Is(lock(f), ErrInUse)
}
