package monitor

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

func TestATableOfJstatIsReadByItsHeader(t *testing.T) {
	j := &jvm{pid: "7", ended: make(chan struct{})}
	head := "  S0C    S1C    S0U    S1U     EC     EU     OC      OU     YGC  YGCT FGC FGCT CGC CGCT  GCT\n"
	j.follow(strings.NewReader(head + " 0,0 1024,0 - 512,0 4096,0 1024,0 8192,0 2048,0 3 0,050 1 0,100 - - 0,150\n"))
	rows, err := j.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(t, rows[0].Values, map[string]float64{record.HeapBytes: (512 + 1024 + 2048) * 1024})
	if _, known := rows[0].Values[record.GCCPU]; known {
		t.Error("a share without a row before")
	}
	j.newest, j.at = map[string]float64{"GCT": 1.15}, j.at.Add(time.Second)
	rows, err = j.Read(t.Context())
	if err != nil || rows[0].Values[record.GCCPU] < 0.99 || len(rows[0].Values) != 1 {
		t.Errorf("%v, %v; want a share of all of the second, and no heap", rows, err)
	}
}

func TestWhatJstatSaysInsteadIsTold(t *testing.T) {
	j := &jvm{pid: "7", ended: make(chan struct{})}
	j.follow(io.MultiReader(strings.NewReader("7 not found\n")))
	close(j.ended)
	if _, err := j.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "7 not found") {
		t.Errorf("%v", err)
	}
}

func TestJstatEndsWithItsSource(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no shell")
	}
	program := filepath.Join(t.TempDir(), "jstat")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho EU GCT\necho 1 0.5\nexec sleep 600\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	j, err := startJVM(program, "7")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := j.Read(t.Context()); err != nil || rows[0].Values[record.HeapBytes] != 1024 {
		t.Errorf("%v, %v", rows, err)
	}
	if err := j.Close(); err != nil { // hangs if it does not end
		t.Error(err)
	}
}
