// Package locale writes numbers and dates as people of a language and a country
// do, as ECMA-402 (the standard of JavaScript's Intl) asks. It knows nothing of
// JavaScript values.
//
// What it knows of each locale is in locales.json, made by testdata/locales.js
// from the Unicode Common Locale Data Repository that comes with Node. It is
// read when a script first asks for a locale, once a process.
package locale

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed locales.json
var locales []byte

// Default is the locale of those who name none: what Node has where the
// environment names none.
const Default = "en-US"

// RangeError is what is wrong with what a script asks for.
type RangeError struct{ message string }

func (e *RangeError) Error() string { return e.message }

func rangeError(format string, args ...any) *RangeError {
	return &RangeError{fmt.Sprintf(format, args...)}
}

// Part is a piece of a formatted value, as formatToParts gives it.
type Part struct{ Type, Value string }

// Join is the text of parts.
func Join(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Value)
	}
	return b.String()
}

// data is locales.json.
type data struct {
	Digits   map[string][]string // after the point of currencies, where they are not two
	Narrow   map[string]string   // symbols of currencies
	Aliases  map[string]string   // of time zones
	Lists    []string            // names of months, days and parts of the day, each with | between them
	Patterns []string
	Locales  map[string]json.RawMessage
}

var load = sync.OnceValues(func() (*data, error) {
	var d data
	err := json.Unmarshal(locales, &d)
	return &d, err
})

// Locale is what is known of one.
type Locale struct {
	Tag string `json:"-"`

	// Indexes of patterns, by the widths of weekday, year, month and day; of cycle,
	// hour, minute and second; of these with a zone, or with a weekday before them.
	Dates, Times, ZonedTimes, WeekdayTimes []int

	Glue       [4]string // between a date and a time, by how long the month is
	ZoneGlue   [4]string // between a date and a zone
	DateStyles [4]string // short to full
	TimeStyles [4][3]string
	StyleGlue  [4]string
	Zones      zoneNames
	Numbers    numberSigns

	data *data
}

type zoneNames struct {
	Offset struct{ Zero, Plus, Minus, Colon string }
	Named  [][2]string // "EST|EDT" and the zones that are called so
}

type numberSigns struct {
	Decimal, Group           string
	MoneyDecimal, MoneyGroup string
	Minus, Plus              string
	NaN, Infinity            string
	Min2                     bool // no group in a number of four digits
	Indian                   bool // groups of two above the first
	Percent, NegativePercent string
	Money, NegativeMoney     string
	Symbols, Narrow          map[string]string
}

// bare are the locales that a language alone, or with a script, stands for.
func bare(tag string) string {
	switch tag {
	case "no", "nb":
		return "nb-NO"
	case "zh", "zh-hans":
		return "zh-CN"
	case "zh-hant":
		return "zh-TW"
	case "en":
		return "en-US"
	case "sv":
		return "sv-SE"
	case "da":
		return "da-DK"
	case "cs":
		return "cs-CZ"
	case "el":
		return "el-GR"
	case "uk":
		return "uk-UA"
	case "ja":
		return "ja-JP"
	case "ko":
		return "ko-KR"
	case "pt":
		return "pt-BR"
	}
	return tag + "-" + strings.ToUpper(tag)
}

// tagShape is what a tag of BCP 47 looks like, its extensions left out.
var tagShape = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(-[a-z0-9](-[a-z0-9]{2,8})+)*$`)

// known are the locales that were asked for, by tag.
var known sync.Map

// Find returns the first locale of a list that is there; of an empty list the default.
func Find(tags []string) (*Locale, error) {
	if len(tags) == 0 {
		tags = []string{Default}
	}
	d, err := load()
	if err != nil {
		return nil, err
	}
	for _, tag := range tags {
		if !tagShape.MatchString(strings.ToLower(tag)) {
			return nil, rangeError("Incorrect locale information provided: %q is no tag such as 'de-DE'", shorten(tag))
		}
	}
	for _, tag := range tags {
		if name, ok := d.find(strings.ToLower(tag)); ok {
			return d.locale(name)
		}
	}
	return nil, rangeError("the locale %s is not supported: there are %s", shorten(strings.Join(tags, ", ")), strings.Join(Tags(), ", "))
}

// Supported says whether a locale is there, and how it is spelled.
func Supported(tag string) (string, bool) {
	d, err := load()
	if err != nil {
		return "", false
	}
	return d.find(strings.ToLower(tag))
}

func (d *data) find(lower string) (name string, ok bool) {
	if !strings.Contains(lower, "-") || strings.HasPrefix(lower, "zh-han") && len(lower) == len("zh-hans") {
		name = bare(lower)
		_, ok = d.Locales[name]
		return name, ok
	}
	language, region, _ := strings.Cut(lower, "-")
	name = language + "-" + strings.ToUpper(region)
	_, ok = d.Locales[name]
	return name, ok
}

func (d *data) locale(name string) (*Locale, error) {
	if l, ok := known.Load(name); ok {
		return l.(*Locale), nil //nolint:forcetypeassert // nothing else is put there
	}
	l := &Locale{Tag: name, data: d}
	if err := json.Unmarshal(d.Locales[name], l); err != nil {
		return nil, fmt.Errorf("locale %s: %w", name, err)
	}
	known.Store(name, l)
	return l, nil
}

// Tags are those of all locales, sorted.
func Tags() []string {
	d, err := load()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(d.Locales))
}

// maxShown bounds what of a script's text is in a message, in bytes.
const maxShown = 60

func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}
