package repo_test

import (
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

// need skips a test whose tool is missing; in CI that is a failure.
func need(t *testing.T, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", tool)
	}
	t.Skipf("%s is not installed", tool)
	return ""
}

// origin is a repository that people push to, bare and with a work tree beside it.
type origin struct {
	t    *testing.T
	bare string
	work string
}

const projectFile = `{"env": {"GREETING": "hello"}, "tests": {"smoke": {"script": "loadtest.js"}}}`

func newOrigin(t *testing.T) *origin {
	t.Helper()
	return originIn(t, t.TempDir(), "service")
}

// originIn makes a repository in a folder; what serves one of the folder serves all.
func originIn(t *testing.T, dir, name string) *origin {
	t.Helper()
	need(t, "git")
	o := &origin{t: t, bare: filepath.Join(dir, name+".git"), work: filepath.Join(dir, name)}
	o.run(dir, "init", "--quiet", "--bare", "--initial-branch=main", o.bare)
	o.run(dir, "init", "--quiet", "--initial-branch=main", o.work)
	o.run(o.work, "remote", "add", "origin", o.bare)
	o.write("plimsoll.json", projectFile)
	o.write("loadtest.js", "import { scenario } from 'plimsoll'\n")
	o.push()
	return o
}

func (o *origin) run(dir string, args ...string) string {
	o.t.Helper()
	return o.runWith("", dir, args...)
}

func (o *origin) runWith(stdin, dir string, args ...string) string {
	o.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		o.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (o *origin) write(name, content string) {
	o.t.Helper()
	path := filepath.Join(o.work, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		o.t.Fatal(err)
	}
}

func (o *origin) link(name, target string) {
	o.t.Helper()
	if err := os.Symlink(target, filepath.Join(o.work, name)); err != nil {
		o.t.Skipf("no symbolic links here: %v", err)
	}
}

// push commits everything and returns the commit.
func (o *origin) push() string {
	o.t.Helper()
	o.run(o.work, "add", "-A")
	o.run(o.work, "commit", "--quiet", "--allow-empty", "-m", "a change")
	o.run(o.work, "push", "--quiet", "origin", "HEAD")
	return o.run(o.work, "rev-parse", "HEAD")
}

func (o *origin) fileURL() string { return "file://" + filepath.ToSlash(o.bare) }

// serve serves the repository by git's own smart HTTP program.
func (o *origin) serve(wrap func(http.Handler) http.Handler) (url string) {
	o.t.Helper()
	backend := filepath.Join(o.run(o.bare, "--exec-path"), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		o.t.Skipf("no git http-backend: %v", err)
	}
	var h http.Handler = &cgi.Handler{
		Path: backend, Stderr: io.Discard, Logger: log.New(io.Discard, "", 0), // git hangs up when it is refused
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(o.bare), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1"},
	}
	if wrap != nil {
		h = wrap(h)
	}
	server := httptest.NewServer(h)
	o.t.Cleanup(server.Close)
	return server.URL + "/service.git"
}

// options clone into a cache of the test's own, with nobody's git configuration.
func options(t *testing.T, url string) repo.Options {
	t.Helper()
	return repo.Options{
		URL: url, AllowFile: true, CacheDir: t.TempDir(), Timeout: time.Minute,
		Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1"},
		Log:     func(line string) { t.Log(line) },
	}
}

// home gives the clone a user whose git configuration is text.
func home(t *testing.T, o *repo.Options, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".gitconfig"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o.Environ = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1"}
}

func clone(t *testing.T, o repo.Options) *repo.Checkout {
	t.Helper()
	c, err := repo.Clone(t.Context(), o)
	if err != nil {
		t.Fatalf("Clone: %v", err)
	}
	return c
}

// refused wants an error with an exit code, a text and a hint, and nothing left in the cache but refs.
func refused(t *testing.T, o repo.Options, code int, texts ...string) {
	t.Helper()
	c, err := repo.Clone(t.Context(), o)
	if err == nil {
		t.Fatalf("Clone gave %+v, want an error", c)
	}
	says(t, err, code, texts...)
	left, _ := filepath.Glob(filepath.Join(o.CacheDir, "*", "*", "*"))
	for _, path := range left {
		if !strings.Contains(path, string(filepath.Separator)+"refs"+string(filepath.Separator)) {
			t.Errorf("left in the cache: %s", path)
		}
	}
}

// says wants an error of an exit code whose words and hint have all the texts.
func says(t *testing.T, err error, code int, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one that says %q", texts)
	}
	e, ok := err.(interface {
		ExitCode() int
		Hint() string
	})
	if !ok {
		t.Fatalf("%T has no exit code: %v", err, err)
	}
	if e.ExitCode() != code {
		t.Errorf("exit code %d, want %d: %v", e.ExitCode(), code, err)
	}
	all := err.Error() + "\n" + e.Hint()
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("error does not say %q:\n%s", text, all)
		}
	}
}
