package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// ScriptFiles is where what a script wants written may go.
type ScriptFiles struct {
	Stdout, Stderr io.Writer
	Taken          []string // files that the command reads or writes itself
	Replace        bool     // what is there already
}

// Write writes to stdout, to stderr or to a file below the working folder,
// whatever links are there. Its error is one of the script.
func (o ScriptFiles) Write(path string, data []byte) error {
	var err error
	switch path {
	case "stdout":
		_, err = o.Stdout.Write(data)
	case "stderr":
		_, err = o.Stderr.Write(data)
	default:
		if err = o.file(path, data); err != nil {
			return FaultError{Code: exit.Script, Err: fmt.Errorf("handleSummary: %w", err), Advice: "the result itself is whole; let handleSummary return another name"}
		}
	}
	return err
}

func (o ScriptFiles) file(path string, data []byte) error {
	here, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	name := path
	if filepath.IsAbs(path) {
		if name, err = filepath.Rel(here, path); err != nil {
			return fmt.Errorf("%q is outside of the working folder: scripts write nothing there", path)
		}
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%q is outside of the working folder: scripts write nothing there", path)
	}
	for _, other := range o.Taken {
		if other != "" && same(name, other) {
			return fmt.Errorf("%q is a file of this run itself: name another one", path)
		}
	}
	root, err := os.OpenRoot(here)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // it was only a way to files
	info, err := root.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%q is there already, and is no file", path)
	case err == nil && !o.Replace:
		return fmt.Errorf("%q is there already: move it away, or say --force", path)
	}
	if err := root.WriteFile(name, data, 0o644); err != nil {
		return fmt.Errorf("%q cannot be written: %w", path, err)
	}
	return nil
}
