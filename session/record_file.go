package session

import (
	"fmt"
	"io"
	"os"
)

// RecordFile is a [Record] in a file, whose errors name it.
type RecordFile struct {
	*Record
	path string
}

// NewRecordFile returns a RecordFile that writes to what create makes, which is called with the first row.
func NewRecordFile(create func() (*os.File, error)) *RecordFile {
	r := &RecordFile{}
	r.Record = NewRecord(func() (io.WriteCloser, error) {
		file, err := create()
		if err != nil {
			return nil, err
		}
		r.path = file.Name()
		return file, nil
	})
	return r
}

// Path is the file's, once it is made.
func (r *RecordFile) Path() string { return r.path }

// Row writes the next row.
func (r *RecordFile) Row(row any) error { return r.incomplete(r.Record.Row(row)) }

// End closes the file.
func (r *RecordFile) End() error { return r.incomplete(r.Record.End()) }

func (r *RecordFile) incomplete(err error) error {
	if err == nil || r.path == "" {
		return err
	}
	return fmt.Errorf("the record %s is incomplete: %w", r.path, err)
}
