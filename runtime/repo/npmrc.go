package repo

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// npmrc is what npm is told: the part of the user's own configuration that
// says where packages come from. A repository's .npmrc is read by nobody.
type npmrc struct {
	values     map[string][]string
	registries []string // of values, in the form scheme://host[:port]/path/
	public     string   // the registry that npm has without any configuration
}

// npmItself is what npm says of itself, whatever a user has configured.
type npmItself struct {
	globalConfig string // the machine's file
	registry     string
}

var (
	// npmKeys are what is taken from the user's configuration: where packages
	// come from, and the way there. Keys that name programs are not among them.
	npmKeys = regexp.MustCompile(`^((@[a-z0-9][a-z0-9._-]*:)?registry|https?-proxy|proxy|noproxy|cafile|ca|strict-ssl|cache)$`)
	// npmAuth are the credentials of a registry, by its address without scheme.
	npmAuth = regexp.MustCompile(`^(//[A-Za-z0-9.:\[\]_-]+/(?:[A-Za-z0-9@._~%+-]+/)*):(_authToken|_auth|username|_password|certfile|keyfile)$`)
	// npmEnv are npm's settings in the environment.
	npmEnv = regexp.MustCompile(`(?i)^npm_config_(.+)$`)
)

// userNpmrc merges what npm itself would: the machine's file, the user's file, and the environment, which wins.
// The environment may name other files than npm's own.
func userNpmrc(environ []string, npm npmItself) (npmrc, error) {
	env, given := map[string]string{}, map[string]string{}
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
		if m := npmEnv.FindStringSubmatch(name); m != nil && value != "" {
			key := m[1]
			if !strings.HasPrefix(key, "//") {
				key = strings.ToLower(key[:1] + strings.ReplaceAll(key[1:], "_", "-"))
			}
			given[key] = value
		}
	}
	rc, user := npmrc{values: map[string][]string{}, public: npm.registry}, ""
	if home := cmp.Or(env["HOME"], env["USERPROFILE"]); home != "" {
		user = filepath.Join(home, ".npmrc")
	}
	for _, file := range []struct{ key, path string }{{"globalconfig", npm.globalConfig}, {"userconfig", user}} {
		if path := given[file.key]; path != "" {
			file.path = path
		}
		text, err := readRC(file.path)
		if err != nil {
			return npmrc{}, err
		}
		if err := rc.add(parseRC(text), env); err != nil {
			return npmrc{}, err
		}
	}
	var last []rcLine
	for key, value := range given {
		last = append(last, rcLine{key, value})
	}
	if err := rc.add(last, nil); err != nil {
		return npmrc{}, err
	}
	return rc, rc.settle()
}

func readRC(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

// add takes what the tool uses of a file; later files win.
func (rc *npmrc) add(lines []rcLine, env map[string]string) error {
	fresh, lists := map[string]bool{}, map[string]bool{}
	for _, l := range lines {
		key, list := strings.CutSuffix(l.key, "[]")
		if key = expandRC(key, env); !npmKeys.MatchString(key) && !npmAuth.MatchString(key) {
			continue
		}
		value := expandRC(strings.TrimFunc(l.value, jsSpace), env)
		if strings.Contains(value, "${") {
			return refuse("your npm configuration", "set the variable, or write the value", "%s has a variable that is not set", key)
		}
		if home := env["HOME"]; home != "" && strings.HasPrefix(value, "~/") {
			value = filepath.Join(home, value[2:])
		}
		if lists[key] = lists[key] || list; !lists[key] || !fresh[key] {
			delete(rc.values, key)
		}
		fresh[key] = true
		if value != "null" { // which npm takes for not set
			rc.values[key] = append(rc.values[key], value)
		}
	}
	return nil
}

// settle finds the registries, and drops the credentials of others.
func (rc *npmrc) settle() error {
	if len(rc.values["registry"]) == 0 {
		rc.values["registry"] = []string{rc.public}
	}
	for key, values := range rc.values {
		if key != "registry" && !strings.HasSuffix(key, ":registry") {
			continue
		}
		registry, ok := registryOf(values[len(values)-1])
		switch {
		case ok:
			rc.values[key] = []string{registry}
			rc.registries = append(rc.registries, registry)
		case key == "registry":
			return refuse("your npm configuration", "packages come over https (or http from this machine)", "the registry %s cannot be used", redact.URL(values[len(values)-1]))
		default:
			delete(rc.values, key)
		}
	}
	slices.Sort(rc.registries)
	rc.registries = slices.Compact(rc.registries)
	for key := range rc.values {
		if m := npmAuth.FindStringSubmatch(key); m != nil && !slices.ContainsFunc(rc.registries, func(registry string) bool {
			_, address, _ := strings.Cut(registry, ":")
			return strings.HasPrefix(address, m[1])
		}) {
			delete(rc.values, key)
		}
	}
	return nil
}

// registryOf is a registry's address as the prefix of its packages' addresses.
func registryOf(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return "", false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", false
	}
	registry := u.Scheme + "://" + u.Host + strings.TrimSuffix(u.EscapedPath(), "/") + "/"
	return registry, packageURL.MatchString(registry+"x") && !dotted.MatchString(registry)
}

