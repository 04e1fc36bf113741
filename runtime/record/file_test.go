package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// names are the files of a folder.
func names(t *testing.T, dir string) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]bool{}
	for _, e := range entries {
		list[e.Name()] = true
	}
	return list
}

func TestStoreTakesNothingThatIsNeeded(t *testing.T) {
	t.Parallel()
	s := record.Store{Dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(s.Dir, "0-mine.jsonl"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	used, err := s.Create(now, "used")
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	var newest string
	for range record.Kept + 3 {
		f, err := s.Create(now.Add(-time.Hour), "later") // the clock was set back
		if err != nil {
			t.Fatal(err)
		}
		newest = f.Name()
		f.Close()
		if !names(t, s.Dir)[filepath.Base(newest)] {
			t.Fatalf("%s was there and is not", newest)
		}
	}
	left := names(t, s.Dir)
	if !left["0-mine.jsonl"] || !left[filepath.Base(used.Name())] {
		t.Errorf("a foreign file or a record in use is gone: %v", left)
	}
	if len(left) != record.Kept+2 {
		t.Errorf("%d files are left, want %d records, one in use, and one of others", len(left), record.Kept)
	}
	if got, err := s.Newest(); err != nil || got != newest {
		t.Errorf("newest = %s (%v), want %s", got, err, newest)
	}
}

func TestARecordHasOneWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.jsonl")
	first, err := record.Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.WriteString(`{"type":"run","row":{}}` + "\n"); err != nil {
		t.Fatal(err)
	}
	for _, replace := range []bool{false, true} {
		if _, err := record.Create(path, replace); !errors.Is(err, record.ErrInUse) {
			t.Errorf("a second writer: %v", err)
		}
	}
	if !record.InUse(path) {
		t.Error("it is not in use")
	}
	first.Close()
	if record.InUse(path) {
		t.Error("it is in use by nobody")
	}
	again, err := record.Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if info, err := again.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("the former record was not emptied: %v, %v", info, err)
	}
}

func TestOnlyRecordsAreReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for text, own := range map[string]bool{
		"": true, `{"type":"run","row":{"schema_version":1}}`: true, `{"type":"r`: true,
		"import http from 'plimsoll/http'\n": false, `{"type":"window"}`: false, "{}": false,
	} {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := record.Create(path, false)
		if own != (err == nil) || err != nil && !errors.Is(err, record.ErrForeign) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil {
			if kept, _ := os.ReadFile(path); string(kept) != text {
				t.Errorf("%q became %q", text, kept)
			}
			if f, err = record.Create(path, true); err != nil {
				t.Errorf("%q, to be replaced: %v", text, err)
			}
		}
		f.Close()
	}
}
