package threshold

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// grammar is what advice shows.
const grammar = "write an aggregate, an operator and a number, such as p(95)<200, avg<=1.5s, rate>0.95 or count>100, and perhaps over 10s or after 30s"

// Parse reads a threshold: name is a metric, perhaps with a filter
// (http_req_duration{status:200}), text what it is to keep.
func Parse(name, text string) (Threshold, error) {
	t := Threshold{Name: strings.TrimSpace(name), Text: strings.TrimSpace(text)}
	if err := t.parseName(); err != nil {
		return t, err
	}
	if err := t.parseText(); err != nil {
		return t, err
	}
	if kind, isTime, ok := metric.Builtin(t.Metric); ok {
		if err := t.check(kind, isTime); err != nil {
			return t, err
		}
	}
	return t, nil
}

// parseName splits metric{tag:value,…}.
func (t *Threshold) parseName() error {
	fault := func(at int, problem, advice string) error {
		return &Error{Text: t.Name, At: at, Problem: problem, Advice: advice}
	}
	const form = "write the metric and its tags as http_req_duration{status:200,name:login}"
	if len(t.Name) > maxText || !utf8.ValidString(t.Name) {
		t.Name = strings.ToValidUTF8(t.Name[:min(len(t.Name), 60)], "�")
		return fault(0, fmt.Sprintf("is longer than %d bytes, or not UTF-8", maxText), form)
	}
	name, filter, filtered := strings.Cut(t.Name, "{")
	t.Metric = strings.TrimSpace(name)
	switch {
	case t.Metric == "":
		return fault(0, "names no metric", form)
	case strings.ContainsFunc(t.Metric, func(c rune) bool { return c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) }):
		return fault(0, "is no name of a metric", form)
	case !filtered:
		return nil
	}
	open := utf8.RuneCountInString(name) + 1
	filter, closed := strings.CutSuffix(filter, "}")
	if !closed {
		return fault(open, "opens a brace that is not closed", form)
	}
	at := open + 1
	for _, part := range split(filter, ',') {
		key, value, ok := strings.Cut(part, ":")
		key = unquote(strings.TrimSpace(key))
		switch {
		case !ok || key == "":
			return fault(at, fmt.Sprintf("has the tag %q without a value", strings.TrimSpace(part)), form)
		case slices.ContainsFunc(t.Tags, func(tag metric.Tag) bool { return tag.Key == key }):
			return fault(at, fmt.Sprintf("has the tag %q twice: no sample carries two values of it", key), "make two thresholds of it")
		case len(t.Tags) == maxTags:
			return fault(at, fmt.Sprintf("has more than %d tags", maxTags), form)
		}
		t.Tags = append(t.Tags, metric.Tag{Key: key, Value: unquote(strings.TrimSpace(value))})
		at += utf8.RuneCountInString(part) + 1
	}
	return nil
}

