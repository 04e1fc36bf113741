package locale

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for machines without zones of their own
	"unicode"
)

// zoneShape is what names of time zones look like: those in the folders of the
// system that are no zones do not.
var zoneShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)

// zones are those that were found, by the name they were asked for.
var zones sync.Map

type namedZone struct {
	zone *time.Location
	id   string
}

// Zone finds a time zone by its name in the IANA database; small and capital letters are the same.
func Zone(name string) (zone *time.Location, id string, err error) {
	if found, ok := zones.Load(name); ok {
		z := found.(namedZone) //nolint:forcetypeassert // nothing else is put there
		return z.zone, z.id, nil
	}
	if zone, id, err = findZone(name); err == nil && name == id { // other spellings have no end
		zones.Store(strings.Clone(name), namedZone{zone, id})
	}
	return zone, id, err
}

func findZone(name string) (zone *time.Location, id string, err error) {
	if zoneShape.MatchString(name) {
		for _, id := range []string{name, capitals(name), strings.ToUpper(name)} {
			if isUTC(strings.ToUpper(id)) {
				return time.UTC, "UTC", nil
			}
			if zone, err := time.LoadLocation(id); err == nil && isZone(id) {
				return zone, id, nil
			}
		}
	}
	return nil, "", rangeError("Invalid time zone specified: %s: names are those of the IANA database, such as 'Europe/Berlin'", shorten(name))
}

// isZone excludes what lies beside the zones on some systems.
func isZone(id string) bool {
	first, _, _ := strings.Cut(id, "/")
	switch first {
	case "posix", "right", "Local", "localtime", "posixrules", "Factory":
		return false
	}
	return true
}

func isUTC(upper string) bool {
	switch upper {
	case "UTC", "GMT", "UCT", "ZULU", "UNIVERSAL", "GREENWICH", "ETC/UTC", "ETC/GMT", "ETC/UCT", "ETC/ZULU", "ETC/UNIVERSAL", "ETC/GREENWICH", "GMT0", "ETC/GMT0", "ETC/GMT+0", "ETC/GMT-0":
		return true
	}
	return false
}

// capitals writes america/new_york as America/New_York.
func capitals(name string) string {
	first := true
	return strings.Map(func(r rune) rune {
		if first {
			r = unicode.ToUpper(r)
		} else {
			r = unicode.ToLower(r)
		}
		first = r == '/' || r == '_' || r == '-'
		return r
	}, name)
}

// Local is the zone of this machine, and its name; none where nothing names it.
func Local() (zone *time.Location, id string) {
	zone = time.Local //nolint:gosmopolitan // the machine's zone is what is asked for
	if zone == time.UTC || zone.String() == "UTC" {
		return time.UTC, "UTC"
	}
	name := strings.TrimPrefix(os.Getenv("TZ"), ":") //nolint:forbidigo // package time reads the same for time.Local, and forgets its name
	if name == "" {
		name = configured()
	}
	if _, id, err := Zone(name); err == nil {
		return zone, id
	}
	return zone, ""
}

// configured is the name of the zone that the machine is set to.
var configured = sync.OnceValue(func() string {
	target, _ := filepath.EvalSymlinks("/etc/localtime")
	_, below, _ := strings.Cut(filepath.ToSlash(target), "/zoneinfo/")
	return below
})

// zoneName is the short name of the date's zone at a time.
func (d *Date) zoneName(t time.Time) string {
	if d.ZoneID == "UTC" && d.ZoneName != "shortOffset" {
		return "UTC"
	}
	_, offset := t.Zone()
	if name := d.named(t, offset); name != "" && d.ZoneName != "shortOffset" {
		return name
	}
	o := d.Locale.Zones.Offset
	minutes := offset / 60
	sign := o.Plus
	if minutes < 0 {
		sign, minutes = o.Minus, -minutes
	}
	switch {
	case minutes == 0:
		return o.Zero
	case minutes%60 == 0:
		return fmt.Sprintf("%s%d", sign, minutes/60)
	}
	return fmt.Sprintf("%s%d%s%02d", sign, minutes/60, o.Colon, minutes%60)
}

// named is the name that people of the locale have for the zone; empty if they have none.
func (d *Date) named(t time.Time, offset int) string {
	id := d.ZoneID
	if other, ok := d.Locale.data.Aliases[id]; ok {
		id = other
	}
	for _, entry := range d.Locale.Zones.Named {
		if id == "" || !contains(entry[1], id) {
			continue
		}
		winter, summer, _ := strings.Cut(entry[0], "|")
		switch {
		case !isSummer(t, offset):
			return winter
		case summer == winter: // it had a summer time once, whose name is not known
			return ""
		}
		return summer
	}
	return ""
}

// contains says whether a list with spaces between its words has a word.
func contains(list, word string) bool {
	for one := range strings.SplitSeq(list, " ") {
		if one == word {
			return true
		}
	}
	return false
}

// isSummer says whether the clocks are ahead of what they are at another time of the year.
func isSummer(t time.Time, offset int) bool {
	for _, month := range []time.Month{time.January, time.July} {
		if _, other := time.Date(t.Year(), month, 15, 12, 0, 0, 0, t.Location()).Zone(); other < offset {
			return true
		}
	}
	return false
}
