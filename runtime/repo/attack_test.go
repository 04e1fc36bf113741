package repo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/redact"
	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

func TestHostileAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for url, text := range map[string]string{
		"ext::sh -c touch% /pwned":          "no repository URL",
		"ext::sh":                           "no repository URL",
		"fd::7":                             "no repository URL",
		"--upload-pack=touch pwned":         "no repository URL",
		"-u./pwn":                           "no repository URL",
		"":                                  "no repository URL",
		"/etc":                              "file:///ABSOLUTE/PATH",
		"./service":                         "file:///ABSOLUTE/PATH",
		"git://example.org/x":               `protocol "git"`,
		"ftp://example.org/x":               `protocol "ftp"`,
		"ext://example.org/x":               `protocol "ext"`,
		"http://example.org/x":              "use https",
		"http://127.0.0.1.example.org/x":    "use https",
		"file://host/x":                     "absolute path",
		"ssh://-oProxyCommand=touch/x":      "no repository URL",
		"ssh://-oProxyCommand=x@host/x":     "no repository URL",
		"-oProxyCommand=touch:x":            "no repository URL",
		"git@host:-upload":                  "no repository URL",
		"https://exam ple.org/x":            "no repository URL",
		"https://example.org/x\n--exec=sh":  "no repository URL",
		"https:///x":                        "not allowed",
		"https://user:s3cret@example.org":   "no repository URL",
		`C:\repos\x`:                        "no repository URL",
		"https://example.org/%zz?token=abc": "no repository URL",
	} {
		opt := options(t, url)
		refused(t, opt, 2, text)
		_, err := repo.Clone(t.Context(), opt)
		if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "token") {
			t.Errorf("credentials are shown: %v", err)
		}
	}
	for _, url := range []string{
		"user:S3CRET@host.example/x", "user:S3CRET@host.example:x", "S3CRET@host.example/x", "https:user:S3CRET@host.example/x", "https:/S3CRET@host.example/x",
		"//user:S3CRET@host.example/x", "https://user:S3/CRET@host.example/x", "https://user:12/CRET@host.example/x", "https://S3CRET/@host.example/x",
		"git://user:S3CRET@host.example/x", "http://S3CRET@host.example/x", "https://user:S3CRET%zz@host.example/x", "ssh://user:S3CRET@-host.example/x", "git@host.example:x?token=S3CRET",
		"host.example/x?token=S3CRET", "host.example:x#S3CRET", "https://user:S3CRET@host.example", "x::https://user:S3CRET@host.example/x", "user:S3CRET@[::1]/x", "S3CRET:x-oauth@host.example/x",
	} {
		opt := options(t, url)
		opt.Log = func(line string) { t.Errorf("%s: something was begun: %s", url, line) }
		_, err := repo.Clone(t.Context(), opt)
		says(t, err, 2)
		e := err.(interface{ Hint() string })
		if all := err.Error() + e.Hint() + redact.URL("--repo="+strings.Split(url, "?")[0]); strings.Contains(all, "CRET") && !strings.Contains(url, "#") {
			t.Errorf("%s: the credential is shown: %s", url, all)
		}
	}
	opt := options(t, "file:///srv/x.git")
	opt.AllowFile = false
	refused(t, opt, 2, "file URLs are not allowed")
}

func TestHostileRefsAreRefused(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{
		"--upload-pack=touch pwned", "-x", "--", "a..b", "main:refs/heads/x", "+main", "main~1", "main^", "*", "refs/heads/*",
		"a b", "a\nb", "@{-1}", "main@{1}", "a?", "[a]", `a\b`, "/main", "main/", "main.lock", "a//b", "main.", strings.Repeat("a", 300),
	} {
		opt := options(t, "https://example.org/x.git")
		opt.Ref = ref
		refused(t, opt, 2, "cannot be a branch, tag or commit")
	}
}

func TestHostileFoldersAreRefused(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"..", "../x", "a/../../x", "/etc"} {
		opt := options(t, "https://example.org/x.git")
		opt.Dir = dir
		refused(t, opt, 2, "outside the repository")
	}
}