// text is the file that npm reads. Values are JSON strings, which npm takes in quotes: no character of them ends a line,
// begins a comment or names a variable.
func (rc npmrc) text() string {
	var b strings.Builder
	for key, values := range rc.values {
		for _, value := range values {
			quoted, _ := json.Marshal(value)
			suffix := ""
			if key == "ca" {
				suffix = "[]"
			}
			b.WriteString(key + suffix + " = " + string(quoted) + "\n")
		}
	}
	return b.String()
}

// rcLine is a setting of an .npmrc, before variables are replaced.
type rcLine struct{ key, value string }

// parseRC reads the settings above the first section of an .npmrc as npm's package ini does: lines end at any carriage
// return or line feed, a value in double quotes is JSON, and elsewhere ; and # begin a comment unless \ stands before.
func parseRC(text string) []rcLine {
	var lines []rcLine
	for _, line := range strings.FieldsFunc(strings.ToValidUTF8(text, "\ufffd"), func(r rune) bool { return r == '\r' || r == '\n' }) {
		bare := strings.TrimFunc(line, jsSpace)
		if bare == "" || bare[0] == ';' || bare[0] == '#' {
			continue
		}
		if rcSection.MatchString(line) {
			break
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || key == "" || strings.ContainsAny(value, "\u2028\u2029") {
			continue
		}
		lines = append(lines, rcLine{unquoteRC(key), unquoteRC(value)})
	}
	return lines
}

var rcSection = regexp.MustCompile(`^\[[^\]]*\]\s*$`)

// jsSpace are the characters that JavaScript's trim takes away.
func jsSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}

func unquoteRC(s string) string {
	s = strings.TrimFunc(s, jsSpace)
	for _, quote := range []string{`"`, `'`} {
		if strings.HasPrefix(s, quote) && strings.HasSuffix(s, quote) {
			if quote == "'" {
				s = strings.TrimSuffix(strings.TrimPrefix(s, quote), quote)
			}
			var text string
			if json.Unmarshal([]byte(s), &text) == nil {
				return text
			}
			return s
		}
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`\;#`, s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		case c == ';' || c == '#':
			return strings.TrimFunc(b.String(), jsSpace)
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimFunc(b.String(), jsSpace)
}

var rcVariable = regexp.MustCompile(`(\\*)\$\{([^${}?]+)(\?)?\}`)

// expandRC replaces ${NAME} and ${NAME?} as npm does: an odd number of \ before it keeps it.
func expandRC(s string, env map[string]string) string {
	return rcVariable.ReplaceAllStringFunc(s, func(found string) string {
		m := rcVariable.FindStringSubmatch(found)
		escapes := len(m[1])
		if escapes%2 == 1 {
			return found[(escapes+1)/2:]
		}
		value, set := env[m[2]]
		if !set && m[3] == "" {
			value = "${" + m[2] + "}"
		}
		return m[1][escapes/2:] + value
	})
}
