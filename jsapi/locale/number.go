package locale

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Decimal is a number as its digits.
type Decimal struct {
	negative bool
	digits   string // without zeros at either end; empty: zero
	point    int    // how many of the digits stand before the point
	special  string // "nan" or "infinity"
}

// Float is a number of JavaScript: its shortest digits, as it is written.
func Float(f float64) Decimal {
	d := Decimal{negative: math.Signbit(f)}
	switch {
	case math.IsNaN(f):
		return Decimal{special: "nan"}
	case math.IsInf(f, 0):
		d.special = "infinity"
		return d
	}
	text, exponent, _ := strings.Cut(strconv.FormatFloat(math.Abs(f), 'e', -1, 64), "e")
	d.point, _ = strconv.Atoi(exponent)
	d.point++
	d.digits = strings.Replace(text, ".", "", 1)
	return d.trimmed()
}

// Integer is an integer of any length, as it is written in decimal.
func Integer(text string) Decimal {
	digits, negative := strings.CutPrefix(text, "-")
	return Decimal{negative: negative, digits: digits, point: len(digits)}.trimmed()
}

func (d Decimal) trimmed() Decimal {
	all := strings.TrimLeft(d.digits, "0")
	d.point -= len(d.digits) - len(all)
	d.digits = strings.TrimRight(all, "0")
	if d.digits == "" {
		d.point = 0
	}
	return d
}

// rounded keeps so many digits, half away from zero.
func (d Decimal) rounded(keep int) Decimal {
	switch {
	case keep >= len(d.digits):
		return d
	case keep < 0:
		return Decimal{negative: d.negative}
	}
	up := d.digits[keep] >= '5'
	digits := []byte(d.digits[:keep])
	for i := keep - 1; up && i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			up = false
			break
		}
		digits[i] = '0'
	}
	if up {
		digits = append([]byte{'1'}, digits...)
		d.point++
	}
	d.digits = string(digits)
	return d.trimmed()
}

// split returns the digits before and behind the point.
func (d Decimal) split() (whole, fraction string) {
	switch {
	case d.digits == "":
		return "0", ""
	case d.point <= 0:
		return "0", strings.Repeat("0", -d.point) + d.digits
	case d.point >= len(d.digits):
		return d.digits + strings.Repeat("0", d.point-len(d.digits)), ""
	}
	return d.digits[:d.point], d.digits[d.point:]
}

// Number says how numbers are written. Make one with [Locale.Number].
type Number struct {
	Locale *Locale
	Style  string // decimal, percent or currency

	Currency, CurrencyDisplay      string
	MinInteger                     int
	MinFraction, MaxFraction       int
	MinSignificant, MaxSignificant int    // 0: fractions count
	Grouping                       string // auto, always, min2 or false
	Sign                           string // auto, always, never, exceptZero, negative
}

// CurrencyDigits are how many digits stand behind the point of an amount.
func (l *Locale) CurrencyDigits(currency string) int {
	for digits, list := range l.data.Digits {
		if slices.Contains(list, currency) {
			n, _ := strconv.Atoi(digits)
			return n
		}
	}
	return 2
}

// Parts writes a number.
func (n *Number) Parts(d Decimal) []Part {
	if n.Style == "percent" && d.digits != "" {
		d.point += 2
	}
	if d.special == "" {
		d = n.round(d)
	}
	sign := n.sign(d)
	pattern := n.pattern(sign != "")
	var parts []Part
	for pattern != "" {
		before, rest, ok := strings.Cut(pattern, "{")
		parts = literal(parts, before)
		if !ok {
			break
		}
		var token string
		token, pattern, _ = strings.Cut(rest, "}")
		switch token {
		case "n":
			if d.special == "" {
				parts = n.spaced(parts)
			}
			parts = append(parts, n.digits(d)...)
		case "c":
			parts = append(parts, Part{"currency", n.symbol()})
		default:
			parts = append(parts, Part{sign, n.signText(sign)})
		}
	}
	return parts
}

// literal appends text that is the same for all numbers.
func literal(parts []Part, text string) []Part {
	for i, piece := range strings.Split(text, "%") {
		if i > 0 {
			parts = append(parts, Part{"percentSign", "%"})
		}
		if piece != "" {
			parts = append(parts, Part{"literal", piece})
		}
	}
	return parts
}

