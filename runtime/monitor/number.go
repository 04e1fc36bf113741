package monitor

import (
	"encoding/json"
	"math"
)

// number is one of an answer in JSON: what is none, or is missing, is unknown
// and spoils nothing beside it.
type number struct {
	v    float64
	told bool
}

// UnmarshalJSON takes whatever stands there.
func (n *number) UnmarshalJSON(text []byte) error {
	var v float64
	n.told = string(text) != "null" && json.Unmarshal(text, &v) == nil && !math.IsInf(v, 0)
	n.v = v
	return nil
}

// value is the number, or unknown.
func (n number) value() float64 {
	if !n.told {
		return unknown()
	}
	return n.v
}
