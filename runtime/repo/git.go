package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// tool is a command of somebody else's: git or npm.
type tool struct {
	name string
	dir  string   // where it runs
	env  []string // all that it sees
	grow string   // a folder that must stay within max bytes while it runs; empty: not watched
	max  int64
	read func(stdout io.Reader) error // what it prints; nil: returned as text
}

// errGrown says that a folder passed its bound.
var errGrown = errors.New("grew too large")

// run runs a tool to its end, without a terminal or any input, and returns
// what it printed. When the context ends or the folder grows too large it is
// killed with all that it started.
func (t tool) run(ctx context.Context, args ...string) (string, error) {
	runtime.LockOSThread() // on Linux the tool ends with the thread that started it
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, t.name, args...) //nolint:gosec // a fixed name with arguments, no shell
	cmd.Dir, cmd.Env, cmd.WaitDelay = t.dir, t.env, 2*time.Second
	detach(cmd)
	var stdout bytes.Buffer
	stderr := tail{max: 64 << 10}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if t.grow != "" {
		watched := make(chan struct{})
		defer func() { cancel(nil); <-watched }()
		go func() { defer close(watched); watch(ctx, t, cancel) }()
	}
	var err error
	if t.read == nil {
		err = cmd.Run()
	} else {
		err = t.stream(cmd, cancel)
	}
	if errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		err = nil // it left something behind that holds its output open, such as ssh's shared connection
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return "", cause
	}
	if err != nil {
		return "", &failure{tool: t.name, stderr: stderr.String(), err: err}
	}
	return stdout.String(), nil
}

// stream hands the tool's output to t.read as it comes; the tool is killed when that fails.
func (t tool) stream(cmd *exec.Cmd, cancel context.CancelCauseFunc) error {
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	unread := t.read(out)
	if unread != nil {
		cancel(unread)
	}
	if err := cmd.Wait(); unread == nil {
		return err
	}
	return unread
}

// failure is a tool that ended with an error.
type failure struct {
	tool, stderr string
	err          error
}

func (f *failure) Error() string { return fmt.Sprintf("%s: %v: %s", f.tool, f.err, f.stderr) }
func (f *failure) Unwrap() error { return f.err }

// tail keeps the last bytes written to it.
type tail struct {
	data []byte
	max  int
}

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if over := len(t.data) - t.max; over > 0 {
		t.data = append(t.data[:0], t.data[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.data) }

// watchEvery is how often a growing folder is measured, at the least.
const watchEvery = 50 * time.Millisecond

// watch cancels when the folder grows beyond its bound. Measuring takes at
// most a tenth of the time.
func watch(ctx context.Context, t tool, cancel context.CancelCauseFunc) {
	timer := time.NewTimer(watchEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		if size(t.grow) > t.max {
			cancel(errGrown)
			return
		}
		timer.Reset(max(watchEvery, 9*time.Since(began)))
	}
}

// size is the sum of the files below a folder; what vanishes meanwhile counts nothing.
func size(dir string) int64 {
	var sum int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // files come and go while git works
		}
		if info, err := d.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// environment picks what a tool may see from the process's own environment:
// its places and the way to the network. All else stays away, because what a
// repository brings (an .npmrc, say) could send it anywhere.
func environment(environ []string, extra ...string) []string {
	var env []string
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if passed.MatchString(name) {
			env = append(env, v)
		}
	}
	return append(env, extra...)
}

// passed are the variables that git and npm see.
var passed = regexp.MustCompile(`(?i)^(PATH|HOME|USER|LOGNAME|TMPDIR|TMP|TEMP|XDG_CONFIG_HOME|(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|` +
	`SYSTEMROOT|SYSTEMDRIVE|COMSPEC|PATHEXT|USERPROFILE|HOMEDRIVE|HOMEPATH|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES)$`)

// local settings hold for each call of git: nothing of the repository runs,
// nothing prompts, and what was sent is checked before it is believed.
func local() []string {
	var args []string
	for _, c := range []string{
		"core.hooksPath=" + os.DevNull, "core.fsmonitor=false", "credential.interactive=false",
		"core.protectNTFS=true", "core.protectHFS=true", "core.symlinks=true", "core.bigFileThreshold=8m",
		"submodule.recurse=false", "fetch.recurseSubmodules=false", "protocol.ext.allow=never",
		"fetch.fsckObjects=true", "fetch.fsck.zeroPaddedFilemode=ignore", "fetch.fsck.missingSpaceBeforeDate=ignore",
		"fetch.unpackLimit=1", "gc.auto=0", "maintenance.auto=false", "advice.detachedHead=false", "init.defaultBranch=main",
	} {
		args = append(args, "-c", c)
	}
	return args
}

// gitOnline is git as it speaks to a server: with the user's own
// configuration, which knows proxies and credential helpers.
func gitOnline(o Options, a address) tool {
	env := environment(o.Environ, "LC_ALL=C", "LANGUAGE=C", "GIT_ALLOW_PROTOCOL="+a.allow, "GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=", "SSH_ASKPASS=", "SSH_ASKPASS_REQUIRE=never", "GCM_INTERACTIVE=never", "GIT_LFS_SKIP_SMUDGE=1")
	for _, v := range o.Environ {
		if name, _, _ := strings.Cut(v, "="); transport.MatchString(name) {
			env = append(env, v)
		}
	}
	return tool{name: "git", env: env}
}

// transport are the variables that tell git how to reach a server.
var transport = regexp.MustCompile(`^(SSH_AUTH_SOCK|GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_[A-Z_]+|PROXY_SSL_[A-Z_]+|HTTP_USER_AGENT|` +
	`CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)))$`)

// gitOffline is git on a folder of ours: without the user's configuration,
// whose filters and attributes a repository could call.
func gitOffline(o Options) tool {
	return tool{name: "git", env: environment(o.Environ, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_ALLOW_PROTOCOL=", "GIT_TERMINAL_PROMPT=0", "GIT_ATTR_NOSYSTEM=1", "GIT_LFS_SKIP_SMUDGE=1")}
}