// spaced puts a space between a currency that ends with a letter and its amount.
func (n *Number) spaced(parts []Part) []Part {
	if len(parts) == 0 || parts[len(parts)-1].Type != "currency" {
		return parts
	}
	if last, _ := utf8.DecodeLastRuneInString(parts[len(parts)-1].Value); unicode.In(last, unicode.S, unicode.Z) {
		return parts
	}
	return append(parts, Part{"literal", "\u00a0"})
}

func (n *Number) round(d Decimal) Decimal {
	if n.MaxSignificant > 0 {
		return d.rounded(n.MaxSignificant)
	}
	return d.rounded(d.point + n.MaxFraction)
}

// sign is the type of the sign's part; none: no sign.
func (n *Number) sign(d Decimal) string {
	zero := d.digits == "" && d.special != "infinity"
	minus, plus := d.negative, !d.negative
	switch n.Sign {
	case "never":
		return ""
	case "always":
	case "exceptZero":
		minus, plus = minus && !zero, plus && !zero
	case "negative":
		minus, plus = minus && !zero, false
	default:
		plus = false
	}
	switch {
	case minus:
		return "minusSign"
	case plus:
		return "plusSign"
	}
	return ""
}

func (n *Number) signText(sign string) string {
	if sign == "plusSign" {
		return n.Locale.Numbers.Plus
	}
	return n.Locale.Numbers.Minus
}

func (n *Number) pattern(signed bool) string {
	s := &n.Locale.Numbers
	plain, negative := "{n}", "{-}{n}"
	switch n.Style {
	case "percent":
		plain, negative = s.Percent, s.NegativePercent
	case "currency":
		plain, negative = s.Money, s.NegativeMoney
	}
	if signed {
		return negative
	}
	return plain
}

func (n *Number) symbol() string {
	s := &n.Locale.Numbers
	tables := []map[string]string{s.Symbols}
	switch n.CurrencyDisplay {
	case "code":
		return n.Currency
	case "narrowSymbol":
		tables = []map[string]string{s.Narrow, n.Locale.data.Narrow}
	}
	for _, t := range tables {
		if symbol, ok := t[n.Currency]; ok {
			return symbol
		}
	}
	return n.Currency
}

// digits writes a rounded number without its sign.
func (n *Number) digits(d Decimal) []Part {
	s := &n.Locale.Numbers
	switch d.special {
	case "nan":
		return []Part{{"nan", s.NaN}}
	case "infinity":
		return []Part{{"infinity", s.Infinity}}
	}
	decimal, group := s.Decimal, s.Group
	if n.Style == "currency" {
		decimal, group = s.MoneyDecimal, s.MoneyGroup
	}
	whole, fraction := d.split()
	atLeast := n.MinFraction
	if n.MaxSignificant > 0 {
		atLeast = n.MinSignificant - d.point
		if d.digits == "" {
			atLeast = n.MinSignificant - 1
		}
	}
	if pad := n.MinInteger - len(whole); pad > 0 {
		whole = strings.Repeat("0", pad) + whole
	}
	if pad := atLeast - len(fraction); pad > 0 {
		fraction += strings.Repeat("0", pad)
	}
	parts := n.grouped(whole, group)
	if fraction != "" {
		parts = append(parts, Part{"decimal", decimal}, Part{"fraction", fraction})
	}
	return parts
}

// grouped puts the separator between groups of digits.
func (n *Number) grouped(whole, separator string) []Part {
	least := 1
	if n.Grouping == "min2" || n.Grouping == "auto" && n.Locale.Numbers.Min2 {
		least = 2
	}
	if n.Grouping == "false" || len(whole) < 3+least {
		return []Part{{"integer", whole}}
	}
	size := 3
	var parts []Part
	for len(whole) > size {
		parts = append(parts, Part{"integer", whole[len(whole)-size:]}, Part{"group", separator})
		whole = whole[:len(whole)-size]
		if n.Locale.Numbers.Indian {
			size = 2
		}
	}
	parts = append(parts, Part{"integer", whole})
	slices.Reverse(parts)
	return parts
}
