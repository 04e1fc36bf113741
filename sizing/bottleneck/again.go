package bottleneck

import (
	"errors"
	"io"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Again says what limited a run by all rows of its record, and by what became
// known of the service's resources since.
func Again(rows *record.Reader, since []record.Resources, tolerance float64) (*record.Bottleneck, error) {
	var f Fold
	var sizing *record.Sizing
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if end, ok := row.(*record.End); ok {
			sizing = end.Sizing
		}
		f.Add(row)
	}
	for i := range since {
		f.Add(&since[i])
	}
	return f.Attribute(sizing, tolerance), nil
}

// Watched says whether a bottleneck was named with the service's resources in
// sight, or by a kill for want of memory, of which nobody else knows.
func Watched(b *record.Bottleneck) bool {
	killed := func(e record.Evidence) bool { return e.Name == record.MemoryOOMKills && e.Value > 0 }
	return b != nil && b.Name != record.LimitUnwatched && (b.Coverage > 0 || slices.ContainsFunc(b.Evidence, killed))
}
