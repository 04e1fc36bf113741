// Package journal is the file of a run that gets a line before anything is made, so that what a run which was killed has
// made can be found again.
package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// Entry is one line of a journal: what is about to be made, or what became of it.
type Entry struct {
	At     time.Time     `json:"at"`
	Event  string        `json:"event"` // begins, intends, made, gone, note, ends
	Kind   string        `json:"kind,omitempty"`
	ID     string        `json:"id,omitempty"`
	Name   string        `json:"name,omitempty"` // a group's name, a type, a bucket with its prefix
	Token  string        `json:"token,omitempty"`
	Region string        `json:"region,omitempty"`
	Tags   provider.Tags `json:"tags,omitempty"`
	Text   string        `json:"text,omitempty"`
}

// Kinds of what a journal tells.
const (
	KindMachine    = "machine"
	KindGroup      = "group"
	KindContainers = "containers" // on a machine that is not ours
	KindObjects    = "objects"    // in a bucket
)

// journalName is the file's name in the folder of a run.
const journalName = "journal.jsonl"

// Journal is a file of a run that gets a line before anything is made. It
// holds no secret. After a crash it tells what tags cannot: which machines of
// others have our containers, and which bucket our files.
type Journal struct {
	mu   sync.Mutex
	file *os.File
}

// Open begins or goes on with the journal of a run's folder.
func Open(folder string) (*Journal, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("the run's folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(folder, journalName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the run's journal: %w", err)
	}
	return &Journal{file: f}, nil
}

// Write adds an entry and waits until it is on the disk: what follows may be the last thing we do.
func (j *Journal) Write(e Entry) error {
	e.At = time.Now().UTC()
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("the run's journal: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("the run's journal: %w", err)
	}
	if err := j.file.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("the run's journal: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }

// Bounds of what is read of a journal: no run writes a thousandth of it.
const (
	maxLine    = 1 << 20
	maxJournal = 64 << 20
)

// TooLongError says what of a journal was not read.
type TooLongError struct {
	Path string
	Line int // 0: all after the limit of the file
}

func (e *TooLongError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s: line %d is longer than %d bytes, and no run writes such: it was not read", e.Path, e.Line, maxLine)
	}
	return fmt.Sprintf("%s is longer than %d bytes, and no run writes such: its end was not read", e.Path, maxJournal)
}

// Hint says what to do.
func (e *TooLongError) Hint() string { return "look at the file; what it tells besides is used" }

// Read reads what a run's folder tells. A last line that was cut is left out.
// With a [TooLongError] come all the entries that could be read.
func Read(folder string) ([]Entry, error) {
	path := filepath.Join(folder, journalName)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	var all []Entry
	var failed error
	bounded := &io.LimitedReader{R: f, N: maxJournal}
	lines := bufio.NewReaderSize(bounded, maxLine)
	for n, rest := 1, false; ; {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			failed, rest = &TooLongError{path, n}, true
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return all, fmt.Errorf("the run's journal: %w", err)
		}
		var e Entry
		if !rest && json.Unmarshal(line, &e) == nil {
			all = append(all, e)
		}
		if n, rest = n+1, false; err != nil {
			break
		}
	}
	if more, _ := f.Read(make([]byte, 1)); bounded.N <= 0 && more > 0 {
		failed = &TooLongError{Path: path}
	}
	return all, failed
}

// Runs lists the runs that a folder of runs knows, oldest first.
func Runs(dir string) ([]string, error) {
	found, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var runs []string
	for _, d := range found {
		if _, err := os.Stat(filepath.Join(dir, d.Name(), journalName)); err == nil {
			runs = append(runs, d.Name())
		}
	}
	slices.Sort(runs)
	return runs, err
}

// Left lists what a journal says was made or intended, and not that it is gone.
func Left(entries []Entry, kind string) []Entry {
	var left []Entry
	for _, e := range entries {
		if e.Kind != kind {
			continue
		}
		same := func(o Entry) bool {
			if e.ID != "" {
				return o.ID == e.ID
			}
			return o.ID == "" && o.Name == e.Name
		}
		if e.Event == "gone" {
			left = slices.DeleteFunc(left, same)
		} else if !slices.ContainsFunc(left, same) {
			left = append(left, e)
		}
	}
	return left
}

// Made is what a journal says is there: by its id, or by its name where the answer was lost.
func Made(entries []Entry, kind string) []Entry {
	left := Left(entries, kind)
	return slices.DeleteFunc(left, func(e Entry) bool {
		return e.ID == "" && slices.ContainsFunc(entries, func(o Entry) bool { return o.Kind == kind && o.ID != "" && o.Name == e.Name })
	})
}
