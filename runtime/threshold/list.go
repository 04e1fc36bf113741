package threshold

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ParseAll reads what options and flags hold: k6's object of lists, or
// `metric: expression`, several of them with a semicolon or a line's end between.
func ParseAll(text string) ([]Threshold, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxWhole {
		return nil, &Error{Text: text[:20] + "…", Problem: fmt.Sprintf("is longer than %d bytes", maxWhole), Advice: fmt.Sprintf("a test may have %d thresholds", MaxThresholds)}
	}
	read := parseLines
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		read = parseObject
	}
	list, err := read(text)
	if err == nil && len(list) > MaxThresholds {
		err = &Error{Metric: list[MaxThresholds].Name, Text: list[MaxThresholds].Text, Problem: fmt.Sprintf("is one too many: a test may have %d thresholds", MaxThresholds), Advice: "leave some out"}
	}
	return list, err
}

func parseLines(text string) (list []Threshold, err error) {
	for _, line := range split(strings.ReplaceAll(text, "\n", ";"), ';') {
		if strings.TrimSpace(line) == "" {
			continue
		}
		parts := split(line, ':')
		if len(parts) < 2 {
			return nil, &Error{
				Text: shorten(strings.TrimSpace(line)), Problem: "does not say which metric it is about",
				Advice: "write the metric, a colon and the bound: 'http_req_duration: p(95)<200'",
			}
		}
		t, err := Parse(parts[0], strings.Join(parts[1:], ":"))
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

const objectForm = "write thresholds: { http_req_duration: ['p(95)<200', { threshold: 'avg<100', abortOnFail: true, delayAbortEval: '10s' }] }"

func parseObject(text string) (list []Threshold, err error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return nil, &Error{Text: shorten(text), Problem: "is not an object of metrics", Advice: objectForm}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		items, err := items(name, object[name])
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			t, err := parseItem(name, item)
			if err != nil {
				return nil, err
			}
			if list = append(list, t); len(list) > MaxThresholds {
				return list, nil
			}
		}
	}
	return list, nil
}

// items is a list, or the one thing that stands in its place.
func items(name string, raw json.RawMessage) (list []json.RawMessage, err error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] != '[' && string(raw) != "null" {
		return []json.RawMessage{raw}, nil
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, &Error{Metric: name, Text: shorten(string(raw)), Problem: "is not a list of thresholds", Advice: objectForm}
	}
	return list, nil
}

// parseItem reads an expression, or k6's object with one.
func parseItem(name string, raw json.RawMessage) (Threshold, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil && raw[0] == '"' {
		return Parse(name, text)
	}
	fault := func(problem, advice string) error {
		return &Error{Metric: name, Text: shorten(string(raw)), Problem: problem, Advice: advice}
	}
	var object map[string]json.RawMessage
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &object) != nil {
		return Threshold{}, fault("is neither a string nor an object", objectForm)
	}
	known := []string{"threshold", "abortOnFail", "delayAbortEval"}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, key) {
			return Threshold{}, &Error{Metric: name, Text: shorten(string(raw)), Problem: fmt.Sprintf("has the key %q, which there is not", key), Word: key, Known: known}
		}
	}
	if json.Unmarshal(object["threshold"], &text) != nil || text == "" {
		return Threshold{}, fault("has no threshold that is a string", objectForm)
	}
	t, err := Parse(name, text)
	if err != nil {
		return t, err
	}
	if raw := object["abortOnFail"]; len(raw) > 0 && json.Unmarshal(raw, &t.AbortOnFail) != nil {
		return t, fault("has an abortOnFail that is neither true nor false", "write abortOnFail: true")
	}
	if t.Delay, err = delay(object["delayAbortEval"]); err != nil {
		return t, fault("has a delayAbortEval that is no duration", "write delayAbortEval: '10s'")
	}
	return t, nil
}

// delay reads a duration, or a number of milliseconds, as k6 does.
func delay(raw json.RawMessage) (time.Duration, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return 0, nil
	}
	var text string
	var ms float64
	d, err := time.Duration(0), json.Unmarshal(raw, &ms)
	if err == nil && ms >= 0 && ms <= float64(longest/time.Millisecond) {
		return time.Duration(ms * float64(time.Millisecond)), nil
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		return 0, err
	}
	if d, err = time.ParseDuration(text); err == nil && (d < 0 || d > longest) {
		err = fmt.Errorf("%v is not from 0 to %v", d, longest)
	}
	return d, err
}

// shorten keeps the beginning of a long text, for messages.
func shorten(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
