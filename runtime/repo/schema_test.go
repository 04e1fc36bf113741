package repo_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

const schemaFile = "plimsoll.schema.json"

var update = flag.Bool("update", false, "write the settings of runtime/plan into "+schemaFile)

// The published schema names each setting, with its line of documentation.
func TestSchemaHasAllSettings(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := bytes.Index(data, []byte("    \"options\": {\n")), bytes.LastIndex(data, []byte("  }\n}\n"))
	if begin < 0 || end < begin {
		t.Fatalf("%s ends otherwise than with options and sizing", schemaFile)
	}
	want := string(data[:begin]) + definition("options", "Settings by their names in a script's options, or on the command line.", "") +
		",\n" + definition("sizing", "Settings of the search for the limit.", "sizing.") + "\n" + string(data[end:])
	if want == string(data) {
		return
	}
	if *update {
		if err := os.WriteFile(schemaFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s differs from runtime/plan's table: go test ./runtime/repo -run TestSchemaHasAllSettings -update", schemaFile)
}

func definition(name, doc, prefix string) string {
	var lines []string
	seen := map[string]bool{}
	add := func(key string, s plan.Spec) {
		if key != "" && !seen[key] {
			seen[key] = true
			of := "value"
			if s.Kind == plan.Bounds {
				of = "thresholds"
			}
			lines = append(lines, "        "+quoted(key)+`: {"$ref": "#/$defs/`+of+`", "description": `+quoted(s.Doc)+"}")
		}
	}
	for _, s := range plan.Table() {
		option, in := strings.CutPrefix(s.Option, prefix)
		if !in {
			continue
		}
		add(option, s)
		add(s.Name, s)
		for _, alias := range s.Aliases {
			add(alias, s)
		}
	}
	if prefix == "" {
		lines = append(lines, `        "sizing": {"$ref": "#/$defs/sizing"}`)
	}
	return "    " + quoted(name) + ": {\n      \"type\": \"object\",\n      \"description\": " + quoted(doc) +
		",\n      \"additionalProperties\": false,\n      \"properties\": {\n" + strings.Join(lines, ",\n") + "\n      }\n    }"
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSpace(b.String())
}

// What the schema takes and what the reader takes is the same, as far as a schema can say it.
func TestSchemaAgreesWithTheReader(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	for text, good := range map[string]bool{
		full: true, projectFile: true,
		`{"tests": {"a": {"script": "a.js", "monitor": "auto", "options": {"sizing": {"tolerance": "5%"}, "max-vus": 7}}}}`:                       true,
		`{"tests": {"a": {"script": "a.js", "options": {"thresholds": "checks: rate>0.9"}}}}`:                                                     true,
		`{"tests": {"a": {"script": "a.js", "options": {"thresholds": {"checks": "rate>0.9"}}}}}`:                                                 true,
		`{"tests": {"a": {"script": "a.js", "options": {"thresholds": {"checks": ["rate>0.9", {"threshold": "rate>0", "abortOnFail": true}]}}}}}`: true,
		`{"tests": {"a": {"script": "a.js", "options": {"thresholds": {"checks": [{"treshold": "rate>0"}]}}}}}`:                                   false,
		`{"tests": {"a": {"script": "a.js", "options": {"thresholds": ["checks: rate>0.9"]}}}}`:                                                   false,
		`{"tests": {"a": {"script": "a.js", "options": {"thresholds": 5}}}}`:                                                                      false,

		`{}`: false, `[]`: false, `{"tests": {}}`: false, `{"tests": {"a": {}}}`: false, `{"test": {}}`: false,
		`{"tests": {"a": {"script": "/a.js"}}}`:                              false,
		`{"tests": {"a": {"script": "a.js", "options": {"vuss": 1}}}}`:       false,
		`{"tests": {"a": {"script": "a.js", "options": {"vus": {}}}}}`:       false,
		`{"tests": {"a": {"script": "a.js", "sizing": {"vus": 1}}}}`:         false,
		`{"tests": {"a": {"script": "a.js", "monitor": ["-x"]}}}`:            false,
		`{"tests": {"a": {"script": "a.js", "env": {"A": 1}}}}`:              false,
		`{"tests": {"a": {"script": "a.js", "env": {"A B": ""}}}}`:           false,
		`{"tests": {"a": {"script": "a.js", "target": {"port": 0}}}}`:        false,
		`{"tests": {"a": {"script": "a.js", "target": {"image": "-v"}}}}`:    false,
		`{"tests": {"-a": {"script": "a.js"}}}`:                              false,
		`{"install": true, "tests": {"a": {"script": "a.js"}}}`:              false,
		`{"requirements": "x", "tests": {"a": {"script": "a.js"}}}`:          false,
		`{"tests": {"a": {"script": "a.js", "target": {"memory": "1 GB"}}}}`: false,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		_, read := repo.ParseProject("p.json", []byte(text))
		if by := schema.Validate(value); (by == nil) != good || (read == nil) != good {
			t.Errorf("%s\nschema: %v\nreader: %v\nwant good: %v", text, by, read, good)
		}
	}
}
