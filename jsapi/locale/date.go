package locale

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Widths of fields, in the order in which the patterns are listed.
func widths(field string) []string {
	switch field {
	case "weekday":
		return []string{"", "short", "long", "narrow"}
	case "month":
		return []string{"", "numeric", "2-digit", "short", "long", "narrow"}
	}
	return []string{"", "numeric", "2-digit"}
}

// How hours are counted: as the locale does, or as options say.
const (
	CycleOfLocale = iota
	Cycle12       // hour12: true, or hourCycle h12
	Cycle24       // hour12: false
	CycleH23      // hourCycle h23
	cycles        // how many there are
)

// Date says how a time is written. Make one with [Locale.Date].
type Date struct {
	Locale *Locale
	Zone   *time.Location
	ZoneID string // as IANA has it; empty: unknown

	Weekday, Year, Month, Day string // the widths of the fields; empty: not shown
	Hour, Minute, Second      string
	FractionDigits            int
	ZoneName                  string // short or shortOffset
	Cycle                     int
	DateStyle, TimeStyle      string
	pattern                   string
}

// styles are the lengths of dateStyle and timeStyle.
func styles() []string { return []string{"short", "medium", "long", "full"} }

// Ready finds the pattern of what is to be shown.
func (d *Date) Ready() error {
	switch {
	case d.DateStyle != "" || d.TimeStyle != "":
		d.pattern = d.styled()
		return nil
	case d.FractionDigits > 0 && d.Second == "":
		return rangeError("fractionalSecondDigits is not supported without second")
	}
	date, clock := d.dateFields(), d.timeFields()
	switch {
	case d.Weekday != "" && d.Year+d.Month+d.Day+d.ZoneName == "" && d.Hour != "" && d.Minute != "":
		d.pattern = d.weekdayTime()
	case date != "" && clock != "":
		d.pattern = strings.NewReplacer("{d}", date, "{t}", clock).Replace(d.Locale.Glue[d.monthLength()])
	case d.ZoneName != "" && clock == "":
		d.pattern = strings.Replace(d.Locale.ZoneGlue[d.monthLength()], "{d}", date, 1)
	default:
		d.pattern = cmp.Or(date, clock)
	}
	return nil
}

func (d *Date) styled() string {
	l := d.Locale
	date, clock := slices.Index(styles(), d.DateStyle), slices.Index(styles(), d.TimeStyle)
	switch {
	case clock < 0:
		return l.DateStyles[date]
	case date < 0:
		return l.TimeStyles[d.Cycle][clock]
	}
	return strings.NewReplacer("{d}", l.DateStyles[date], "{t}", l.TimeStyles[d.Cycle][clock]).Replace(l.StyleGlue[date])
}

func (d *Date) dateFields() string {
	return d.Locale.data.Patterns[d.Locale.Dates[index("weekday", d.Weekday, "year", d.Year, "month", d.Month, "day", d.Day)]]
}

func (d *Date) timeFields() string {
	list := d.Locale.Times
	if d.ZoneName != "" {
		list = d.Locale.ZonedTimes
	}
	i := index("hour", d.Hour, "minute", d.Minute, "second", d.Second)
	return d.fraction(d.Locale.data.Patterns[list[d.Cycle*len(list)/cycles+i]])
}

// weekdayTime is a weekday alone with a time: of hours and minutes, which have two widths each.
func (d *Date) weekdayTime() string {
	list := d.Locale.WeekdayTimes
	i := slices.Index(widths("weekday"), d.Weekday) - 1
	i = i*cycles + d.Cycle
	for _, field := range []string{d.Hour, d.Minute} {
		i = 2*i + slices.Index(widths("hour"), field) - 1
	}
	return d.fraction(d.Locale.data.Patterns[list[len(widths("second"))*i+slices.Index(widths("second"), d.Second)]])
}

// fraction puts fractions of seconds behind them.
func (d *Date) fraction(clock string) string {
	if d.FractionDigits == 0 {
		return clock
	}
	fraction := d.Locale.Numbers.Decimal + "{" + strings.Repeat("f", d.FractionDigits) + "}"
	for _, second := range []string{"{ss}", "{s}"} {
		clock = strings.Replace(clock, second, second+fraction, 1)
	}
	return clock
}

// monthLength chooses what stands between a date and a time.
func (d *Date) monthLength() int {
	switch {
	case d.Month == "long" && d.Weekday != "":
		return 3
	case d.Month == "long":
		return 2
	case d.Month == "short":
		return 1
	}
	return 0
}

// index is the place of fields with their widths in a list of patterns.
func index(fields ...string) int {
	i := 0
	for f := 0; f < len(fields); f += 2 {
		all := widths(fields[f])
		i = i*len(all) + max(slices.Index(all, fields[f+1]), 0)
	}
	return i
}

// Text writes a time. It has plain spaces where the parts have narrow ones:
// programs look for them, and engines give in to that.
func (d *Date) Text(t time.Time) string {
	return strings.ReplaceAll(Join(d.Parts(t)), "\u202f", " ")
}

// Parts writes a time.
func (d *Date) Parts(t time.Time) []Part {
	t = t.In(d.Zone)
	var parts []Part
	for rest := d.pattern; rest != ""; {
		before, after, ok := strings.Cut(rest, "{")
		if before != "" {
			parts = append(parts, Part{"literal", before})
		}
		if !ok {
			break
		}
		var token string
		token, rest, _ = strings.Cut(after, "}")
		parts = append(parts, d.part(token, t))
	}
	return parts
}

func (d *Date) part(token string, t time.Time) Part {
	number := func(kind string, n int) Part { return Part{kind, fmt.Sprintf("%0*d", len(token), n)} }
	switch token[0] {
	case 'y':
		return Part{"year", year(t.Year(), token == "yy")}
	case 'M':
		return number("month", int(t.Month()))
	case 'd':
		return number("day", t.Day())
	case 'H':
		return number("hour", t.Hour())
	case 'k':
		return number("hour", cmp.Or(t.Hour(), 24)) //nolint:mnd // the last hour of the day before
	case 'K':
		return number("hour", t.Hour()%halfDay)
	case 'h':
		return number("hour", cmp.Or(t.Hour()%halfDay, halfDay))
	case 'm':
		return number("minute", t.Minute())
	case 's':
		return number("second", t.Second())
	case 'f':
		return Part{"fractionalSecond", fmt.Sprintf("%03d", t.Nanosecond()/int(time.Millisecond))[:len(token)]}
	case 'N':
		return Part{"month", d.word(token, int(t.Month())-1)}
	case 'W':
		return Part{"weekday", d.word(token, int(t.Weekday()))}
	case 'P':
		return Part{"dayPeriod", d.word(token, t.Hour())}
	default:
		return Part{"timeZoneName", d.zoneName(t)}
	}
}

const halfDay = 12

// year is counted from 1, also before the common era, whose name is not shown.
func year(y int, short bool) string {
	if y <= 0 {
		y = 1 - y
	}
	if short {
		return fmt.Sprintf("%02d", y%100)
	}
	return strconv.Itoa(y)
}

// word is one of a list, whose number the token has.
func (d *Date) word(token string, i int) string {
	n, _ := strconv.Atoi(token[1:])
	words := strings.Split(d.Locale.data.Lists[n], "|")
	return words[i]
}
