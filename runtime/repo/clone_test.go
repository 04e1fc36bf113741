package repo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

func TestCloneFindsBranchTagAndCommit(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	first := o.run(o.work, "rev-parse", "HEAD")
	o.run(o.work, "tag", "light")
	o.run(o.work, "tag", "-a", "-m", "a release", "v1")
	o.run(o.work, "push", "--quiet", "origin", "--tags")
	o.run(o.work, "checkout", "--quiet", "-b", "feature/faster")
	o.write("loadtest.js", "// on a branch\n")
	branch := o.push()
	o.run(o.work, "checkout", "--quiet", "main")
	o.write("loadtest.js", "// second\n")
	second := o.push()

	urls := map[string]string{"file": o.fileURL(), "http": o.serve(nil)}
	for transport, url := range urls {
		for ref, want := range map[string]string{
			"": second, "HEAD": second, "main": second, "feature/faster": branch, "light": first, "v1": first,
			"refs/heads/main": second, "refs/tags/v1": first, first: first,
		} {
			t.Run(transport+"/"+ref, func(t *testing.T) {
				t.Parallel()
				opt := options(t, url)
				opt.Ref = ref
				c := clone(t, opt)
				if c.Commit != want || c.Cached {
					t.Errorf("got commit %s, cached %v, want %s, fresh", c.Commit, c.Cached, want)
				}
				if _, err := os.Stat(filepath.Join(c.Root, ".git")); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("git's folder is there: %v", err)
				}
				p, err := c.Project()
				if err != nil {
					t.Fatal(err)
				}
				test, err := p.Test("smoke")
				if err != nil {
					t.Fatal(err)
				}
				if !test.Cloned || test.Script != filepath.Join(c.Dir, "loadtest.js") {
					t.Errorf("got %+v", test)
				}
			})
		}
	}
}

func TestCloneIsShallow(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("large.bin", noise(3<<20))
	o.push()
	o.run(o.work, "rm", "--quiet", "large.bin")
	o.push()
	opt := options(t, o.fileURL())
	opt.MaxSize = 1 << 20 // history would not fit
	clone(t, opt)
}

func TestCloneTakesAFolder(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("load/tests/plimsoll.json", `{"tests": {"deep": {"script": "../main.js"}}}`)
	o.write("load/main.js", "")
	o.push()
	opt := options(t, o.fileURL())
	opt.Dir = "load/tests"
	p, err := clone(t, opt).Project()
	if err != nil {
		t.Fatal(err)
	}
	test, err := p.Test("deep")
	if err != nil || !strings.HasSuffix(test.Script, filepath.FromSlash("load/main.js")) {
		t.Errorf("got %q, %v", test.Script, err)
	}
	opt.Dir = "docs"
	_, err = repo.Clone(t.Context(), opt)
	says(t, err, 2, "plimsoll.json", "there is no project file", "--dir")
}

func TestCacheServesOffline(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	opt := options(t, o.fileURL())
	opt.Offline = true
	refused(t, opt, 2, "not in the cache", "without --offline")

	opt.Offline = false
	first := clone(t, opt)
	if err := os.Rename(o.bare, o.bare+".away"); err != nil {
		t.Fatal(err)
	}
	opt.Offline = true
	again := clone(t, opt)
	if again.Commit != first.Commit || again.Root != first.Root || !again.Cached {
		t.Errorf("offline gave %+v, want %+v", again, first)
	}
	opt.Offline, opt.Ref = false, first.Commit
	if c := clone(t, opt); !c.Cached {
		t.Error("a commit that the cache has was fetched again")
	}
	opt.Ref = ""
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 7, "git: ", "service.git")
}

func TestMovedBranchIsFetchedAgain(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	opt := options(t, o.fileURL())
	first := clone(t, opt)
	o.write("loadtest.js", "// newer\n")
	want := o.push()
	if c := clone(t, opt); c.Commit != want || c.Cached || c.Root == first.Root {
		t.Errorf("got %+v, want commit %s, fresh", c, want)
	}
}

func TestConcurrentClonesShareACache(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	opt := options(t, o.fileURL())
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			c, err := repo.Clone(t.Context(), opt)
			if err != nil {
				t.Errorf("Clone: %v", err)
				return
			}
			if _, err := c.Project(); err != nil {
				t.Errorf("Project: %v", err)
			}
		})
	}
	all.Wait()
	if left, _ := filepath.Glob(filepath.Join(opt.CacheDir, "*", "tmp-*")); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

func TestOldEntriesAreSwept(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	opt := options(t, o.fileURL())
	first := clone(t, opt)
	stale := filepath.Join(filepath.Dir(first.Root), "tmp-killed")
	if err := os.Mkdir(stale, 0o755); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-40 * 24 * time.Hour)
	for _, dir := range []string{first.Root, stale} {
		if err := os.Chtimes(dir, long, long); err != nil {
			t.Fatal(err)
		}
	}
	o.push()
	clone(t, opt)
	for _, dir := range []string{first.Root, stale} {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", dir, err)
		}
	}
}

func TestHugeRepositoryIsRefused(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("large.bin", noise(8<<20))
	o.push()
	opt := options(t, o.serve(nil))
	opt.MaxSize = 1 << 20
	refused(t, opt, 2, "larger than 1 MiB", "--max-repo-size")
}

// slowly counts what a server sends and waits after each write, so that there is time to stop it.
type slowly struct {
	http.ResponseWriter
	ctx  context.Context //nolint:containedctx // the request's own, for as long as the request
	sent *atomic.Int64
}

