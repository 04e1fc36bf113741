package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/journal"
)

func TestAJournalIsReadWhateverItsLinesAreLike(t *testing.T) {
	t.Parallel()
	const a, b = `{"event":"made","kind":"machine","id":"i-a"}`, `{"event":"made","kind":"machine","id":"i-b"}`
	long := func(n int) string { return `{"event":"note","id":"long","text":"` + strings.Repeat("x", n) + `"}` }
	for name, c := range map[string]struct {
		text string
		want string // ids
		line int    // that is too long
	}{
		"nothing":                             {"", "", 0},
		"one entry":                           {a + "\n", "i-a", 0},
		"two entries":                         {a + "\n" + b + "\n", "i-a i-b", 0},
		"a last line without its end":         {a + "\n" + b, "i-a i-b", 0},
		"a last line that was cut":            {a + "\n" + b[:20], "i-a", 0},
		"empty lines":                         {"\n\n" + a + "\n\n" + b + "\n", "i-a i-b", 0},
		"a line that is no entry":             {"oops\n" + a + "\n", "i-a", 0},
		"zero bytes, as after a crash":        {a + "\n" + strings.Repeat("\x00", 4096) + "\n" + b + "\n", "i-a i-b", 0},
		"a line of 64 KiB":                    {a + "\n" + long(64<<10) + "\n" + b + "\n", "i-a long i-b", 0},
		"a line of 900 KiB":                   {long(900<<10) + "\n" + b + "\n", "long i-b", 0},
		"a line of 2 MiB":                     {a + "\n" + long(2<<20) + "\n" + b + "\n", "i-a i-b", 2},
		"a line of 5 MiB without its end":     {a + "\n" + long(5<<20), "i-a", 2},
		"lines that are too long, and others": {long(2<<20) + "\n" + a + "\n" + long(3<<20) + "\n" + b + "\n", "i-a i-b", 3},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		entries, err := journal.Read(dir)
		var ids []string
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%s: read %q, want %q", name, got, c.want)
		}
		var tooLong *journal.TooLongError
		switch {
		case c.line == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.line > 0 && (!errors.As(err, &tooLong) || tooLong.Line != c.line || !strings.Contains(err.Error(), "journal.jsonl") || tooLong.Hint() == ""):
			t.Errorf("%s: got %v, want line %d to be named", name, err, c.line)
		}
	}
}

func TestAJournalWithoutAnEndIsReadUpToABound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(`{"event":"made","id":"i-a"}` + "\n")
	if err = errors.Join(err, f.Truncate(1<<40), f.Close()); err != nil { // it takes no room
		t.Skip(err)
	}
	entries, err := journal.Read(dir)
	var tooLong *journal.TooLongError
	if len(entries) != 1 || !errors.As(err, &tooLong) {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Write(journal.Entry{Event: "note", Text: strings.Repeat("é\n", 50_000)}), j.Write(journal.Entry{Event: "ends"}), j.Close()); err != nil {
		t.Fatal(err)
	}
	if entries, err := journal.Read(dir); err != nil || len(entries) != 2 || len(entries[0].Text) != 150_000 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}
