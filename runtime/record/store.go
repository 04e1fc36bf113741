package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// Kept is how many records a Store keeps.
const Kept = 20

const suffix = ".jsonl"

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

// Create makes a new record file and drops the oldest beyond [Kept].
func (s Store) Create(now time.Time, name string) (*os.File, error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("record folder: %w", err)
	}
	stamp := now.UTC().Format("20060102T150405.000Z")
	f, err := os.OpenFile(filepath.Join(s.Dir, stamp+"-"+name+suffix), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return f, s.prune()
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
	for len(files) > Kept {
		if err := os.Remove(filepath.Join(s.Dir, files[0])); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("old record: %w", err)
		}
		files = files[1:]
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
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
			files = append(files, e.Name())
		}
	}
	sort.Strings(files)
	return files, nil
}
