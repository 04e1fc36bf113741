package script

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// missingModule says why an import cannot be found, and what to do.
func missingModule(name string, modules []string) (message, hint string) {
	message = `there is no module "` + name + `"`
	root := moduleRoot(name)
	switch {
	case strings.Contains(name, "//"):
		return message, "modules are not fetched from the net: download the file and import it by its path"
	case ofK6(name) != "":
		return `"` + name + `" is a module of k6 that is not here`, ofK6(name)
	case strings.HasPrefix(name, "plimsoll") || strings.HasPrefix(name, "k6"):
		hint = "there are: " + strings.Join(modules, ", ")
		if near := nearest(name, modules); near != "" {
			hint = `did you mean "` + near + `"? ` + hint
		}
		return message, hint
	case strings.HasPrefix(name, ".") || filepath.IsAbs(name):
		return `there is no file "` + name + `"`, "the path is relative to the file that imports it"
	}
	if instead, ok := nodeInstead(root); ok {
		return `"` + name + `" is part of Node.js, which is not what runs this script`, instead
	}
	hint = "install it beside the script: npm install " + root
	if near := nearest(name, modules); near != "" {
		hint = `did you mean "` + near + `"? Else ` + hint
	}
	return message, hint
}

// moduleRoot is the package that a module's name begins with.
func moduleRoot(name string) string {
	root, _, _ := strings.Cut(strings.TrimPrefix(name, "node:"), "/")
	return root
}

// ofNode says whether a module is a part of Node.js: no installation brings it.
func ofNode(name string) bool {
	_, ok := nodeInstead(moduleRoot(name))
	return ok
}

// nodeInstead says what to use instead of a module of Node.js.
func nodeInstead(name string) (string, bool) {
	switch name {
	case "fs", "fs/promises":
		return "read files with open(path) while the script is being loaded, or import JSON and text files", true
	case "http", "https", "http2", "net", "tls", "undici":
		return "send requests with: import http from 'plimsoll/http'", true
	case "timers":
		return "setTimeout and its kin are globals; sleep is in 'plimsoll'", true
	case "process":
		return "the environment is in __ENV", true
	case "perf_hooks":
		return "performance.now() is a global", true
	case "assert":
		return "state what must hold with: import { check } from 'plimsoll'", true
	}
	others := []string{
		"async_hooks", "buffer", "child_process", "cluster", "console", "crypto", "dgram", "dns", "events", "inspector", "module",
		"os", "path", "querystring", "readline", "stream", "string_decoder", "sys", "test", "tty", "url", "util", "v8", "vm",
		"wasi", "worker_threads", "zlib",
	}
	if slices.Contains(others, name) {
		return "use an npm package for browsers that does the same", true
	}
	return "", false
}

// nearest returns the candidate that differs from name by the fewest letters,
// if these are few.
func nearest(name string, candidates []string) string {
	best, limit := "", max(2, len(name)/4)+1
	for _, c := range candidates {
		if d := distance(name, c); d < limit {
			best, limit = c, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// nearestFile proposes a file of the same folder for one that is not there.
func nearestFile(abs string) string {
	entries, err := os.ReadDir(filepath.Dir(abs))
	if err != nil {
		return "its folder does not exist either"
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if near := nearest(filepath.Base(abs), names); near != "" {
		return "did you mean " + near + ", in the same folder?"
	}
	return "check the path; it is relative to the working folder"
}
