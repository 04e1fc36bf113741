package redact

import (
	"cmp"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// mark stands for a value that was marked secret.
const mark = "***"

// shortest is how long a value must be to be looked for: a shorter one would blot out ordinary text.
const shortest = 4

// Redactor knows values that must not be written anywhere. Its zero value knows none.
type Redactor struct {
	values []string // the longest first: one may hold another
}

// New returns a Redactor of values, also as they look in a URL.
func New(values ...string) *Redactor {
	r := &Redactor{}
	for _, v := range values {
		if len(v) >= shortest {
			r.values = append(r.values, v, url.QueryEscape(v), url.PathEscape(v))
		}
	}
	slices.SortFunc(r.values, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	r.values = slices.Compact(r.values)
	return r
}

// Hide replaces the values in a text, and changes nothing else in it.
func (r *Redactor) Hide(text string) string {
	for _, v := range r.values {
		text = strings.ReplaceAll(text, v, mark)
	}
	return text
}

// Start is the beginning of a text from outside, over several lines and at most n bytes long, as [Lines] makes it and
// without the values. What goes on behind it is looked at, too: a secret that the end would cut in two is not told in part.
func (r *Redactor) Start(text []byte, n int) string {
	longest := 0
	if len(r.values) > 0 {
		longest = len(r.values[0])
	}
	margin := max(longest, maxName)
	whole := len(text) <= 4*n+margin
	if !whole {
		text = text[:4*n+margin]
	}
	s := redact(r.Hide(string(text)))
	if !whole {
		s = s[:max(len(s)-margin, 0)]
	}
	s = redact(printable(s, true))
	if len(s) <= n {
		return s
	}
	end := n - len("…")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// Row returns a row of a record, a pointer to a struct, with each of its texts
// as [Line] makes it, and without the values; a field with the tag
// `redact:"lines"` is as [Lines] makes it. The row that was given stays as
// it is; where nothing is to be changed it is returned itself.
func (r *Redactor) Row(row any) any {
	return rewrite(row, texts{
		func(text string) string { return Line(r.Hide(text)) },
		func(text string) string { return Lines(r.Hide(text)) },
	})
}

// Row is Redactor.Row without marked values.
func Row[T any](row *T) *T { return rewrite(row, texts{Line, Lines}).(*T) }

// texts say what becomes of a text that is one line, and of one that is several.
type texts struct{ line, lines func(string) string }

func rewrite(row any, t texts) any {
	v, _ := rewritten(reflect.ValueOf(row), t)
	return v.Interface()
}

// rewritten is a value with each text that it leads to changed, whatever fields later versions add; v itself
// where nothing changed. Keys of maps are left alone: in rows they are names of measures.
func rewritten(v reflect.Value, t texts) (_ reflect.Value, changed bool) {
	switch v.Kind() {
	case reflect.String:
		if s := t.line(v.String()); s != v.String() {
			return reflect.ValueOf(s).Convert(v.Type()), true
		}
	case reflect.Pointer:
		if v.IsNil() {
			break
		}
		if elem, ok := rewritten(v.Elem(), t); ok {
			p := reflect.New(elem.Type())
			p.Elem().Set(elem)
			return p, true
		}
	case reflect.Struct:
		return copied(v, v.NumField(), func(v reflect.Value, i int) (reflect.Value, texts) {
			field := v.Type().Field(i)
			switch {
			case !field.IsExported():
				return reflect.Value{}, t
			case field.Tag.Get("redact") == "lines":
				return v.Field(i), texts{t.lines, t.lines}
			}
			return v.Field(i), t
		})
	case reflect.Slice, reflect.Array:
		return copied(v, v.Len(), func(v reflect.Value, i int) (reflect.Value, texts) { return v.Index(i), t })
	default: // it holds no text
	}
	return v, false
}

// copied rewrites the n parts of a struct or a list; at the first change it makes a copy of the whole.
func copied(v reflect.Value, n int, part func(reflect.Value, int) (reflect.Value, texts)) (_ reflect.Value, changed bool) {
	out := v
	for i := range n {
		old, t := part(v, i)
		if !old.IsValid() {
			continue
		}
		made, ok := rewritten(old, t)
		if !ok {
			continue
		}
		if !changed {
			out, changed = reflect.New(v.Type()).Elem(), true
			out.Set(v)
			if v.Kind() == reflect.Slice {
				out.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, n), v))
			}
		}
		place, _ := part(out, i)
		place.Set(made)
	}
	return out, changed
}
