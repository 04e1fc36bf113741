package sizing

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Objective is a promise on response times, "p(95)<200ms": a share of the
// requests must succeed within a limit. It is judged as the share that failed
// or was late, so that no quantile has to be estimated.
type Objective struct {
	Share float64 // of the requests, 0.95
	Limit time.Duration
}

var objectivePattern = regexp.MustCompile(`^p\(?([0-9.]+)\)?<=?([0-9a-zµ.]+)$`)

// ParseObjective reads "p(95)<200ms" (also "p95 < 0.2s"; a bare number is milliseconds, as in k6's thresholds).
func ParseObjective(text string) (Objective, error) {
	parts := objectivePattern.FindStringSubmatch(strings.ReplaceAll(text, " ", ""))
	if parts == nil {
		return Objective{}, usageError{"objective", text, "is not of the form 'p(95)<200ms'"}
	}
	percent, err := strconv.ParseFloat(parts[1], 64)
	if err != nil || percent <= 0 || percent >= 100 {
		return Objective{}, usageError{"objective", text, "needs a percentile above 0 and below 100: 'p(95)<200ms'"}
	}
	limit := parts[2]
	if strings.Trim(limit, "0123456789.") == "" {
		limit += "ms"
	}
	d, err := time.ParseDuration(limit)
	if err != nil || d <= 0 {
		return Objective{}, usageError{"objective", text, "needs a time above 0: 'p(95)<200ms'"}
	}
	return Objective{Share: math.Round(percent*1e6) / 1e8, Limit: d}, nil
}

// String writes it as ParseObjective reads it.
func (o Objective) String() string {
	return fmt.Sprintf("p(%s)<%s", strconv.FormatFloat(o.Share*100, 'g', 6, 64), o.Limit)
}

// allowed is the share of requests that may fail or be late.
func (o Objective) allowed() float64 { return 1 - o.Share }

// usageError says which setting is wrong; the tool's exit code is 2.
type usageError struct{ what, value, why string }

func (e usageError) Error() string { return fmt.Sprintf("%s %q %s", e.what, e.value, e.why) }

// ExitCode is that of a wrong configuration.
func (usageError) ExitCode() int { return exit.Usage }
