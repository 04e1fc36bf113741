package repo_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

// shop is a registry on loopback with one package, greet 1.0.0, whose install scripts leave a trace.
type shop struct {
	url, integrity, trace string
	asked                 atomic.Int64
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{trace: filepath.Join(t.TempDir(), "trace")}
	packed := tgz(t, map[string]string{
		"package/package.json": `{"name": "greet", "version": "1.0.0", "main": "index.js", "scripts": {"preinstall": "touch ` + s.trace +
			`", "install": "touch ` + s.trace + `", "postinstall": "touch ` + s.trace + `"}}`,
		"package/index.js": "export const greet = () => 'hello'\n",
	})
	sum := sha512.Sum512([]byte(packed))
	s.integrity = "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if r.URL.Path != "/greet/-/greet-1.0.0.tgz" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, packed)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/"
	return s
}

// entry is greet's in a lock file.
func (s *shop) entry() string {
	return `"node_modules/greet": {"version": "1.0.0", "resolved": "` + s.url + `greet/-/greet-1.0.0.tgz", "integrity": "` + s.integrity + `", "hasInstallScript": true}`
}

// customer names the registry in the user's own configuration.
func (s *shop) customer(t *testing.T, o *repo.Options) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".npmrc"), []byte("registry="+s.url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Environ = append(o.Environ, "HOME="+dir)
}

// depends gives a repository the dependency, and install scripts of its own.
func depends(o *origin, s *shop) {
	o.write("package.json", `{"name": "tests", "version": "1.0.0", "dependencies": {"greet": "^1.0.0"},
		"scripts": {"prepare": "touch `+s.trace+`", "postinstall": "touch `+s.trace+`"}}`)
	o.write("package-lock.json", lock(s.entry()))
}

func lock(packages string) string {
	return `{"name": "tests", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {
		"": {"name": "tests", "version": "1.0.0", "dependencies": {"greet": "^1.0.0"}}, ` + packages + `}}`
}

func TestDependenciesAreInstalledOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	o, s := newOrigin(t), newShop(t)
	depends(o, s)
	o.push()
	opt := options(t, o.fileURL())
	s.customer(t, &opt)
	plain := clone(t, opt)
	if !strings.HasSuffix(plain.NotInstalled, "package-lock.json") {
		t.Errorf("NotInstalled is %q, want the lock file", plain.NotInstalled)
	}
	installed := filepath.Join("node_modules", "greet", "index.js")
	if _, err := os.Stat(filepath.Join(plain.Root, installed)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("was installed without being asked for: %v", err)
	}

	opt.Install = true
	c := clone(t, opt)
	if _, err := os.Stat(filepath.Join(c.Dir, installed)); err != nil || c.NotInstalled != "" || c.Commit != plain.Commit {
		t.Errorf("%+v: %v", c, err)
	}
	if _, err := os.Stat(filepath.Join(plain.Root, installed)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the plain clone was changed: %v", err)
	}
	if _, err := os.Stat(s.trace); !errors.Is(err, os.ErrNotExist) {
		t.Error("an install script ran")
	}
	opt.Offline = true
	if again := clone(t, opt); !again.Cached || again.Root != c.Root {
		t.Errorf("offline gave %+v", again)
	}
}

func TestProjectFileCannotAskForDependencies(t *testing.T) {
	t.Parallel()
	o, s := newOrigin(t), newShop(t)
	o.write("plimsoll.json", strings.Replace(projectFile, "{", `{"requirements": "package-lock.json", `, 1))
	depends(o, s)
	o.push()
	opt := options(t, o.fileURL())
	s.customer(t, &opt)
	c := clone(t, opt)
	if c.NotInstalled == "" || s.asked.Load() > 0 {
		t.Errorf("NotInstalled is %q, the registry was asked %d times: the repository installs", c.NotInstalled, s.asked.Load())
	}
}

// A lone carriage return ends a line for npm: what stands behind it is a setting of its own.
func TestRepositorysNpmrcIsNotRead(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	proxied, o, s := newShop(t), newOrigin(t), newShop(t)
	pwned := filepath.Join(t.TempDir(), "pwned")
	depends(o, s)
	o.write("evil.sh", "#!/bin/sh\ntouch "+pwned+"\n")
	o.write(".npmrc", "registry="+proxied.url+"\rproxy="+proxied.url+"\rhttps-proxy="+proxied.url+"\rcache="+pwned+"\rlogs-dir="+pwned+
		"\rgit=./evil.sh\rscript-shell=./evil.sh\rnode-options=--require ./evil.js\rignore-scripts=false\rprefix="+pwned+"\n")
	o.write("evil.js", "require('fs').writeFileSync('"+pwned+"', '')\n")
	o.push()
	opt := options(t, o.fileURL())
	s.customer(t, &opt)
	opt.Install = true
	c := clone(t, opt)
	if _, err := os.Stat(filepath.Join(c.Dir, "node_modules", "greet", "package.json")); err != nil {
		t.Error(err)
	}
	if proxied.asked.Load() > 0 {
		t.Error("npm went where the repository's .npmrc sent it")
	}
	if _, err := os.Stat(pwned); !errors.Is(err, os.ErrNotExist) {
		t.Error("a setting of the repository's .npmrc was followed")
	}
}

