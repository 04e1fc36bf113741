package script

import (
	"encoding/json"
	"errors"
	"strings"
)

// sourceMap maps positions of the bundle to positions of the sources. goja
// looks up columns that count from 1 and reports what it finds as counting
// from 1 too, whereas source maps count from 0: encode corrects for both.
type sourceMap struct {
	sources []string
	lines   [][]segment // by line of the bundle, in order of column
}

type segment struct{ column, source, line, from int } // from is the source's column; all from 0

type rawSourceMap struct {
	Version        int      `json:"version"`
	Sources        []string `json:"sources"`
	SourcesContent []string `json:"sourcesContent,omitempty"`
	Names          []string `json:"names"`
	Mappings       string   `json:"mappings"`
}

var errSourceMap = errors.New("esbuild made a source map that cannot be read")

// decodeSourceMap reads what esbuild wrote into the working folder, and the
// sources' texts by name.
func decodeSourceMap(data []byte, cwd string) (sourceMap, map[string]string, error) {
	var raw rawSourceMap
	if err := json.Unmarshal(data, &raw); err != nil {
		return sourceMap{}, nil, errors.Join(errSourceMap, err)
	}
	m, texts := sourceMap{}, map[string]string{}
	for i, name := range raw.Sources {
		name = displayed(name, cwd)
		m.sources = append(m.sources, name)
		if i < len(raw.SourcesContent) {
			texts[name] = raw.SourcesContent[i]
		}
	}
	var at segment
	for text := range strings.SplitSeq(raw.Mappings, ";") {
		at.column = 0
		var line []segment
		for part := range strings.SplitSeq(text, ",") {
			fields, ok := decodeVLQ(part)
			if !ok {
				return m, nil, errSourceMap
			}
			if len(fields) < 4 {
				continue
			}
			at = segment{at.column + fields[0], at.source + fields[1], at.line + fields[2], at.from + fields[3]}
			line = append(line, at)
		}
		m.lines = append(m.lines, line)
	}
	return m, texts, nil
}

// shiftLine makes room for one line before the bundle.
func (m *sourceMap) shiftLine() { m.lines = append([][]segment{nil}, m.lines...) }

// original returns the source position of a line and column (from 1) of the bundle.
func (m *sourceMap) original(line, column int) position {
	if line < 1 || line > len(m.lines) {
		return position{}
	}
	var found position
	for _, s := range m.lines[line-1] {
		if s.column > column-1 && found.line > 0 {
			break
		}
		found = position{m.sources[s.source], s.line + 1, s.from + 1}
	}
	return found
}

// encode writes the map for goja.
func (m *sourceMap) encode() []byte {
	var b strings.Builder
	var last segment
	for _, line := range append(m.lines[:len(m.lines):len(m.lines)], m.end()) {
		last.column = 0
		for i, s := range line {
			if i > 0 {
				b.WriteByte(',')
			}
			s.column, s.from = s.column+1, s.from+1
			encodeVLQ(&b, s.column-last.column)
			encodeVLQ(&b, s.source-last.source)
			encodeVLQ(&b, s.line-last.line)
			encodeVLQ(&b, s.from-last.from)
			last = s
		}
		b.WriteByte(';')
	}
	urls := make([]string, len(m.sources))
	for i, name := range m.sources {
		urls[i] = urlOf(name)
	}
	data, _ := json.Marshal(rawSourceMap{Version: 3, Sources: urls, Names: []string{}, Mappings: strings.TrimSuffix(b.String(), ";")})
	return data
}

// end is a line after the last: without it goja finds nothing for positions
// behind the last segment.
func (m *sourceMap) end() []segment {
	if len(m.sources) == 0 {
		return nil
	}
	return []segment{{}}
}

const base64VLQ = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func decodeVLQ(s string) (fields []int, ok bool) {
	value, shift := 0, 0
	for i := range len(s) {
		digit := strings.IndexByte(base64VLQ, s[i])
		if digit < 0 || shift > 30 {
			return nil, false
		}
		value |= (digit & 31) << shift
		shift += 5
		if digit&32 != 0 {
			continue
		}
		field := value >> 1
		if value&1 != 0 {
			field = -field
		}
		fields = append(fields, field)
		value, shift = 0, 0
	}
	return fields, shift == 0
}

func encodeVLQ(b *strings.Builder, n int) {
	v := n << 1
	if n < 0 {
		v = -n<<1 | 1
	}
	for {
		digit := v & 31
		v >>= 5
		if v > 0 {
			digit |= 32
		}
		b.WriteByte(base64VLQ[digit])
		if v == 0 {
			return
		}
	}
}
