package repo

import (
	"fmt"
	"path/filepath"
)

// parseMolotov reads molotov.json: named tests whose options mean the same
// here. What only Molotov's console or processes are for is noted and left
// out; what would mean something else is refused.
func parseMolotov(path string, data []byte) (*Project, error) {
	d, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	p := &Project{Path: path, Dir: filepath.Dir(path)}
	env := map[string]string{}
	err = d.fields(d.root, fields{"molotov": func(n node) error {
		return d.fields(n, fields{
			"env":          func(n node) error { return d.env(n, env) },
			"requirements": func(n node) error { p.note(d, n, "requirements are Python's, and not installed"); return nil },
			"tests":        func(n node) error { return d.molotovTests(n, p) },
		})
	}})
	if err != nil {
		return nil, err
	}
	if len(p.tests) == 0 {
		return nil, d.fault(d.root.at, "write a "+FileName+": "+shape, "has no tests")
	}
	p.inherit(env)
	return p, nil
}

func (p *Project) note(d *document, n node, text string) {
	p.Notes = append(p.Notes, d.fault(n.at, "", "%s", text).Error())
}

func (d *document) molotovTests(n node, p *Project) error {
	if err := d.want(n, object); err != nil {
		return err
	}
	for _, m := range n.members {
		t := Test{Name: m.key, Env: map[string]string{}}
		script := d.find(m.value, "scenario")
		if script == nil {
			return d.python(t.Name, "loadtest.py", m.value.at) // Molotov's default
		}
		var err error
		if t.Script, err = d.script(t.Name, *script, p.Dir); err != nil {
			return err
		}
		if err := d.molotovTest(m.value, p, &t); err != nil {
			return err
		}
		p.tests = append(p.tests, t)
	}
	return nil
}

func (d *document) find(n node, key string) *node {
	for i, m := range n.members {
		if m.key == key {
			return &n.members[i].value
		}
	}
	return nil
}

func (d *document) molotovTest(n node, p *Project, t *Test) error {
	as := func(name, unit string) func(node) error {
		return func(n node) error {
			if err := d.want(n, number); err != nil {
				return err
			}
			spec, _ := lookup("", name)
			return d.set(spec, member{name, n.at, node{kind: text, at: n.at, scalar: n.scalar + unit}}, t)
		}
	}
	dropped := func(n node) error { p.note(d, n, "has no meaning here, and is left out"); return nil }
	refused := func(hint string) func(node) error {
		return func(n node) error { return d.fault(n.at, hint, "means something else here") }
	}
	return d.fields(n, fields{
		"scenario":         func(node) error { return nil }, // read already
		"workers":          as("vus", ""),
		"duration":         as("duration", "s"),
		"delay":            as("delay", "s"),
		"ramp_up":          as("ramp-up", "s"),
		"sizing_tolerance": as("tolerance", "%"),
		"sizing":           func(n node) (err error) { t.Classic, err = d.boolean(n); return err },
		"max_runs":         refused(fmt.Sprintf("Molotov counts for each worker; a %s has \"iterations\", for all together", FileName)),
		"single_mode":      refused("run one scenario by giving the others weight 0"),
		"single_run":       refused("give it the \"iterations\" that you want in all"),
		"verbose":          dropped, "quiet": dropped, "console": dropped, "console_update": dropped, "processes": dropped,
		"debug": dropped, "exception": dropped, "force_shutdown": dropped, "disable_dns_resolve": dropped, "fail": dropped,
		"shared_console": dropped, "use_extension": refused("extensions are Python's"), "statsd": dropped, "statsd_address": dropped,
	})
}