func TestLinksOutOfTheCloneAreRefused(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]string{
		"absolute": "/etc/passwd", "upwards": "../../../../etc/passwd", "parent": "..", "above nothing": "../nothing-here",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t)
			o.link("data.json", target)
			o.push()
			refused(t, options(t, o.fileURL()), 2, "data.json is a link that leads out of the repository", "nothing was run")
		})
	}
}

func TestLinkThatHidesItsWayOutIsRefused(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("a/b/keep", "")
	o.link("a/b/root", "../..")
	o.link("out", "a/b/root/../../etc") // by its text within the clone, in truth above it
	o.push()
	refused(t, options(t, o.fileURL()), 2, "out is a link that leads out")
}

func TestLinksWithinTheCloneAreFine(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("lib/real.js", "// real\n")
	o.link("linked.js", "lib/real.js")
	o.link("dangling.js", "lib/later.js")
	o.push()
	c := clone(t, options(t, o.fileURL()))
	data, err := os.ReadFile(filepath.Join(c.Root, "linked.js"))
	if err != nil || string(data) != "// real\n" {
		t.Errorf("got %q, %v", data, err)
	}
}

func TestScriptOutsideTheCloneIsRefused(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("plimsoll.json", `{"tests": {"x": {"script": "../../../../etc/passwd"}}}`)
	o.push()
	opt := options(t, o.fileURL())
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 3, `test "x"`, "outside the repository")
}

func TestHostileSubmodulesRunNothing(t *testing.T) {
	t.Parallel()
	pwned := filepath.Join(t.TempDir(), "pwned")
	for name, modules := range map[string]string{
		"url is an option": "[submodule \"x\"]\n\tpath = x\n\turl = --upload-pack=touch " + pwned + "\n",
		"name leads away":  "[submodule \"../../hooks\"]\n\tpath = x\n\turl = https://example.org/x\n\tupdate = !touch " + pwned + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t)
			o.submodule("x", o.run(o.work, "rev-parse", "HEAD"), modules)
			opt := options(t, o.fileURL())
			refused(t, opt, 7, "fsck")
			opt.Submodules = true
			refused(t, opt, 7, "fsck")
			if _, err := os.Stat(pwned); err == nil {
				t.Error("it ran a command")
			}
		})
	}
}

// A tree with a name that no work tree may have is made by hand: git itself would not.
func TestHostileNamesInATreeAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"..", ".git", ".GIT", "git~1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t)
			inner := o.run(o.work, "rev-parse", "HEAD^{tree}")
			raw := []byte("40000 " + name + "\x00")
			for i := 0; i < len(inner); i += 2 {
				raw = append(raw, unhex(inner[i])<<4|unhex(inner[i+1]))
			}
			tree := o.runWith(string(raw), o.work, "hash-object", "-w", "-t", "tree", "--literally", "--stdin")
			commit := o.run(o.work, "commit-tree", "-m", "trick", tree)
			o.run(o.work, "push", "--quiet", "origin", commit+":refs/heads/trick")
			opt := options(t, o.fileURL())
			opt.Ref = "trick"
			refused(t, opt, 7, "git: ")
		})
	}
}

func unhex(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// What the user's own git would do with a checkout is not done for a stranger's repository.
func TestNoHookAndNoFilterRuns(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write(".gitattributes", "*.js filter=evil diff=evil\n")
	o.push()
	dir := t.TempDir()
	pwned := filepath.Join(dir, "pwned")
	hooks := filepath.Join(dir, "hooks")
	if err := os.Mkdir(hooks, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, hook := range []string{"post-checkout", "reference-transaction", "post-index-change"} {
		if err := os.WriteFile(filepath.Join(hooks, hook), []byte("#!/bin/sh\ntouch "+pwned+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config := "[core]\n\thooksPath = " + hooks + "\n\tfsmonitor = touch " + pwned +
		"\n[filter \"evil\"]\n\tsmudge = touch " + pwned + "; cat\n\trequired = true\n[init]\n\ttemplateDir = " + dir + "\n"
	opt := options(t, o.fileURL())
	home(t, &opt, config)
	clone(t, opt)
	if _, err := os.Stat(pwned); err == nil {
		t.Error("a hook or filter ran")
	}
}
