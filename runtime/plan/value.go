package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/threshold"
)

// Kind is what values a setting takes. All have a form as text, which is the
// same on the command line, in the environment and in a script's strings.
type Kind string

// The kinds. A script may write numbers for numbers, and lists for lists.
const (
	Count   Kind = "count"    // 10
	Time    Kind = "duration" // 30s, 1m30s, 2d; a script's number is milliseconds, a bare number in text is refused
	Percent Kind = "percent"  // 5% or 5: both are five in a hundred
	Rate    Kind = "rate"     // 150/s, 9000/m; without a unit a second
	Switch  Kind = "switch"   // true, false
	Choice  Kind = "choice"   // one of a few words
	List    Kind = "list"     // words, separated by commas
	Ramp    Kind = "stages"   // 30s:10,1m:0: durations and targets
	Pause   Kind = "back-off" // iteration, none, or a duration
	Number  Kind = "number"   // 0.5
	Seed    Kind = "seed"     // 42
	Bytes   Kind = "bytes"    // 16MiB, 500KiB, 2GiB, 5000000
	Word    Kind = "name"     // any text
	Bounds  Kind = "bounds"   // http_req_duration: p(95)<200; several with ; between, or k6's object
)

// value is a parsed value, of which a kind uses one field, and its text as shown.
type value struct {
	text     string
	number   float64
	whole    uint64
	duration time.Duration
	words    []string
	stages   []Stage
	bounds   []threshold.Threshold
}

// parse reads a setting's text; the error says what is wrong with it, not where.
func (s Spec) parse(text string) (value, error) {
	text = strings.TrimSpace(text)
	v := value{text: text}
	var err error
	switch s.Kind {
	case Count, Seed:
		v.whole, err = count(text)
		v.number = float64(v.whole)
	case Number:
		v.number, err = number(text)
	case Bytes:
		v.whole, err = size(text)
		v.number = float64(v.whole)
	case Time:
		v.duration, err = duration(text)
		v.number = float64(v.duration)
	case Percent:
		v.number, err = number(strings.TrimSpace(strings.TrimSuffix(text, "%")))
		v.text = strconv.FormatFloat(v.number, 'g', -1, 64) + "%"
	case Rate:
		v.number, err = rate(text)
		v.text = strconv.FormatFloat(v.number, 'g', -1, 64) + "/s"
	case Switch:
		err = truth(text)
	case Word:
	case Choice:
		v.words = []string{text}
	case List:
		v.words, err = words(text)
		v.text = strings.Join(v.words, ",")
	case Ramp:
		v.stages, err = stages(text)
		v.text, v.number = stagesText(v.stages), highest(v.stages)
	case Bounds:
		v.bounds, err = threshold.ParseAll(text)
	case Pause:
		v.duration, err = pause(text)
		v.number = float64(v.duration)
	}
	if err != nil {
		return v, err
	}
	return v, s.within(v)
}

func truth(text string) error {
	if text != "true" && text != "false" {
		return errors.New("is neither true nor false")
	}
	return nil
}

func pause(text string) (time.Duration, error) {
	if text == backoffIteration || text == backoffNone {
		return 0, nil
	}
	return duration(text)
}

// The words of a back-off.
const (
	backoffIteration = "iteration"
	backoffNone      = "none"
)

// within checks a value against the setting's bounds.
func (s Spec) within(v value) error {
	if len(s.Words) > 0 {
		for _, word := range v.words {
			if !slices.Contains(s.Words, word) {
				return fmt.Errorf("has %q: it takes %s", word, strings.Join(s.Words, ", "))
			}
		}
	}
	switch {
	case s.Kind == Time && v.duration < 0, s.Kind == Pause && v.duration < 0:
		return errors.New("is negative")
	case v.number < s.Min:
		return fmt.Errorf("is less than %s", s.bound(s.Min))
	case s.Max > 0 && v.number > s.Max:
		return fmt.Errorf("is more than %s", s.bound(s.Max))
	}
	return nil
}

func (s Spec) bound(n float64) string {
	text := strconv.FormatFloat(n, 'f', -1, 64)
	switch s.Kind {
	case Percent:
		return text + "%"
	case Rate:
		return text + "/s"
	case Time:
		return time.Duration(n).String()
	default:
		return text
	}
}

func count(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	switch {
	case err == nil:
		return n, nil
	case strings.HasPrefix(text, "-"):
		return 0, errors.New("is negative, not a whole number")
	default:
		return 0, errors.New("is not a whole number")
	}
}

func number(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, errors.New("is not a number")
	}
	return n, nil
}

// size reads a number of bytes, with a binary unit or without one.
func size(text string) (uint64, error) {
	unit := uint64(1)
	for suffix, bytes := range map[string]uint64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if n, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = strings.TrimSpace(n), bytes
		}
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, errors.New("is not a number of bytes such as 16MiB or 5000000")
	}
	return n * unit, nil
}

