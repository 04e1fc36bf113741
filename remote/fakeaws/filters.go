package fakeaws

import (
	"path"
	"slices"
	"strings"
)

// filters are those of a Describe call: all must hold, and each holds with any of its values, in which * and ? are wild.
type filters []filter

type filter struct {
	name   string
	values []string
}

func (f form) filters() (filters, error) {
	var out filters
	for _, x := range f.each("Filter") {
		if len(x.list("Value")) == 0 {
			return nil, refuse("InvalidParameterValue", "Filter "+x.get("Name")+" must have at least one value")
		}
		out = append(out, filter{x.get("Name"), x.list("Value")})
	}
	return out, nil
}

// match holds filters against tags and the other things that a resource is known by.
func (fs filters) match(tags map[string]string, known map[string][]string) (bool, error) {
	for _, f := range fs {
		var have []string
		tag, isTag := strings.CutPrefix(f.name, "tag:")
		switch {
		case isTag:
			if v, ok := tags[tag]; ok {
				have = []string{v}
			}
		case f.name == "tag-key":
			for k := range tags {
				have = append(have, k)
			}
		default:
			v, ok := known[f.name]
			if !ok {
				return false, refuse("InvalidParameterValue", "The filter '"+f.name+"' is invalid")
			}
			have = v
		}
		if !f.any(have) {
			return false, nil
		}
	}
	return true, nil
}

func (f filter) any(have []string) bool {
	return slices.ContainsFunc(f.values, func(want string) bool {
		return slices.ContainsFunc(have, func(v string) bool {
			ok, err := path.Match(strings.ReplaceAll(want, "/", "\x00"), strings.ReplaceAll(v, "/", "\x00"))
			return v == want || err == nil && ok
		})
	})
}
