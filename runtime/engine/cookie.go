package engine

import (
	"strconv"
	"strings"
	"time"
)

// maxCookie is the longest name and value taken together, bytes (RFC 6265, 6.1).
const maxCookie = 4096

// Cookie is what a Set-Cookie header says, read as a browser reads it (RFC 6265, 5.2): what stands there is kept, quotes,
// backslashes and bytes beyond ASCII too.
type Cookie struct {
	Name, Value string
	Domain      string // lower case, without the leading dot; "" when there is none
	Path        string // "" when there is none, or none that counts
	Expires     time.Time
	MaxAge      int // seconds; 0: not given, -1: to be deleted now
	Secure      bool
	HTTPOnly    bool
}

// ParseCookie reads a Set-Cookie header; false when it sets nothing.
func ParseCookie(line string) (Cookie, bool) {
	pair, rest, _ := strings.Cut(line, ";")
	name, value, ok := strings.Cut(pair, "=")
	c := Cookie{Name: trimBlank(name), Value: trimBlank(value)}
	if !ok || c.Name == "" || len(c.Name)+len(c.Value) > maxCookie || hasControl(pair) {
		return Cookie{}, false
	}
	for rest != "" {
		var attribute string
		attribute, rest, _ = strings.Cut(rest, ";")
		name, value, _ := strings.Cut(attribute, "=")
		c.attribute(strings.ToLower(trimBlank(name)), trimBlank(value))
	}
	return c, true
}

// attribute takes one of the cookie's attributes; the last of several counts, and one that cannot be read does not.
func (c *Cookie) attribute(name, value string) {
	switch name {
	case "expires":
		if t, ok := cookieDate(value); ok {
			c.Expires = t
		}
	case "max-age":
		if seconds, ok := maxAge(value); ok {
			c.MaxAge = seconds
		}
	case "domain":
		if value != "" {
			c.Domain = strings.ToLower(strings.TrimPrefix(value, "."))
		}
	case "path":
		c.Path = ""
		if strings.HasPrefix(value, "/") {
			c.Path = value
		}
	case "secure":
		c.Secure = true
	case "httponly":
		c.HTTPOnly = true
	}
}

// maxAge reads the attribute of that name; -1: now.
func maxAge(value string) (int, bool) {
	digits, negative := strings.CutPrefix(value, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	const longest = 400 * 24 * 3600 // RFC 6265bis, 5.5; also keeps sums of times in range
	n, err := strconv.Atoi(digits)
	switch {
	case negative || err == nil && n == 0:
		return -1, true
	case err != nil || n > longest:
		return longest, true
	}
	return n, true
}

func trimBlank(s string) string { return strings.Trim(s, " \t") }

func hasControl(s string) bool {
	for i := 0; i < len(s); i++ {
		if ch := s[i]; ch < ' ' && ch != '\t' || ch == 0x7f {
			return true
		}
	}
	return false
}

// cookieDate reads a date by the algorithm of RFC 6265, 5.1.1, which takes every form that was ever in use: of its words,
// the first that can be the time, the day, the month and the year are.
func cookieDate(s string) (time.Time, bool) {
	d := dateParts{day: -1, year: -1}
	for _, word := range strings.FieldsFunc(s, dateDelimiter) {
		d.take(word)
	}
	switch {
	case d.year >= 70 && d.year <= 99:
		d.year += 1900
	case d.year >= 0 && d.year <= 69:
		d.year += 2000
	}
	c := d.clock
	if c == nil || d.day < 1 || d.month == 0 || d.year < 1601 || c[0] > 23 || c[1] > 59 || c[2] > 59 {
		return time.Time{}, false
	}
	t := time.Date(d.year, time.Month(d.month), d.day, c[0], c[1], c[2], 0, time.UTC)
	return t, t.Day() == d.day // else there is no such day
}

// dateParts are the parts of a date that were found: a negative day or year, month 0 and no clock are missing.
type dateParts struct {
	day, month, year int
	clock            []int
}

// take takes a word for the first part that is missing and that it can be.
func (d *dateParts) take(word string) {
	if d.clock == nil {
		if d.clock = clockOf(word); d.clock != nil {
			return
		}
	}
	if d.day < 0 {
		if d.day = leadingNumber(word, 1, 2); d.day >= 0 {
			return
		}
	}
	if d.month == 0 {
		if d.month = monthOf(word); d.month != 0 {
			return
		}
	}
	if d.year < 0 {
		d.year = leadingNumber(word, 2, 4)
	}
}

func dateDelimiter(r rune) bool {
	return r == '\t' || r >= ' ' && r <= '/' || r >= ';' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

// clockOf reads hours, minutes and seconds; nil: it is no time.
func clockOf(word string) []int {
	parts := strings.SplitN(word, ":", 3)
	if len(parts) != 3 {
		return nil
	}
	clock := make([]int, len(parts))
	for i, part := range parts {
		if clock[i] = leadingNumber(part, 1, 2); clock[i] < 0 || i < 2 && strings.Trim(part, "0123456789") != "" {
			return nil
		}
	}
	return clock
}

func monthOf(word string) int {
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	if len(word) < 3 {
		return 0
	}
	i := strings.Index(months, strings.ToLower(word[:3]))
	if i < 0 || i%3 != 0 {
		return 0
	}
	return i/3 + 1
}

// leadingNumber reads a number of so many digits, which no further digit follows; -1: there is none.
func leadingNumber(word string, least, most int) int {
	n, i := 0, 0
	for ; i < len(word) && word[i] >= '0' && word[i] <= '9'; i++ {
		if i == most {
			return -1
		}
		n = n*10 + int(word[i]-'0')
	}
	if i < least {
		return -1
	}
	return n
}
