package repo

import "strings"

// Environment is what a script sees as __ENV. Strongest first: what was given
// with -e (NAME=VALUE, or NAME with the value that the process's environment
// has), for a test that is not [Test.Cloned] the process's environment, and
// the project file. For a script without a test pass the zero Test.
func (t Test) Environment(given, environ []string) (map[string]string, error) {
	own := map[string]string{}
	for _, v := range environ {
		if name, value, _ := strings.Cut(v, "="); name != "" {
			own[name] = value
		}
	}
	seen := map[string]string{}
	for name, value := range t.Env {
		seen[name] = value
	}
	if !t.Cloned {
		for name, value := range own {
			seen[name] = value
		}
	}
	for _, v := range given {
		name, value, valued := strings.Cut(v, "=")
		if !envName.MatchString(name) {
			return nil, refuse("", "write -e NAME=VALUE, or -e NAME for a variable that is set", "-e: %q cannot be the name of a variable", name)
		}
		if !valued {
			var set bool
			if value, set = own[name]; !set {
				return nil, refuse("", "give its value: -e "+name+"=VALUE", "-e %s: there is no such variable in the environment", name)
			}
		}
		seen[name] = value
	}
	return seen, nil
}
