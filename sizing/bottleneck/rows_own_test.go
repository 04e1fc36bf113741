package bottleneck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

func TestTheMatrixGoesOnWhereItStopped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	lots := []lot{{Cell: "lock", Variant: plain}, {Cell: "lock", Variant: rates}, {Cell: "disk", Variant: plain}}
	var order []string
	for range 10 {
		all, err := readRows(path)
		if err != nil {
			t.Fatal(err)
		}
		l, runs, ok := scarcest(lots, all, 2)
		if !ok {
			break
		}
		order = append(order, l.Cell+" "+l.Variant)
		if runs != len(order[:len(order)-1])/len(lots) {
			t.Errorf("%s has %d runs", order[len(order)-1], runs)
		}
		if err := appendRow(path, row{Cell: l.Cell, Variant: l.Variant, Right: l.Cell == "lock", Goodput: 399.98765, Text: "said"}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := strings.Join(order, ", "), "lock plain, lock rates, disk plain, lock plain, lock rates, disk plain"; got != want {
		t.Errorf("ran %s, want %s", got, want)
	}
	text, _ := os.ReadFile(path)
	if got := string(text); strings.Count(got, "\n") != 6 || strings.Count(got, "399.988") != 6 || strings.Count(got, "said") != 2 {
		t.Errorf("kept %s", got)
	}
}

func TestAMatrixThatCannotBeReadIsNotBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, []byte(`{"cell":"lo`), 0o644); err != nil {
		t.Fatal(err)
	}
	if all, err := readRows(path); err == nil {
		t.Errorf("%v of a line that is cut", all)
	}
}

func TestTheTableOfTheMatrix(t *testing.T) {
	lots := []lot{{Cell: "lock", Variant: plain, alone: true, slots: 1}, {Cell: "both", Variant: plain}, {Cell: "disk", Variant: rates, alone: true}}
	if page := matrixTable(lots, nil); !strings.Contains(page, "No runs yet.") || !strings.Contains(page, "| disk | rates |  | 0 |") {
		t.Errorf("nothing was run, and nothing says so:\n%s", page)
	}
	rows := []row{
		{Cell: "lock", Variant: plain, Name: record.LimitLock, Right: true, Goodput: 301.4, Slots: .14, Commit: "a", Machine: "big", Load: 2},
		{Cell: "lock", Variant: plain, Name: record.LimitLock, Right: true, Goodput: 290.5, Slots: -.02, Commit: "a", Machine: "big", Load: 3.5},
		{Cell: "lock", Variant: plain, Name: record.LimitCPU, Slots: 5, Commit: "a", Machine: "small", Load: 1},
		{Cell: "both", Variant: plain, Name: record.LimitUnsure, Right: true, Commit: "a", Machine: "big", Load: 2},
		{Cell: "disk", Variant: rates, Name: record.LimitGenerator, Commit: "a", Machine: "big", Load: 2},
	}
	page := matrixTable(lots, rows)
	for _, want := range []string{
		"- big: 4 of the runs, with a load of 2.0 to 3.5\n- small: 1 of the runs, with a load of 1.0 to 1.0\n", "Commit of the program: a 5.",
		"| lock | plain | 290-301 | 3 | 2 | 0 | 0 | 1 | cpu 1, lock 2 | 14 % |", "| both | plain |  | 1 | 1 | 0 | 0 | 0 | unsure 1 |  |", "| disk | rates |  | 1 | 0 | 0 | 1 | 0 | generator 1 |  |",
		"| limited by, called | cpu | generator | lock | unsure |\n|---|---|---|---|---|\n| lock | 1 |  | 2 |  |\n| both |  |  |  | 1 |\n| disk |  | 1 |  |  |\n",
		"Together: 60.0 % right, 0.0 % unsure, 20.0 % without a result, 20.0 % wrong, of 5 runs.",
		"Where one thing limits: 50.0 % right, 0.0 % unsure, 25.0 % without a result, 25.0 % wrong, of 4 runs; ĉ off by more than 10 % in 1.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	rows[0].Commit = "b"
	if page := matrixTable(lots, rows); !strings.Contains(page, "**Runs of 2 commits of the program are mixed**: a 4, b 1.") {
		t.Errorf("rows of two commits, and nothing says so:\n%s", page)
	}
}
