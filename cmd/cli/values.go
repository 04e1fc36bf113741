package cli

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// value is a flag's value: how its text is taken, and what the help calls it.
type value struct {
	set  func(text string) error
	kind string
}

func (v value) String() string        { return "" }
func (v value) Type() string          { return v.kind }
func (v value) Set(text string) error { return v.set(text) }

// Func is a flag whose text is given to a function; kind is what the help calls it.
func Func(kind string, set func(text string) error) pflag.Value { return value{set, kind} }

// Text is a flag of any text.
func Text(to *string, kind string) pflag.Value {
	return value{func(text string) error { *to = text; return nil }, kind}
}

// Repeated is a flag of any text that may be repeated.
func Repeated(to *[]string, kind string) pflag.Value {
	return value{func(text string) error { *to = append(*to, text); return nil }, kind}
}

// Switch is a flag that is there or not.
func Switch(to *bool) pflag.Value {
	return value{func(text string) (err error) { *to, err = strconv.ParseBool(text); return err }, "bool"}
}

// Percent is a flag in percent, 10% or 10, as a fraction.
func Percent(to *float64) pflag.Value {
	return value{func(text string) (err error) { *to, err = plan.ParsePercent(text); return err }, string(plan.Percent)}
}

// Rate is a flag of a rate per second: 5000, 5000/s, 9000/m.
func Rate(to *float64) pflag.Value {
	return value{func(text string) (err error) { *to, err = plan.ParseRate(text); return err }, string(plan.Rate)}
}

// Bytes is a flag of a number of bytes: 100MiB, 1GiB, 5000000.
func Bytes(to *int64) pflag.Value {
	return value{func(text string) (err error) { *to, err = parseBytes(text); return err }, "size"}
}

func parseBytes(text string) (int64, error) {
	number, unit := text, int64(1)
	for suffix, bytes := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if n, ok := strings.CutSuffix(text, suffix); ok {
			number, unit = n, bytes
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 40)
	if err != nil || n < 1 {
		return 0, errors.New("write a number of bytes, as 100MiB or 5000000")
	}
	return n * unit, nil
}
