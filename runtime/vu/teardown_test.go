package vu_test

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// What fails in afterVU is counted and said; one that was interrupted and did not end in its last words is only said.
func TestAnAfterVUThatFailsIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		afterVU     string
		interrupted bool
		failed      int
		said        string
	}{
		"none":                          {"", false, 0, ""},
		"well":                          {"afterVU(() => {})", false, 0, ""},
		"well, interrupted":             {"afterVU(() => {})", true, 0, ""},
		"well, later":                   {"afterVU(async () => { await null })", false, 0, ""},
		"throws":                        {"afterVU(() => { throw new Error('stays') })", false, 2, "stays"},
		"throws a word":                 {"afterVU(() => { throw 'stays' })", false, 2, "stays"},
		"throws, interrupted":           {"afterVU(() => { throw new Error('stays') })", true, 2, "stays"},
		"rejects":                       {"afterVU(async () => { throw new Error('stays') })", false, 2, "stays"},
		"rejects later":                 {"afterVU(async () => { await null; throw new Error('stays') })", false, 2, "stays"},
		"knows no such function":        {"afterVU(() => { nothing() })", false, 2, "nothing"},
		"fails":                         {"afterVU(() => { fail('stays') })", false, 2, "stays"},
		"one of both":                   {"afterVU(({ vu }) => { if (vu === 2) throw new Error('stays') })", false, 1, "stays"},
		"interrupted, and does not end": {"afterVU(() => { sleep(60) })", true, 0, "took too long"},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := load(t, "import { scenario, afterVU, sleep, fail } from 'plimsoll'\nscenario('s', () => {})\n"+c.afterVU)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			for id := range 2 {
				u, err := x.factory.New(ctx, id+1)
				if err != nil {
					t.Fatal(err)
				}
				if c.interrupted {
					cancel(errors.New("grace is over"))
					u.Close()
					break
				}
				u.Close()
			}
			want := c.failed
			if c.interrupted {
				want = min(want, 1) // the second could not begin
			}
			n, first := x.factory.Teardowns()
			if n != want || (first != nil) != (want > 0) || !strings.Contains(x.said(), c.said) {
				t.Errorf("%d failed (%v), want %d; said %q, want %q", n, first, want, x.said(), c.said)
			}
			if first != nil && (!strings.Contains(first.Error(), c.said) || !strings.Contains(first.Error(), "afterVU")) {
				t.Errorf("the first is %q, want %q of afterVU", first, c.said)
			}
		})
	}
}
