package session

import "testing"

func TestOwnFailuresAreTheReasonWhereTheRestIsFine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		counts counts
		want   bool
	}{
		"all is well":                  {counts{ok: 100}, false},
		"few, within tolerance":        {counts{ok: 98, failed: 2, own: 2}, false},
		"all that failed":              {counts{ok: 50, failed: 50, own: 50}, true},
		"nothing else was tried":       {counts{failed: 50, own: 50}, true},
		"the target fails, too":        {counts{ok: 50, failed: 50, own: 30}, false},
		"the target fails a little":    {counts{ok: 100, failed: 53, own: 50}, true},
		"nothing worked, for the rest": {counts{failed: 50, own: 10}, false},
	} {
		if got := c.counts.limited(.05); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
