package repo

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

const digest = "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="

func usersRC(tb testing.TB, lines ...string) npmrc {
	tb.Helper()
	rc := npmrc{values: map[string][]string{}, public: "https://registry.example.org/"}
	if err := rc.add(parseRC(strings.Join(lines, "\n")), map[string]string{"TOKEN": "t0ken"}); err != nil {
		tb.Fatal(err)
	}
	if err := rc.settle(); err != nil {
		tb.Fatal(err)
	}
	return rc
}

func lockOf(packages string) []byte {
	return []byte(`{"name": "x", "lockfileVersion": 3, "packages": {"": {"name": "x"}, ` + packages + `}}`)
}

func TestHostileLockFilesAreRefused(t *testing.T) {
	t.Parallel()
	rc := usersRC(t, "@co:registry=https://npm.example.org/co/")
	good := `"node_modules/y": {"version": "1.0.0", "resolved": "https://registry.example.org/y/-/y-1.0.0.tgz", "integrity": "` + digest + `"}`
	if _, _, err := checkedPackages([]byte(`{"dependencies": {"y": "1", "z": "npm:@a/y@^1.2 || 2.x"}}`), lockOf(good), rc); err != nil {
		t.Fatalf("what is fine: %v", err)
	}
	entry := func(fields string) string { return good + `, "node_modules/x": {"version": "1.0.0", ` + fields + `}` }
	from := func(address string) string {
		return entry(`"resolved": "` + address + `", "integrity": "` + digest + `"`)
	}
	for name, c := range map[string]struct{ manifest, packages, words string }{
		"git":                      {packages: from("git+ssh://git@example.org/x.git#1234"), words: "node_modules/x comes from git+ssh"},
		"git over https":           {packages: from("git+https://registry.example.org/x.git"), words: "is not installed here"},
		"file":                     {packages: from("file:../../x.tgz"), words: "is not installed here"},
		"file inside":              {packages: from("file:vendor/x.tgz"), words: "is not installed here"},
		"absolute file":            {packages: from("file:///etc/x.tgz"), words: "is not installed here"},
		"http":                     {packages: from("http://registry.example.org/x/-/x.tgz"), words: "none of your registries"},
		"another host":             {packages: from("https://evil.example/x.tgz"), words: "none of your registries"},
		"a host that begins alike": {packages: from("https://registry.example.org.evil.example/x.tgz"), words: "none of your registries"},
		"a login":                  {packages: from("https://registry.example.org:x@evil.example/x.tgz"), words: "is not installed here"},
		"another folder":           {packages: from("https://npm.example.org/other/x.tgz"), words: "none of your registries"},
		"dots":                     {packages: from("https://npm.example.org/co/../other/x.tgz"), words: "is not installed here"},
		"escaped dots":             {packages: from("https://npm.example.org/co/%2e%2E/other/x.tgz"), words: "is not installed here"},
		"escaped slash":            {packages: from("https://npm.example.org/co/..%2fother/x.tgz"), words: "is not installed here"},
		"a backslash":              {packages: from(`https://npm.example.org/co/..\\other/x.tgz`), words: "is not installed here"},
		"a query":                  {packages: from("https://registry.example.org/x.tgz?to=evil"), words: "is not installed here"},
		"a tab":                    {packages: from(`https://registry.example.org/\tx.tgz`), words: "is not installed here"},
		"no address":               {packages: entry(`"integrity": "` + digest + `"`), words: "does not say where it comes from"},
		"no digest":                {packages: entry(`"resolved": "https://registry.example.org/x/-/x.tgz"`), words: "no integrity"},
		"a weak digest":            {packages: entry(`"resolved": "https://registry.example.org/x/-/x.tgz", "integrity": "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA="`), words: "no integrity"},
		"a link":                   {packages: entry(`"resolved": "../x", "link": true`), words: "is a link"},
		"a workspace":              {packages: good + `, "packages/x": {"version": "1.0.0"}`, words: "no place for a package"},
		"a place above":            {packages: good + `, "node_modules/../../x": {"version": "1.0.0"}`, words: "no place for a package"},
		"a name above":             {packages: entry(`"name": "../x"`), words: "has the name"},
		"a version that is none":   {packages: entry(`"version": "file:../x", "resolved": "https://registry.example.org/x/-/x.tgz", "integrity": "` + digest + `"`), words: "has the version"},
		"a dependency on git":      {packages: strings.Replace(from("https://registry.example.org/x.tgz"), `"version"`, `"dependencies": {"z": "evil/z"}, "version"`, 1), words: ""},
		"an old lock":              {packages: "old", words: "npm 6"},
		"no lock":                  {packages: "none", words: "is no lock file"},
		"wants git":                {manifest: `{"dependencies": {"x": "git+ssh://git@example.org/x.git"}}`, words: `"x" is wanted as`},
		"wants a user's":           {manifest: `{"dependencies": {"x": "evil/x"}}`, words: `"x" is wanted as`},
		"wants a file":             {manifest: `{"optionalDependencies": {"x": "x.tgz"}}`, words: `"x" is wanted as`},
		"wants a folder":           {manifest: `{"peerDependencies": {"x": "file:.."}}`, words: `"x" is wanted as`},
		"wants a hidden folder":    {manifest: `{"dependencies": {"x": ".1"}}`, words: `"x" is wanted as`},
		"wants a workspace":        {manifest: `{"dependencies": {"x": "workspace:*"}}`, words: `"x" is wanted as`},
		"wants an address":         {manifest: `{"dependencies": {"x": "https://evil.example/x.tgz"}}`, words: `"x" is wanted as`},
		"wants git by an alias":    {manifest: `{"dependencies": {"x": "npm:y@git+ssh://evil.example/y"}}`, words: `"x" is wanted as`},
		"workspaces":               {manifest: `{"workspaces": ["../*"]}`, words: "workspaces are not installed"},
		"overrides":                {manifest: `{"overrides": {"y": "git+ssh://evil.example/y"}}`, words: "overrides are not installed"},
		"no package.json":          {manifest: `[`, words: "is no package.json"},
	} {
		manifest, packages := "{}", good
		if c.manifest != "" {
			manifest = c.manifest
		}
		if c.packages != "" {
			packages = c.packages
		}
		lock := lockOf(packages)
		switch packages {
		case "old":
			lock = []byte(`{"lockfileVersion": 1}`)
		case "none":
			lock = []byte("<")
		}
		if _, _, err := checkedPackages([]byte(manifest), lock, rc); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: got %v, want %q", name, err, c.words)
		}
	}
}

