package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// elsewhere are options that other packages read.
const elsewhere = "noCookiesReset setupTimeout teardownTimeout"

// k6Only are k6's options that have no effect here. A script with them runs,
// but perhaps not as it was meant.
const k6Only = `tags rps dns hosts maxRedirects userAgent batch batchPerHost httpDebug tlsVersion
	tlsCipherSuites tlsAuth throw blacklistIPs blockHostnames noConnectionReuse noVUConnectionReuse minIterationDuration
	summaryTrendStats summaryTimeUnit systemTags metricSamplesBufferSize localIPs consoleOutput
	executionSegment executionSegmentSequence handleSummaryTimeout noSetup noTeardown paused cloud ext linger`

// renamed are k6's options that have another name here.
func renamed(option string) string {
	if option == "insecureSkipTLSVerify" {
		return "insecure"
	}
	return option
}

// script takes the options of a script. Unknown ones are told, not refused: a
// script may be written for a newer version, or for k6.
func (r *resolver) script(raw json.RawMessage) error {
	options, err := members(raw)
	if err != nil {
		return &Error{"options", shorten(string(raw)), Script, "is not an object", "write export const options = { vus: 10, duration: '30s' }"}
	}
	sizing, err := members(options["sizing"])
	if err != nil {
		return &Error{"sizing", shorten(string(options["sizing"])), Script, "is not an object", "write sizing: { tolerance: '5%' }"}
	}
	delete(options, "sizing")
	for name, value := range sizing {
		options["sizing."+name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if err := r.option(name, options[name]); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) option(name string, raw json.RawMessage) error {
	spec, ok := findOption(renamed(name))
	switch {
	case ok:
	case name == "scenarios":
		if string(raw) != "null" {
			r.scenarios = raw
		}
		return nil
	case slices.Contains(strings.Fields(elsewhere), name):
		return nil
	case slices.Contains(strings.Fields(k6Only), name):
		r.warn("options.%s has no effect here", name)
		return nil
	default:
		r.warn("options.%s is unknown: %s", name, Suggest(name, optionNames()))
		return nil
	}
	text, err := spec.fromJSON(raw)
	if err != nil {
		return &Error{"options." + name, shorten(string(raw)), Script, err.Error(), "it is " + spec.Doc + example(spec)}
	}
	if text != "" {
		r.chosen[spec.Name] = given{text, Script, "options." + name}
	}
	return nil
}

// fromJSON turns an option into the text of its kind; "" when it is null.
func (s Spec) fromJSON(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	list := s.Kind == List || s.Kind == Ramp
	switch {
	case len(raw) == 0, string(raw) == "null", s.Kind == Ramp && string(raw) == "[]":
		return "", nil
	case s.Kind == Bounds:
		return string(raw), nil
	case raw[0] == '{', raw[0] == '[' && !list:
		return "", fmt.Errorf("is not a %s", s.Kind)
	case s.Kind == Pause && raw[0] != '"':
		return "", fmt.Errorf("has no unit: write '%ss'", raw)
	default:
		return plain(s.Kind, raw), nil
	}
}

func findOption(name string) (Spec, bool) {
	for _, s := range Table() {
		if s.Option == name && name != "" {
			return s, true
		}
	}
	return Spec{}, false
}

func optionNames() []string {
	var list []string
	for _, s := range Table() {
		if s.Option != "" {
			list = append(list, s.Option)
		}
	}
	return list
}

// members returns an object's members; none of nothing, or of null.
func members(raw json.RawMessage) (map[string]json.RawMessage, error) {
	m := map[string]json.RawMessage{}
	if len(raw) == 0 {
		return m, nil
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	if m == nil {
		m = map[string]json.RawMessage{}
	}
	return m, nil
}

// shorten keeps the beginning of a long value, for messages.
func shorten(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// Suggest names the known name that is nearest to one that is not; where none is near it lists all.
func Suggest(name string, known []string) string {
	if near, ok := Nearest(name, known); ok {
		return "did you mean " + near + "?"
	}
	return "there are " + strings.Join(known, ", ")
}

// Nearest is the known word that a name was probably meant to be; false where none is near.
func Nearest(name string, known []string) (string, bool) {
	best, least := "", len(name)/2+1
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}

// distance counts the letters to insert, remove or replace between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
