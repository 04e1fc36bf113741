package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"time"
)

// Kept is how many records a Store keeps.
const Kept = 20

const (
	suffix      = ".jsonl"
	stampLayout = "20060102T150405.000Z"
)

// ownName is what a Store names its files. Others in its folder are not its business.
var ownName = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-.*\.jsonl$`)

// Store is a folder of records, named by the time they began.
type Store struct{ Dir string }

// ErrNoRecord says that a store is empty.
var ErrNoRecord = errors.New("no record yet: make one with `plimsoll run` or `plimsoll size`")

// StateDir returns where a user's records are, from the environment:
// $XDG_STATE_HOME/plimsoll, else ~/.local/state/plimsoll (on Windows %LOCALAPPDATA%\plimsoll).
func StateDir(getenv func(string) string) (string, error) {
	for _, c := range []struct{ env, below string }{
		{"XDG_STATE_HOME", "plimsoll"}, {"LOCALAPPDATA", "plimsoll"}, {"HOME", ".local/state/plimsoll"},
	} {
		if base := getenv(c.env); base != "" {
			return filepath.Join(base, filepath.FromSlash(c.below)), nil
		}
	}
	return "", errors.New("neither HOME nor XDG_STATE_HOME is set: name the record's file with -o")
}

// Create makes a new record file, which is in use until it is closed, and drops the oldest beyond [Kept] that nobody uses.
func (s Store) Create(now time.Time, name string) (*os.File, error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("record folder: %w", err)
	}
	files, err := s.list()
	if err != nil {
		return nil, err
	}
	f, err := s.open(after(now, files), name)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	_ = lock(f) // it is new, so the lock is there to have; a file system without locks has none
	return f, s.prune()
}

// open makes the file of a record that begins at a time, or a little later where there is one of that time.
func (s Store) open(at time.Time, name string) (*os.File, error) {
	for {
		f, err := os.OpenFile(filepath.Join(s.Dir, at.Format(stampLayout)+"-"+name+suffix), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if !errors.Is(err, os.ErrExist) {
			return f, err
		}
		at = at.Add(time.Millisecond)
	}
}

// after is the time that a new record is named by: now, or just after the newest of those that are there. So the newest is
// the last by name, too, when the clock is behind.
func after(now time.Time, files []string) time.Time {
	now = now.UTC().Truncate(time.Millisecond)
	if len(files) == 0 {
		return now
	}
	newest, err := time.Parse(stampLayout, files[len(files)-1][:len(stampLayout)])
	if err != nil || newest.Before(now) {
		return now
	}
	return newest.Add(time.Millisecond)
}

// Newest returns the path of the newest record, or ErrNoRecord.
func (s Store) Newest() (string, error) {
	files, err := s.list()
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", ErrNoRecord
	}
	return filepath.Join(s.Dir, files[len(files)-1]), nil
}

func (s Store) prune() error {
	files, err := s.list()
	if err != nil {
		return err
	}
	for _, old := range files[:max(0, len(files)-Kept)] {
		path := filepath.Join(s.Dir, old)
		if InUse(path) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("old record: %w", err)
		}
	}
	return nil
}

// list returns the records' file names, oldest first.
func (s Store) list() ([]string, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("record folder: %w", err)
	}
	var files []string
	for _, e := range entries {
		if e.Type().IsRegular() && ownName.MatchString(e.Name()) {
			files = append(files, e.Name())
		}
	}
	sort.Strings(files)
	return files, nil
}
