package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestFormerRecords reads records that a former version wrote: a load, a
// sizing, a classic one, one of a rented machine, and one that was cut.
func TestFormerRecords(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/records",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_STATE_HOME", env.Getenv("WORK")+"/state")
			packed, err := filepath.Glob("testdata/records/*.gz")
			if err != nil {
				return err
			}
			for _, path := range packed {
				if err := unpack(path, filepath.Join(env.WorkDir, strings.TrimSuffix(filepath.Base(path), ".gz"))); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// unpack writes what a gzip file holds.
func unpack(from, to string) error {
	packed, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = packed.Close() }()
	text, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(text)
	if err != nil {
		return err
	}
	return os.WriteFile(to, plain, 0o600)
}
