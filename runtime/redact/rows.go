package redact

import (
	"cmp"
	"net/url"
	"reflect"
	"slices"
	"strings"
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

// Row returns a row of a record, a pointer to a struct, with each of its texts
// as [Line] makes it, and without the values. The row that was given stays as
// it is; where nothing is to be changed it is returned itself.
func (r *Redactor) Row(row any) any {
	return rewrite(row, func(text string) string { return Line(r.Hide(text)) })
}

// Row is Redactor.Row without marked values.
func Row[T any](row *T) *T { return rewrite(row, Line).(*T) }

func rewrite(row any, text func(string) string) any {
	v, _ := rewritten(reflect.ValueOf(row), text)
	return v.Interface()
}

// rewritten is a value with each text that it leads to changed by text, whatever fields later versions add; v itself
// where nothing changed. Keys of maps are left alone: in rows they are names of measures.
func rewritten(v reflect.Value, text func(string) string) (_ reflect.Value, changed bool) {
	switch v.Kind() {
	case reflect.String:
		if s := text(v.String()); s != v.String() {
			return reflect.ValueOf(s).Convert(v.Type()), true
		}
	case reflect.Pointer:
		if v.IsNil() {
			break
		}
		if elem, ok := rewritten(v.Elem(), text); ok {
			p := reflect.New(elem.Type())
			p.Elem().Set(elem)
			return p, true
		}
	case reflect.Struct:
		return copied(v, v.NumField(), text, func(v reflect.Value, i int) reflect.Value {
			if !v.Type().Field(i).IsExported() {
				return reflect.Value{}
			}
			return v.Field(i)
		})
	case reflect.Slice, reflect.Array:
		return copied(v, v.Len(), text, reflect.Value.Index)
	default: // it holds no text
	}
	return v, false
}

// copied rewrites the n parts of a struct or a list; at the first change it makes a copy of the whole.
func copied(v reflect.Value, n int, text func(string) string, part func(reflect.Value, int) reflect.Value) (_ reflect.Value, changed bool) {
	out := v
	for i := range n {
		old := part(v, i)
		if !old.IsValid() {
			continue
		}
		made, ok := rewritten(old, text)
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
		part(out, i).Set(made)
	}
	return out, changed
}