func (s slowly) Write(p []byte) (int, error) {
	select {
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	case <-time.After(time.Duration(len(p)/1024) * 100 * time.Microsecond): // 10 MB/s
	}
	n, err := s.ResponseWriter.Write(p)
	s.sent.Add(int64(n))
	return n, err
}

func TestHugeRepositoryIsStoppedOnItsWay(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	const whole = 24 << 20
	o.write("large.bin", noise(whole))
	o.push()
	var sent atomic.Int64
	opt := options(t, o.serve(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(slowly{w, r.Context(), &sent}, r)
		})
	}))
	opt.MaxSize = 1 << 20
	refused(t, opt, 2, "larger than 1 MiB")
	if n := sent.Load(); n > whole*3/4 {
		t.Errorf("the server had sent %d of %d bytes", n, whole)
	}
}

func TestDecompressionBombIsRefusedBeforeItIsUnpacked(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("zeros.bin", strings.Repeat("\x00", 32<<20)) // packs to 32 KB
	o.push()
	opt := options(t, o.fileURL())
	opt.MaxSize = 4 << 20
	refused(t, opt, 2, "larger than 4 MiB")
}

func TestTreeBombIsRefused(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	tree := o.runWith("", o.work, "hash-object", "-w", "-t", "blob", "--stdin")
	mode := "100644 blob"
	for range 8 { // 10^8 files in 8 small objects
		var b strings.Builder
		for i := range 10 {
			fmt.Fprintf(&b, "%s %s\tf%d\n", mode, tree, i)
		}
		tree, mode = o.runWith(b.String(), o.work, "mktree"), "040000 tree"
	}
	commit := o.run(o.work, "commit-tree", "-m", "bomb", tree)
	o.run(o.work, "push", "--quiet", "origin", commit+":refs/heads/bomb")
	opt := options(t, o.fileURL())
	opt.Ref = "bomb"
	refused(t, opt, 2, "more than 200000 files")
}

// silent accepts connections and never answers; it tells when git came, and when git was gone.
func silent(t *testing.T) (url string, came, gone <-chan struct{}) {
	t.Helper()
	need(t, "git")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	in, out := make(chan struct{}, 8), make(chan struct{}, 8)
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			in <- struct{}{}
			open.Go(func() {
				_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
				out <- struct{}{}
			})
		}
	})
	return "http://" + listener.Addr().String() + "/x.git", in, out
}

func TestServerThatNeverAnswersTimesOut(t *testing.T) {
	t.Parallel()
	url, _, _ := silent(t)
	opt := options(t, url)
	opt.Timeout = 400 * time.Millisecond
	refused(t, opt, 7, "not done within 400ms", "reachable")
}

func TestCancellingKillsAllThatGitStarted(t *testing.T) {
	t.Parallel()
	url, came, gone := silent(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-came; cancel() }()
	if _, err := repo.Clone(ctx, options(t, url)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Error("git's helper still holds its connection")
	}
}

func TestCancelledCloneSaysSo(t *testing.T) {
	t.Parallel()
	need(t, "git")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := repo.Clone(ctx, options(t, "https://127.0.0.1:1/x.git")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestPasswordIsNeverPromptedFor(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	url := o.serve(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "alice" || password != "s3cret" {
				w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	asked := filepath.Join(t.TempDir(), "asked")
	script := filepath.Join(t.TempDir(), "askpass")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho asked >"+asked+"\necho alice\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	opt := options(t, url)
	home(t, &opt, "[core]\n\taskPass = "+script+"\n")
	opt.Environ = append(opt.Environ, "GIT_ASKPASS="+script, "SSH_ASKPASS="+script, "DISPLAY=:0")
	refused(t, opt, 7, "private", "credential helper")
	if _, err := os.Stat(asked); err == nil {
		t.Error("a prompt was shown")
	}

	opt = options(t, strings.Replace(url, "http://", "http://alice:s3cret@", 1))
	var log strings.Builder
	opt.Log = func(line string) { log.WriteString(line + "\n") }
	c := clone(t, opt)
	if strings.Contains(log.String()+c.URL, "s3cret") || strings.Contains(log.String()+c.URL, "alice") {
		t.Errorf("credentials are shown: %s %s", log.String(), c.URL)
	}

	opt = options(t, strings.Replace(url, "http://", "http://alice:wr0ng@", 1)+"?private_token=t0ken")
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 7)
	if s := err.Error() + log.String(); strings.Contains(s, "wr0ng") || strings.Contains(s, "t0ken") || strings.Contains(s, "alice") {
		t.Errorf("credentials are shown: %s", s)
	}
}

func TestMissingRepositorySaysSo(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	refused(t, options(t, strings.Replace(o.serve(nil), "service", "other", 1)), 7, "not found", "check the URL")
	refused(t, options(t, o.fileURL()+"x"), 7, "git: ", "check the URL")
	refused(t, options(t, "http://127.0.0.1:1/x.git"), 7, "git ls-remote")
	opt := options(t, o.fileURL())
	opt.Ref = "nope"
	refused(t, opt, 2, `has no "nope"`, "git ls-remote")
	opt.Ref = "abcdef0123"
	refused(t, opt, 2, "40 digits")
	opt.Ref = strings.Repeat("0123456789", 4)
	refused(t, opt, 7, "git: ")
}

func TestMissingGitSaysSo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := repo.Clone(t.Context(), options(t, "https://example.org/x.git"))
	says(t, err, 7, "no git on the PATH", "install git")
}

// noise is text that does not compress.
func noise(n int) string {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return string(b)
}
