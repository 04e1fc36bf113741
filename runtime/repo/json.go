package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// A project file is small; what is not is no project file.
const (
	maxFile  = 1 << 20
	maxDepth = 32
)

type kind string

const (
	object  kind = "an object"
	array   kind = "a list"
	text    kind = "a string"
	number  kind = "a number"
	boolean kind = "true or false"
	null    kind = "null"
)

// node is a JSON value that knows where it stands, so that what is wrong with
// its meaning has a position too.
type node struct {
	kind    kind
	at, end int    // offsets of its first byte and behind its last
	scalar  string // a string's text, a number as written, true or false
	members []member
	items   []node
}

type member struct {
	key   string
	at    int
	value node
}

// document is a parsed file.
type document struct {
	path string
	data []byte // without byte order mark
	root node
}

// parse reads JSON, with or without a byte order mark, at any line ending.
func parse(path string, data []byte) (*document, error) {
	d := &document{path: path, data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))}
	if len(data) > maxFile {
		return nil, refuse(path, "", "is larger than %d bytes: this is no project file", maxFile)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, refuse(path, "save it as UTF-8", "is in UTF-16")
	}
	if i := invalid(d.data); i >= 0 {
		return nil, d.fault(i, "save it as UTF-8", "is not UTF-8")
	}
	p := parser{document: d, in: json.NewDecoder(bytes.NewReader(d.data))}
	p.in.UseNumber()
	var err error
	if d.root, err = p.value(0); err != nil {
		return nil, err
	}
	if at := p.next(); at < len(d.data) {
		return nil, d.fault(at, "the file is one object: { … }", "unexpected text after the end")
	}
	return d, nil
}

func invalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// fault is an error at an offset, as file:line:column; columns are characters.
func (d *document) fault(at int, hint, format string, args ...any) *Error {
	before := d.data[:min(at, len(d.data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return refuse(fmt.Sprintf("%s:%d:%d", d.path, line, column), hint, format, args...)
}

type parser struct {
	*document
	in *json.Decoder
}

// next returns where the next token begins.
func (p *parser) next() int {
	at := int(p.in.InputOffset())
	for at < len(p.data) && bytes.IndexByte([]byte(" \t\r\n,:"), p.data[at]) >= 0 {
		at++
	}
	return at
}

func (p *parser) token() (json.Token, error) {
	at := p.next()
	t, err := p.in.Token()
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return t, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, p.fault(len(p.data), "is a bracket or a quote not closed?", "the file ends too early")
	case errors.As(err, &syntax):
		at = max(at, int(syntax.Offset)-1)
	}
	return nil, p.fault(at, "the file is JSON: no comments, no comma after the last member", "%v", err)
}

func (p *parser) value(depth int) (node, error) {
	n, err := p.open(depth)
	n.end = int(p.in.InputOffset())
	return n, err
}

func (p *parser) open(depth int) (node, error) {
	at := p.next()
	if depth > maxDepth {
		return node{}, p.fault(at, "", "is nested deeper than %d levels", maxDepth)
	}
	t, err := p.token()
	if err != nil {
		return node{}, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return p.object(at, depth)
		}
		return p.array(at, depth)
	case string:
		return node{kind: text, at: at, scalar: t}, nil
	case json.Number:
		return node{kind: number, at: at, scalar: t.String()}, nil
	case bool:
		return node{kind: boolean, at: at, scalar: fmt.Sprint(t)}, nil
	default:
		return node{kind: null, at: at}, nil
	}
}

func (p *parser) object(at, depth int) (node, error) {
	n := node{kind: object, at: at}
	seen := map[string]bool{}
	for p.in.More() {
		keyAt := p.next()
		t, err := p.token()
		if err != nil {
			return node{}, err
		}
		key, ok := t.(string)
		if !ok {
			return node{}, p.fault(keyAt, "", "want a key in quotes")
		}
		if seen[key] {
			return node{}, p.fault(keyAt, "keep one of them", "%q is there twice", key)
		}
		seen[key] = true
		value, err := p.value(depth + 1)
		if err != nil {
			return node{}, err
		}
		n.members = append(n.members, member{key, keyAt, value})
	}
	_, err := p.token()
	return n, err
}

func (p *parser) array(at, depth int) (node, error) {
	n := node{kind: array, at: at}
	for p.in.More() {
		item, err := p.value(depth + 1)
		if err != nil {
			return node{}, err
		}
		n.items = append(n.items, item)
	}
	_, err := p.token()
	return n, err
}

// want checks a value's kind.
func (d *document) want(n node, kinds ...kind) error {
	for _, k := range kinds {
		if n.kind == k {
			return nil
		}
	}
	words := string(kinds[0])
	for _, k := range kinds[1:] {
		words += " or " + string(k)
	}
	return d.fault(n.at, "", "want %s, got %s", words, n.kind)
}
