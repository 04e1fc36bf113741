package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
)

// schemas are the published ones: what each is of, and whether a sizing's keys are in it.
var schemas = map[string]struct {
	title   string
	of      reflect.Type
	size    bool
	version int
}{
	"run":  {"Object of `plimsoll run --json`", reflect.TypeFor[report.Summary](), false, report.JSONVersion},
	"size": {"Object of `plimsoll size --json`", reflect.TypeFor[report.Summary](), true, report.JSONVersion},

	"compare": {"Object of `plimsoll compare --json`", reflect.TypeFor[compare.Summary](), true, compare.Version},
}

// The schemas are made from the types, so that neither can change without the
// other. A change that an old reader would misread also raises report.JSONVersion.
func TestSchemasAreThoseOfTheTypes(t *testing.T) {
	t.Parallel()
	for name := range schemas {
		body, err := json.MarshalIndent(schema(name, false), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		file, body := filepath.Join("schema", name+".schema.json"), append(body, '\n')
		if *update {
			if err := os.WriteFile(file, body, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if published, err := os.ReadFile(file); err != nil || !bytes.Equal(published, body) {
			t.Errorf("%s is not that of the types: go test ./report -update, and look at what changed (%v)", file, err)
		}
	}
}

func TestJSONIsValidByItsSchema(t *testing.T) {
	t.Parallel()
	for name, body := range records() {
		object, err := report.JSON(read(t, body))
		if err != nil {
			t.Fatal(err)
		}
		of := "size"
		if name == "run" || name == "cut" || name == "broken" {
			of = "run"
		}
		valid(t, of, object)
		if err := check(t, of, bytes.Replace(object, []byte(`"verdict"`), []byte(`"verdikt"`), 1)); err == nil {
			t.Errorf("%s: the schema takes an object without its verdict", of)
		}
	}
}

// valid also refuses keys that the schema does not name.
func valid(t *testing.T, name string, object []byte) {
	t.Helper()
	if err := check(t, name, object); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func check(t *testing.T, name string, object []byte) error {
	t.Helper()
	body, err := json.Marshal(schema(name, true))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("mem:///schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(value)
}

type object = map[string]any

func schema(name string, strict bool) object {
	of := schemas[name]
	m := maker{strict: strict, defs: object{}}
	s := m.properties(of.of, of.size)
	s["properties"].(object)["schema_version"] = object{"const": of.version}
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", of.title
	s["description"] = "Times are seconds, sizes bytes, shares fractions from 0 to 1, rates per second. What is not known is null or missing, never 0."
	s["$defs"] = m.defs
	return s
}

// maker turns Go types into a schema; strict ones allow no key that they do not name.
type maker struct {
	strict bool
	defs   object
}

func (m maker) of(t reflect.Type) any {
	switch t.Kind() {
	case reflect.Pointer:
		return object{"anyOf": []any{m.of(t.Elem()), object{"type": "null"}}}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Uint64, reflect.Uint16:
		return object{"type": "integer", "minimum": 0}
	case reflect.Slice:
		return object{"type": "array", "items": m.of(t.Elem())}
	case reflect.Array:
		return object{"type": "array", "items": m.of(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": m.of(t.Elem())}
	case reflect.Struct:
		if _, ok := m.defs[t.Name()]; !ok {
			m.defs[t.Name()] = nil // it may lead to itself
			m.defs[t.Name()] = m.properties(t, true)
		}
		return object{"$ref": "#/$defs/" + t.Name()}
	default:
		return object{}
	}
}

func (m maker) properties(t reflect.Type, all bool) object {
	s := object{"type": "object", "properties": object{}, "required": []string{}}
	m.add(s, t, all)
	if m.strict {
		s["additionalProperties"] = false
	}
	return s
}

// add puts t's fields in, then those of what it embeds, where their names are still free, as encoding/json does.
func (m maker) add(s object, t reflect.Type, all bool) {
	properties, embedded := s["properties"].(object), []reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() {
			continue
		}
		switch _, taken := properties[tag]; {
		case f.Anonymous && f.Type.Kind() == reflect.Pointer:
			if all {
				embedded = append(embedded, f.Type.Elem())
			}
		case f.Anonymous:
			embedded = append(embedded, f.Type)
		case !taken && tag != "-":
			properties[tag] = m.of(f.Type)
			if !strings.HasPrefix(options, "omit") {
				s["required"] = append(s["required"].([]string), tag)
			}
		}
	}
	for _, e := range embedded {
		m.add(s, e, all)
	}
}
