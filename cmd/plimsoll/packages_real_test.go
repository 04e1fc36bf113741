//go:build real

package main_test

import (
	"crypto/sha512"
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// shelf is a repository that a test pushes to: bare, with a work tree beside it.
type shelf struct {
	*testing.T
	git        string
	bare, work string
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	dir := t.TempDir()
	s := &shelf{T: t, git: outside(t, "git"), bare: filepath.Join(dir, "loads.git"), work: filepath.Join(dir, "loads")}
	s.run(dir, s.git, "init", "--quiet", "--bare", "--initial-branch=main", s.bare)
	return s
}

// start makes a repository of the work tree.
func (s *shelf) start() {
	s.Helper()
	s.run(s.work, s.git, "init", "--quiet", "--initial-branch=main")
	s.run(s.work, s.git, "remote", "add", "origin", s.bare)
}

// push commits all and returns the commit.
func (s *shelf) push() string {
	s.Helper()
	s.run(s.work, s.git, "add", "--all")
	s.run(s.work, s.git, "commit", "--quiet", "--message=a change")
	s.run(s.work, s.git, "push", "--quiet", "origin", "HEAD")
	return s.run(s.work, s.git, "rev-parse", "HEAD")
}

// run runs a tool with nobody's configuration.
func (s *shelf) run(dir, name string, args ...string) string {
	s.Helper()
	c := exec.CommandContext(s.Context(), name, args...)
	c.Dir = dir
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(s.bare), "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.org", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.org",
	}
	out, err := c.CombinedOutput()
	if err != nil {
		s.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s *shelf) fileURL() string { return "file://" + filepath.ToSlash(s.bare) }

// serve serves the repository on loopback by git's own program for smart HTTP.
func (s *shelf) serve() string {
	s.Helper()
	server := httptest.NewServer(&cgi.Handler{
		Path: filepath.Join(s.run(s.bare, s.git, "--exec-path"), "git-http-backend"), Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(s.bare), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1"},
	})
	s.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(s.bare)
}

// clones is the environment of a user who has cloned nothing yet.
func clones(t *testing.T) []string {
	t.Helper()
	return []string{"HOME=" + t.TempDir(), "XDG_CACHE_HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}
}

const greeting = `import { check } from 'plimsoll'
import http from 'plimsoll/http'
import { greet } from 'greet'
export default () => {
  http.get(__ENV.SERVER_URL + '/')
  check(greet('harbour'), { 'the package greets': (text) => text === 'ahoy, harbour' })
}
`

// TestRealNpmPackageOfARepository has a package in a registry, which tries to
// run scripts when it is installed, and a repository whose scenario uses it.
func TestRealNpmPackageOfARepository(t *testing.T) {
	plimsoll, npm := program(t), outside(t, "npm")
	s := newShelf(t)
	trace := filepath.Join(t.TempDir(), "trace")
	pack := filepath.Join(t.TempDir(), "greet")
	put(t, filepath.Join(pack, "index.js"), "export const greet = (who) => `ahoy, ${who}`\n")
	put(t, filepath.Join(pack, "package.json"), `{"name": "greet", "version": "1.2.3", "type": "module", "main": "index.js", "scripts": {
		"preinstall": "touch `+trace+`", "install": "touch `+trace+`", "postinstall": "touch `+trace+`"}}`)
	s.run(pack, npm, "pack", "--silent")

	packed, err := os.ReadFile(filepath.Join(pack, "greet-1.2.3.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(packed)
	integrity := "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	var fetched atomic.Int64
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/greet":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"name": "greet", "dist-tags": {"latest": "1.2.3"}, "versions": {"1.2.3": {"name": "greet", "version": "1.2.3",
				"hasInstallScript": true, "dist": {"tarball": "http://`+r.Host+`/greet/-/greet-1.2.3.tgz", "integrity": "`+integrity+`"}}}}`)
		case "/greet/-/greet-1.2.3.tgz":
			fetched.Add(1)
			http.ServeFile(w, r, filepath.Join(pack, "greet-1.2.3.tgz"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(registry.Close)
	put(t, filepath.Join(s.work, "loadtest.js"), greeting)
	put(t, filepath.Join(s.work, "plimsoll.json"), `{"requirements": "package-lock.json", "tests": {"smoke": {"script": "loadtest.js", "options": {"iterations": 5}}}}`)
	put(t, filepath.Join(s.work, ".npmrc"), "git="+trace+"\rscript-shell="+trace+"\rproxy=http://127.0.0.1:1\n")
	put(t, filepath.Join(s.work, "package.json"), `{"name": "loads", "version": "1.0.0", "scripts": {"postinstall": "touch `+trace+`"}}`)
	s.run(s.work, npm, "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--noproxy=127.0.0.1", "--registry="+registry.URL, "greet@1.2.3")
	s.start()
	commit := s.push()

	env, before := clones(t), fetched.Load()
	home := t.TempDir()
	put(t, filepath.Join(home, ".npmrc"), "registry="+registry.URL+"\n")
	env = append(env, "HOME="+home)
	args := []string{"run", "--repo", s.fileURL(), "--allow-file", "--demo=rejects:2000", "smoke"}
	refused := command(t, env, plimsoll, args...).want(t, 3)
	if !strings.Contains(refused.stderr, "only you can have installed: add --install") || !strings.Contains(refused.stderr, `there is no module "greet"`) || !strings.Contains(refused.stderr, "add --install") || refused.stdout != "" {
		t.Errorf("without --install it says\n%s\n%s", refused.stdout, refused.stderr)
	}
	ran := command(t, env, plimsoll, append(args, "--install")...).want(t, 0)
	for _, want := range []string{"5 iterations", "100 % of 5 passed", commit} {
		if !strings.Contains(ran.stdout, want) {
			t.Errorf("%q is not in\n%s", want, ran.stdout)
		}
	}
	if fetched.Load() == before {
		t.Error("the package was not fetched from its registry")
	}
	if _, err := os.Stat(trace); !os.IsNotExist(err) {
		t.Errorf("an install script ran: %v", err)
	}

	// npm by itself would have run them.
	s.run(s.work, npm, "ci", "--no-audit", "--noproxy=127.0.0.1", "--script-shell=sh", "--registry="+registry.URL)
	if _, err := os.Stat(trace); err != nil {
		t.Errorf("the package does not try: %v", err)
	}

	// The cache has it without a network.
	registry.Close()
	command(t, env, plimsoll, append(args, "--install", "--offline")...).want(t, 0)
}