// split splits at a separator that does not stand in quotes or braces. A quote
// opens where a word begins: it's one word.
func split(text string, at byte) []string {
	var parts []string
	begin, depth, quote, before := 0, 0, byte(0), byte(',')
	for i := range len(text) {
		last := before
		if before = text[i]; before == ' ' {
			before = last
		}
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && strings.IndexByte(",:;{", last) >= 0:
			quote = c
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == at && depth <= 0:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}

// unquote takes a word out of its quotes, double or single.
func unquote(s string) string {
	if len(s) < 2 || s[0] != s[len(s)-1] {
		return s
	}
	switch s[0] {
	case '"':
		if plain, err := strconv.Unquote(s); err == nil {
			return plain
		}
		return s[1 : len(s)-1]
	case '\'':
		return s[1 : len(s)-1]
	}
	return s
}

// scanner goes through an expression.
type scanner struct {
	rest string
	at   int // the character, from 1
}

func (s *scanner) spaces() {
	s.while(unicode.IsSpace)
}

// while takes characters as long as they are of a kind.
func (s *scanner) while(of func(rune) bool) string {
	n := strings.IndexFunc(s.rest, func(c rune) bool { return !of(c) })
	if n < 0 {
		n = len(s.rest)
	}
	return s.take(n)
}

func (s *scanner) take(n int) string {
	word := s.rest[:n]
	s.rest = s.rest[n:]
	s.at += utf8.RuneCountInString(word)
	return word
}

// next takes a character if it comes.
func (s *scanner) next(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.take(1)
	return true
}

// number takes what looks like one.
func (s *scanner) number() (float64, string, bool) {
	digits := func(from int) int {
		for from < len(s.rest) && (s.rest[from] >= '0' && s.rest[from] <= '9' || s.rest[from] == '.') {
			from++
		}
		return from
	}
	n := 0
	if s.rest != "" && (s.rest[0] == '-' || s.rest[0] == '+') {
		n++
	}
	n = digits(n)
	if n < len(s.rest) && (s.rest[n] == 'e' || s.rest[n] == 'E') { // an exponent, where digits follow
		from := n + 1
		if from < len(s.rest) && (s.rest[from] == '-' || s.rest[from] == '+') {
			from++
		}
		if to := digits(from); to > from {
			n = to
		}
	}
	text := s.take(n)
	v, err := strconv.ParseFloat(text, 64)
	return v, text, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

func isLetter(c rune) bool { return c == '_' || c == '%' || c == '/' || unicode.IsLetter(c) }

func isWord(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }

// parseText reads the expression.
func (t *Threshold) parseText() error {
	if len(t.Text) > maxText || !utf8.ValidString(t.Text) {
		t.Text = strings.ToValidUTF8(t.Text[:min(len(t.Text), 60)], "�")
		return t.advise(0, fmt.Sprintf("is longer than %d bytes, or not UTF-8", maxText), grammar)
	}
	s := &scanner{rest: t.Text, at: 1}
	if t.Text == "" {
		return t.advise(0, "is empty", grammar)
	}
	for _, step := range []func(*scanner) error{t.parseAggregate, t.parseOperator, t.parseLimit} {
		s.spaces()
		if err := step(s); err != nil {
			return err
		}
	}
	for s.spaces(); s.rest != ""; s.spaces() {
		if err := t.parseSpan(s); err != nil {
			return err
		}
	}
	return nil
}

func (t *Threshold) advise(at int, problem, advice string) error {
	e := t.fault(at, problem, "", nil)
	e.Advice = advice
	return e
}

// words are the aggregates as advice names them.
var words = []string{"avg", "min", "max", "med", "p(95)", "count", "rate", "value"}

func (t *Threshold) parseAggregate(s *scanner) error {
	at := s.at
	word := s.while(isWord)
	switch {
	case word == "p":
		return t.parsePercent(s)
	case word == "":
		return t.advise(at, "begins with no aggregate", grammar)
	case slices.Contains(words, word):
		t.Aggregate = Aggregate(word)
		return nil
	}
	digits := strings.TrimLeft(word, "pP")
	if _, err := strconv.ParseFloat(digits, 64); err == nil && digits != word {
		return t.advise(at, fmt.Sprintf("begins with %q", word), "write a percentile as p("+digits+")")
	}
	return t.fault(at, fmt.Sprintf("begins with %q, which is no aggregate", word), word, words)
}

func (t *Threshold) parsePercent(s *scanner) error {
	const form = "write a percentile as p(95) or p(99.9)"
	t.Aggregate = Percentile
	s.spaces()
	if !s.next('(') {
		return t.advise(s.at, "has a percentile without a number in parentheses", form)
	}
	s.spaces()
	at := s.at
	v, text, ok := s.number()
	if !ok || v < 0 || v > 100 {
		return t.advise(at, fmt.Sprintf("has the percentile %q: it is a number from 0 to 100", text), form)
	}
	t.Percent = v
	s.spaces()
	if !s.next(')') {
		return t.advise(s.at, "has a percentile whose parenthesis is not closed", form)
	}
	return nil
}

func (t *Threshold) parseOperator(s *scanner) error {
	at := s.at
	t.Operator = s.while(func(c rune) bool { return strings.ContainsRune("<>=!~", c) })
	known := []string{"<", "<=", ">", ">=", "==", "===", "!="}
	if slices.Contains(known, t.Operator) {
		return nil
	}
	instead := map[string]string{"=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "!==": "!=", "!": "!="}[t.Operator]
	switch {
	case instead != "":
		return t.advise(at, fmt.Sprintf("has the operator %q, which there is not", t.Operator), "did you mean "+instead+"?")
	case t.Operator != "":
		return t.advise(at, fmt.Sprintf("has the operator %q, which there is not", t.Operator), "there are "+strings.Join(known, ", "))
	default:
		return t.advise(at, "has no operator where one is due", grammar)
	}
}

func (t *Threshold) parseLimit(s *scanner) error {
	at := s.at
	v, text, ok := s.number()
	if !ok {
		if word := s.while(isWord); text == "" && word != "" {
			text = word
		}
		if text == "" {
			return t.advise(at, "has no number to compare with", grammar)
		}
		return t.advise(at, fmt.Sprintf("compares with %q, which is no number", text), grammar)
	}
	t.Limit = v
	if s.rest != "" && isLetter(rune(s.rest[0])) || strings.HasPrefix(s.rest, "µ") {
		t.Unit = s.while(isLetter)
	}
	return nil
}

// parseSpan reads "over 10s" and "after 30s".
func (t *Threshold) parseSpan(s *scanner) error {
	at := s.at
	word := s.while(isWord)
	into := map[string]*time.Duration{"over": &t.Over, "after": &t.After}[word]
	if into == nil {
		if word == "" {
			word = s.rest
		}
		return t.fault(at, fmt.Sprintf("goes on with %q after the number", word), word, []string{"over 10s", "after 30s"})
	}
	if *into != 0 {
		return t.advise(at, fmt.Sprintf("says %q twice", word), "keep one of them")
	}
	s.spaces()
	at = s.at
	text := s.while(func(c rune) bool { return !unicode.IsSpace(c) })
	d, err := time.ParseDuration(text)
	least := time.Millisecond
	if word == "over" {
		least = shortestWindow
	}
	if err != nil || d < least || d > longest {
		return t.advise(at, fmt.Sprintf("has %q behind %s: it is a time from %v to %v", text, word, least, longest), "write "+word+" 10s")
	}
	*into = d
	return nil
}