// duration reads what time.ParseDuration does, and days before it.
func duration(text string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(text, 64); err == nil && text != "0" {
		return 0, fmt.Errorf("has no unit: write %ss or %sms", text, text)
	}
	days, rest, hasDays := strings.Cut(text, "d")
	var d time.Duration
	if hasDays {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > maxDays {
			return 0, errors.New("is not a duration such as 30s, 1m30s or 2d")
		}
		d, text = time.Duration(n)*24*time.Hour, rest
		if rest == "" {
			return d, nil
		}
	}
	more, err := time.ParseDuration(text)
	switch {
	case err != nil || hasDays && more < 0:
		return 0, errors.New("is not a duration such as 30s, 1m30s or 2d")
	case more > maxDays*24*time.Hour:
		return 0, fmt.Errorf("is more than %d days", maxDays)
	}
	return d + more, nil
}

// maxDays bounds durations, so that sums of a few do not overflow.
const maxDays = 3650

// ParseRate reads a rate per second: 150, 150/s, 9000/m.
func ParseRate(text string) (float64, error) { return rate(text) }

// ParsePercent reads a percentage, 5% or 5, as a fraction.
func ParsePercent(text string) (float64, error) {
	n, err := number(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if err == nil && (n < 0 || n > 100) {
		err = errors.New("is not between 0 and 100 %")
	}
	return n / 100, err
}

// rate reads arrivals per second.
func rate(text string) (float64, error) {
	amount, unit, _ := strings.Cut(text, "/")
	n, err := number(strings.TrimSpace(amount))
	if err != nil {
		return 0, errors.New("is not a rate such as 150/s or 9000/m")
	}
	switch strings.TrimSpace(unit) {
	case "", "s":
		return n, nil
	case "m":
		return n / 60, nil
	case "h":
		return n / 3600, nil
	default:
		return 0, fmt.Errorf("has the unit %q: there are /s, /m and /h", unit)
	}
}

// words reads a JSON list of strings, or words separated by commas.
func words(text string) ([]string, error) {
	var list []string
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, errors.New("is not a list of strings")
		}
		return list, nil
	}
	for _, word := range strings.Split(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list, nil
}

// stages reads k6's two forms: [{"duration": "30s", "target": 10}] and 30s:10,1m:0.
func stages(text string) ([]Stage, error) {
	var list []Stage
	if !strings.HasPrefix(text, "[") {
		for _, part := range strings.Split(text, ",") {
			length, target, ok := strings.Cut(part, ":")
			if !ok {
				return nil, fmt.Errorf("has the stage %q: write a duration and a target, such as 30s:10", part)
			}
			s, err := stage(strings.TrimSpace(length), strings.TrimSpace(target))
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
		return list, nil
	}
	var from []struct {
		Duration, Target json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &from); err != nil {
		return nil, errors.New("is not a list of stages such as { duration: '30s', target: 10 }")
	}
	for _, f := range from {
		s, err := stage(plain(Time, f.Duration), plain(Count, f.Target))
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func stage(length, target string) (Stage, error) {
	d, err := duration(length)
	if err != nil {
		return Stage{}, fmt.Errorf("has the stage duration %q, which %w", length, err)
	}
	n, err := number(target)
	if err != nil {
		return Stage{}, fmt.Errorf("has the stage target %q, which %w", target, err)
	}
	if d < 0 || n < 0 {
		return Stage{}, fmt.Errorf("has the stage %s:%s: durations and targets are at least 0", length, target)
	}
	return Stage{Duration: d, Target: n}, nil
}

// highest is the largest target.
func highest(list []Stage) (n float64) {
	for _, s := range list {
		n = max(n, s.Target)
	}
	return n
}

func stagesText(list []Stage) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s:%s", s.Duration, strconv.FormatFloat(s.Target, 'g', -1, 64))
	}
	return b.String()
}

// plain turns a JSON value into the text of a kind: strings lose their quotes,
// and a number that stands for a duration is milliseconds, as in k6.
func plain(k Kind, raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var ms float64
	if k == Time && json.Unmarshal(raw, &ms) == nil {
		if d := ms * float64(time.Millisecond); math.Abs(d) < maxDays*24*float64(time.Hour) {
			return time.Duration(d).String()
		}
	}
	return string(raw)
}

// Join puts what a flag that is repeated says to what it said before, which
// may be "": lists grow, of others the last one counts.
func (s Spec) Join(before, text string) string {
	switch {
	case before == "":
		return text
	case s.Kind == List || s.Kind == Ramp:
		return before + "," + text
	case s.Kind == Bounds:
		return before + ";" + text
	default:
		return text
	}
}
