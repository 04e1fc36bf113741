package repo

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// options reads settings by their names in a script's options or on the command line.
func (d *document) options(n node, t *Test) error { return d.settings(n, "", t) }

// sizing reads the settings that a script has in options.sizing.
func (d *document) sizing(n node, t *Test) error { return d.settings(n, sizingPrefix, t) }

const sizingPrefix = "sizing."

func (d *document) settings(n node, prefix string, t *Test) error {
	if err := d.want(n, object); err != nil {
		return err
	}
	for _, m := range n.members {
		if prefix == "" && m.key == "sizing" && m.value.kind == object {
			if err := d.sizing(m.value, t); err != nil {
				return err
			}
			continue
		}
		spec, names := lookup(prefix, m.key)
		if spec == nil {
			return d.fault(m.at, plan.Suggest(m.key, names), "there is no setting %q", m.key)
		}
		if err := d.set(spec, m, t); err != nil {
			return err
		}
	}
	return nil
}

// lookup finds a setting by any of its names, and lists what there is.
func lookup(prefix, key string) (*plan.Spec, []string) {
	var names []string
	table := plan.Table()
	for i, s := range table {
		option, in := strings.CutPrefix(s.Option, prefix)
		if !in {
			continue
		}
		if key == s.Name || key == option && key != "" || slices.Contains(s.Aliases, key) {
			return &table[i], nil
		}
		if option == "" || strings.Contains(option, ".") {
			option = s.Name
		}
		names = append(names, option)
	}
	return nil, names
}

// set adds a setting, and says where its value is wrong. A number that stands
// for a duration has no unit here, and is refused.
func (d *document) set(spec *plan.Spec, m member, t *Test) error {
	value, err := d.raw(m.value, spec.Kind)
	if err != nil {
		return err
	}
	if err := spec.Check(value); err != nil {
		return d.fault(m.value.at, "it is "+spec.Doc, "%s: %q %v", m.key, value, err)
	}
	for _, s := range t.Options {
		if s.Name == spec.Name {
			return d.fault(m.at, "keep one of them", "%s is set twice: %s is the same setting", spec.Name, m.key)
		}
	}
	t.Options = append(t.Options, plan.Setting{Name: spec.Name, Value: value, Source: plan.Test})
	return nil
}

// raw is a value as a setting has it: a scalar's text, a list or thresholds as compact JSON.
func (d *document) raw(n node, of plan.Kind) (string, error) {
	switch {
	case of == plan.Bounds && n.kind != text:
		if err := d.want(n, object, text); err != nil {
			return "", err
		}
	case n.kind != array:
		return n.scalar, d.want(n, text, number, boolean, array)
	}
	var b bytes.Buffer
	err := json.Compact(&b, d.data[n.at:n.end])
	return b.String(), err
}

// monitor reads one source or a list of sources, as --monitor takes them.
func (d *document) monitor(n node, t *Test) error {
	if n.kind != array {
		n = node{kind: array, items: []node{n}}
	}
	for _, item := range n.items {
		if err := d.want(item, text); err != nil {
			return err
		}
		if item.scalar == "" || strings.HasPrefix(item.scalar, "-") {
			return d.fault(item.at, "such as container=kinto, process=4711 or glances=http://HOST:61208", "%q is no source", item.scalar)
		}
		t.Monitor = append(t.Monitor, item.scalar)
	}
	return nil
}