// npm prefers a shrinkwrap to the lock file, and runs git for what it names.
func TestLockFilesOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"npm-shrinkwrap.json", ".yarnrc", ".yarnrc.yml", ".pnp.cjs", ".pnp.data.json"} {
		o, s := newOrigin(t), newShop(t)
		depends(o, s)
		o.write(name, lock(`"node_modules/greet": {"version": "1.0.0", "resolved": "git+ssh://git@example.org/greet.git#1234"}`))
		o.push()
		opt := options(t, o.fileURL())
		s.customer(t, &opt)
		opt.Install = true
		_, err := repo.Clone(t.Context(), opt)
		says(t, err, 2, name, "is not followed here", "package-lock.json alone")
	}
}

func TestInstallNeedsALockFile(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("package.json", "{}")
	o.push()
	opt := options(t, o.fileURL())
	opt.Install = true
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 2, "there is no package-lock.json", "npm install --package-lock-only")
}

func TestPackagesOfOtherRegistriesAreRefused(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	o, s := newOrigin(t), newShop(t)
	depends(o, s)
	o.push()
	opt := options(t, o.fileURL()) // whose user has npm's own registry
	opt.Install = true
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 2, "node_modules/greet comes from "+s.url, "none of your registries", "~/.npmrc")
}

func TestFailedInstallSaysWhatNpmSaid(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	o, s := newOrigin(t), newShop(t)
	depends(o, s)
	o.write("package.json", `{"name": "tests", "version": "1.0.0", "dependencies": {"greet": "^1.0.0", "other": "1.0.0"}}`)
	o.push()
	opt := options(t, o.fileURL())
	s.customer(t, &opt)
	opt.Install = true
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 7, "npm ci: ", "other@1.0.0", "in a clone of it")
}

// The stand-in for npm copies what it is given. Nothing of it comes from the repository or from the user but what is checked.
func TestNpmSeesOnlyWhatIsWrittenForIt(t *testing.T) {
	need(t, "sh")
	o, s := newOrigin(t), newShop(t)
	depends(o, s)
	o.write(".npmrc", "git=./evil.sh\n")
	o.push()
	bin, seen := t.TempDir(), t.TempDir()
	script := `#!/bin/sh
case "$1 $3" in
"config globalconfig") echo /nowhere/npmrc; exit ;;
"config registry") echo https://registry.example.org/; exit ;;
esac
ls -A >` + seen + `/files
env >` + seen + `/env
for arg; do
	case $arg in --userconfig=*) cp "${arg#*=}" ` + seen + `/npmrc ;; esac
	echo "$arg" >>` + seen + `/args
done
cp package.json package-lock.json ` + seen + `
mkdir -p node_modules/greet
`
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	opt := options(t, o.fileURL())
	dir := t.TempDir()
	nerf := strings.TrimPrefix(s.url, "http:")
	if err := os.WriteFile(filepath.Join(dir, ".npmrc"), []byte("registry="+s.url+"\n"+nerf+":_authToken=${TOKEN}\n//other.example/:_authToken=other\ngit=mine\nscript-shell=mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	opt.Environ = append(opt.Environ, "HOME="+dir, "TOKEN=s3cret#;", "npm_config_git=mine", "NODE_OPTIONS=--require x")
	opt.Install = true
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	clone(t, opt)
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(seen, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if got := read("files"); got != "package-lock.json\npackage.json\n" {
		t.Errorf("npm's folder has %q", got)
	}
	if got := read("env"); strings.Contains(got, "s3cret") || strings.Contains(got, "npm_config") || strings.Contains(got, "NODE_OPTIONS") {
		t.Errorf("npm's environment has\n%s", got)
	}
	if got := read("npmrc"); strings.Contains(got, "mine") || strings.Contains(got, "other") || strings.Count(got, "\n") != 2 ||
		!strings.Contains(got, `registry = "`+s.url+`"`) || !strings.Contains(got, nerf+`:_authToken = "s3cret#;"`) {
		t.Errorf("npm's configuration is\n%s", got)
	}
	for _, want := range []string{"ci", "--ignore-scripts", "--git=", "--globalconfig=", "--omit=dev"} {
		if !strings.Contains(read("args"), want) {
			t.Errorf("npm's arguments %q have no %s", read("args"), want)
		}
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(read("package.json")), &m); err != nil || m["scripts"] != nil {
		t.Errorf("npm's package.json is %v, %v", m, err)
	}
	if strings.Contains(read("package-lock.json"), "hasInstallScript") {
		t.Errorf("npm's lock file is %s", read("package-lock.json"))
	}
}

func tgz(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