func TestPublicRegistryStandsForTheUsersOwn(t *testing.T) {
	t.Parallel()
	rc := usersRC(t, "registry=https://npm.example.org/all")
	_, out, err := checkedPackages([]byte("{}"), lockOf(`"node_modules/y": {"version": "1.0.0", "resolved": "https://registry.example.org/y/-/y-1.0.0.tgz", "integrity": "`+digest+`"}`), rc)
	if err != nil || !strings.Contains(string(out), `"https://npm.example.org/all/y/-/y-1.0.0.tgz"`) {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestWhatComesInsideAPackageIsLeftToIt(t *testing.T) {
	t.Parallel()
	_, out, err := checkedPackages([]byte("{}"), lockOf(`"node_modules/y": {"version": "1.0.0", "dependencies": {"in": "1", "out": "2"},
		"resolved": "https://registry.example.org/y/-/y-1.0.0.tgz", "integrity": "`+digest+`"}, "node_modules/y/node_modules/in": {"version": "file:/etc", "inBundle": true},
		"node_modules/d": {"dev": true, "resolved": "git+ssh://example.org/d"}`), usersRC(t))
	if err != nil || strings.Contains(string(out), `"in"`) || strings.Contains(string(out), "inBundle") || !strings.Contains(string(out), `"out":"2"`) || strings.Contains(string(out), "node_modules/d") {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestUsersNpmrcIsTakenInPart(t *testing.T) {
	t.Parallel()
	rc := usersRC(
		t, "registry = https://npm.example.org/all", "@co:registry=http://127.0.0.1:4873", "@far:registry=http://far.example/",
		"//npm.example.org/all/:_authToken = ${TOKEN}", "//npm.example.org/:_password=\"a;b\"", "//far.example/:_authToken=x", "//npm.example.org.evil/:_authToken=x",
		"git=/evil", "script-shell=/evil", "; comment", "strict-ssl=true\rcafile=/etc/ca.pem", "[section]", "proxy=http://in.section",
	)
	want := map[string]string{
		"registry": "https://npm.example.org/all/", "@co:registry": "http://127.0.0.1:4873/", "//npm.example.org/all/:_authToken": "t0ken",
		"//npm.example.org/:_password": "a;b", "strict-ssl": "true", "cafile": "/etc/ca.pem",
	}
	for key, values := range rc.values {
		if want[key] != strings.Join(values, ",") {
			t.Errorf("%s = %q, want %q", key, values, want[key])
		}
	}
	if len(rc.values) != len(want) {
		t.Errorf("got %v", rc.values)
	}
}

// Whatever a lock file and a package.json hold: an error, or files that ask the user's registries alone for packages
// of known content, and that are checked to the same again.
func FuzzPackages(f *testing.F) {
	f.Add([]byte(`{"dependencies": {"y": "^1"}}`), lockOf(`"node_modules/y": {"version": "1.0.0", "resolved": "https://registry.example.org/y/-/y-1.0.0.tgz", "integrity": "`+digest+`"}`))
	f.Add([]byte(`{"dependencies": {"y": "evil/y"}}`), lockOf(`"node_modules/y": {"version": "1.0.0", "resolved": "file:../y", "RESOLVED": "https://registry.example.org/y", "link": true}`))
	f.Add([]byte(`{"dependencies": {"y": "y.tgz "}}`), lockOf(`"node_modules/y": {"inBundle": true, "os": "linux", "hasShrinkwrap": true}`))
	f.Add([]byte(`{"Dependencies": {"y": "git://x"}, "dependencies": null}`), []byte(`{"lockfileVersion": 2, "packages": {"a/../b": {}}, "dependencies": {"y": {"version": "git://x"}}}`))
	rc := usersRC(f, "@co:registry=https://npm.example.org/co/")
	known := regexp.MustCompile(`^(name|version|resolved|integrity|dependencies|optionalDependencies|peerDependencies|peerDependenciesMeta|os|cpu|libc|optional|devOptional|peer)$`)
	f.Fuzz(func(t *testing.T, manifest, lock []byte) {
		m, l, err := checkedPackages(manifest, lock, rc)
		if err != nil {
			return
		}
		var out struct {
			Packages map[string]map[string]any `json:"packages"`
		}
		if err := json.Unmarshal(l, &out); err != nil {
			t.Fatal(err)
		}
		for place, p := range out.Packages {
			for key := range p {
				if !known.MatchString(key) {
					t.Errorf("%s has %q", place, key)
				}
			}
			address, _ := p["resolved"].(string)
			if place != "" && (!strings.HasPrefix(address, "https://registry.example.org/") && !strings.HasPrefix(address, "https://npm.example.org/co/") || strings.Contains(address, "..") && dotted.MatchString(address) || p["integrity"] == nil) {
				t.Errorf("%s is %v", place, p)
			}
		}
		m2, l2, err := checkedPackages(m, l, rc)
		if err != nil || string(m2) != string(m) || string(l2) != string(l) {
			t.Errorf("again: %s %s, %v, want %s %s", m2, l2, err, m, l)
		}
	})
}

// Whatever stands in the user's file: npm reads from what is written what was meant, and keys that are known alone.
func FuzzNpmrc(f *testing.F) {
	for _, seed := range npmrcSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rc := npmrc{values: map[string][]string{}, public: "https://registry.example.org/"}
		if rc.add(parseRC(text), map[string]string{"HOME": "/home/u", "TOKEN": "t0ken\ngit=./evil"}) != nil || rc.settle() != nil {
			return
		}
		read := map[string][]string{}
		for _, l := range parseRC(rc.text()) {
			if strings.Contains(l.value, "${") {
				t.Errorf("%s has a variable: %q", l.key, l.value)
			}
			key := strings.TrimSuffix(l.key, "[]")
			if !npmKeys.MatchString(key) && !npmAuth.MatchString(key) {
				t.Errorf("key %q is written", key)
			}
			read[key] = append(read[key], l.value)
		}
		for key, values := range rc.values {
			if got, want := strings.Join(read[key], "|"), strings.Join(values, "|"); got != strings.TrimFunc(want, jsSpace) && len(values) == 1 {
				t.Errorf("%s is read as %q, want %q", key, got, want)
			}
		}
		if strings.Count(rc.text(), "\n") != strings.Count(strings.Join(strings.FieldsFunc(rc.text(), func(r rune) bool { return r == '\n' || r == '\r' }), "\n")+"\n", "\n") {
			t.Errorf("a value ends a line: %q", rc.text())
		}
	})
}

// npmrcSeeds are texts that parsers of this format read differently.
var npmrcSeeds = []string{
	"registry=https://npm.example.org/\rgit=./evil", "registry=https://a.example/ ; comment", `registry="https://a.example/"`, `registry='"https://a.example/"'`,
	"[section]\nregistry=https://a.example/", "registry", "registry=", "=x", "registry=https://a.example/\\;x", "registry==https://a.example/", "proxy=http://${TOKEN}/",
	"//a.example/:_authToken=${TOKEN?}", "//a.example/:_authToken=\\${TOKEN}", "cafile=~/x\ncafile=y", "ca[]=one\nca[]=two", "ca=one\nca[]=two", "registry=https://a.example/\u2028git=x",
	"\ufeffregistry=https://a.example/", "registry\u00a0=\u00a0https://a.example/", "registry=https://a.example/#x", "cache=\"a\\nb\"", "cache=\"a\nb\"", "cache='", "cache=\"", "cache=a\\", "  [x]\ncache=b",
	"[x\ncache=b", "[x] y=z\ncache=b", "cache=true", "cache = null", "${TOKEN}=x", "@co:registry=https://a.example/", "__proto__=x\ncache=y", "cache=\x85x\x85",
}
