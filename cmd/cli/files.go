package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Kind is what a command writes to a file.
type Kind string

// The kinds of files.
const (
	RecordFile   Kind = "record"
	PageFile     Kind = "page"
	JSONFile     Kind = "JSON summary"
	MarkdownFile Kind = "Markdown summary"
	JUnitFile    Kind = "JUnit summary"
	PNGFile      Kind = "picture"
	SVGFile      Kind = "drawing"
)

// File is a file that a command is to write.
type File struct {
	Path string
	Kind Kind
}

// PNGMark is in each PNG of ours: a chunk of text, as the format has it.
const PNGMark = "tEXtSoftware\x00plimsoll"

// marks are what a file of ours holds, one of them near its beginning. A record is known by its first row.
func (k Kind) marks() []string {
	switch k {
	case PageFile:
		return []string{" · Plimsoll</title>"}
	case JSONFile:
		return []string{"{\n  \"schema_version\""}
	case MarkdownFile:
		return []string{"| iterations | rate | failed |", "| measure |"}
	case JUnitFile:
		return []string{`<testsuites name="plimsoll"`}
	case PNGFile:
		return []string{PNGMark}
	case SVGFile:
		return []string{`class="ink-f"`}
	default:
		return nil
	}
}

// headSize is how far a file's mark may be from its beginning.
const headSize = 8 << 10

// CheckFiles refuses, before anything is lost, outputs that are read by the same command or written twice, and, unless
// force says so, those that would take the place of what is no such file of ours. What is no file of a disk may be all.
func CheckFiles(outputs []File, inputs []string, force bool) error {
	for i, out := range outputs {
		if out.Path == "" || device(out.Path) {
			continue
		}
		for _, in := range inputs {
			if in != "" && same(out.Path, in) {
				return Usage("name another file", "%s is read by this command: it cannot be its %s, too", out.Path, out.Kind)
			}
		}
		if slices.ContainsFunc(outputs[:i], func(o File) bool { return o.Path != "" && same(o.Path, out.Path) }) {
			return Usage("name a file for each", "%s is to be written twice", out.Path)
		}
		if !force && !out.free() {
			return Usage("name another file, move it away, or say --force", "%s is there already, and is no %s of plimsoll", out.Path, out.Kind)
		}
	}
	return nil
}

// free says whether nobody misses what is at the file's place.
func (f File) free() bool {
	there, err := os.Open(f.Path)
	if err != nil {
		return os.IsNotExist(err) || os.IsPermission(err) // whoever writes it says what is wrong
	}
	defer func() { _ = there.Close() }() // it was only read
	head := make([]byte, headSize)
	n, _ := io.ReadFull(there, head) // a file that cannot be read is not ours
	if info, err := there.Stat(); n == 0 {
		return err == nil && info.Size() == 0
	}
	if f.Kind == RecordFile {
		return record.Is(bytes.NewReader(head[:n]))
	}
	return slices.ContainsFunc(f.Kind.marks(), func(mark string) bool { return bytes.Contains(head[:n], []byte(mark)) })
}

// device says whether a path is there, and no file of a disk.
func device(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}

// same says whether two paths lead to one file, or would.
func same(a, b string) bool {
	one, err := os.Stat(a)
	other, err2 := os.Stat(b)
	if err == nil && err2 == nil {
		return os.SameFile(one, other)
	}
	return err != nil && err2 != nil && place(a) == place(b)
}

// place is where a file would be, whatever links lead to its folder.
func place(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return abs
	}
	return filepath.Join(folder, filepath.Base(abs))
}
