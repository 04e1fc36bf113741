package compare

import (
	"encoding/json"
	"fmt"
)

// Summary is the object of `compare --json`.
type Summary struct {
	*Comparison
	Verdict       string  `json:"verdict"`
	MaxRegression float64 `json:"max_regression"`
	Regression    *Change `json:"regression"` // null: none
}

// JSON is the comparison as one versioned object; its schema is in the folder schema beside.
func JSON(c *Comparison, beyond float64) ([]byte, error) {
	body, err := json.MarshalIndent(Summary{c, c.Verdict(beyond).Word, beyond, c.Regression(beyond)}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	return append(body, '\n'), nil
}
