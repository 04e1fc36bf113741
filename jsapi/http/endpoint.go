package http

import (
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// maxNamed bounds the tables of names that one virtual user keeps.
const maxNamed = 512

// naming finds the endpoint of a request. The URL asked for last needs no
// search; others cost one pass over the path and one look into a table.
type naming struct {
	method, url string
	id          metric.EndpointID

	known map[string]metric.EndpointID // by method, space, name
	key   []byte
}

// masked returns the endpoint of a URL that the script did not name.
func (n *naming) masked(names *metric.Names, method, url string) metric.EndpointID {
	if n.url == url && n.method == method && url != "" {
		return n.id
	}
	n.key = append(append(n.key[:0], method...), ' ')
	from := len(n.key)
	if n.key = appendMasked(n.key, pathOf(url)); len(n.key) == from {
		n.key = append(n.key, "(invalid URL)"...)
	}
	n.method, n.url, n.id = method, url, n.find(names, method, from)
	return n.id
}

// named returns the endpoint of a name that the script gave.
func (n *naming) named(names *metric.Names, method, name string) metric.EndpointID {
	n.key = append(append(n.key[:0], method...), ' ')
	from := len(n.key)
	n.key = append(n.key, name...)
	return n.find(names, method, from)
}

func (n *naming) find(names *metric.Names, method string, from int) metric.EndpointID {
	if id, ok := n.known[string(n.key)]; ok {
		return id
	}
	if n.known == nil || len(n.known) >= maxNamed {
		n.known = map[string]metric.EndpointID{}
	}
	id := names.Endpoint(metric.Endpoint{Method: method, Name: string(n.key[from:])})
	n.known[string(n.key)] = id
	return id
}

// nameOf returns the endpoint's name of a URL, for messages.
func nameOf(j *job, url string) string {
	if j.name != "" {
		return j.name
	}
	if p := appendMasked(nil, pathOf(url)); len(p) > 0 {
		return string(p)
	}
	return "(invalid URL)"
}

// pathOf cuts scheme, host, query and fragment off a URL; "" if it is no URL.
func pathOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	if begin := strings.IndexByte(rest, '/'); begin >= 0 {
		return rest[begin:]
	}
	return "/"
}

// appendMasked appends path with the segments that look like identifiers masked.
func appendMasked(dst []byte, path string) []byte {
	for len(path) > 0 {
		segment := path
		if end := strings.IndexByte(path[1:], '/'); end >= 0 {
			segment = path[:end+1]
		}
		path = path[len(segment):]
		text := strings.TrimPrefix(segment, "/")
		dst = append(dst, segment[:len(segment)-len(text)]...)
		dst = appendSegment(dst, text)
	}
	return dst
}

const mask = "{id}"

// The shortest text that is taken for an identifier by the looks of its
// characters: words such as "cafe" and "v2" must stay.
const (
	shortestHex   = 8
	shortestToken = 16
)

func appendSegment(dst []byte, s string) []byte {
	looks := looksOf(s)
	if looks == likeNumber {
		return append(dst, mask...)
	}
	// "tasks-<uuid>": the word says what kind of thing it is.
	if dash := strings.IndexAny(s, "-_:"); dash >= shortestWord && isWord(s[:dash]) && looksOf(s[dash+1:]) != likeName {
		return append(append(dst, s[:dash+1]...), mask...)
	}
	if looks == likeToken {
		return append(dst, mask...)
	}
	return append(dst, s...)
}

// shortestWord is how long a word before a dash is at least: random text begins like a shorter one too often.
const shortestWord = 3

func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

// looks is what a segment of a path looks like.
type looks uint8

const (
	likeName   looks = iota
	likeNumber       // digits, hexadecimal, a UUID
	likeToken        // random text
)

// looksOf applies the rule that the module's documentation gives.
func looksOf(s string) looks {
	digits, letters, hexLetters, others := 0, 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case '0' <= b && b <= '9':
			digits++
		case 'a' <= b|0x20 && b|0x20 <= 'f':
			hexLetters++
		case 'a' <= b|0x20 && b|0x20 <= 'z':
			letters++
		case b == '-' || b == '_' || b == '=' || b == '~' || b == '.':
			others++
		default:
			return likeName
		}
	}
	switch {
	case digits == 0:
		return likeName
	case letters+hexLetters+others == 0:
		return likeNumber
	case letters == 0 && others == strings.Count(s, "-") && len(s) >= shortestHex:
		return likeNumber
	case len(s) >= shortestToken && digits >= 2:
		return likeToken
	}
	return likeName
}
