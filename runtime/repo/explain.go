package repo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

var (
	errSlow  = errors.New("took too long")
	errFiles = errors.New("has too many files")
)

// explain makes the error of a clone that failed, without credentials.
func (c cloner) explain(ctx context.Context, err error) error {
	if e := new(Error); errors.As(err, &e) || ctx.Err() != nil {
		return err
	}
	e := &Error{where: c.shown, code: exit.Outside, cause: errors.Unwrap(err)}
	var f *failure
	switch {
	case errors.Is(err, errGrown):
		e.code, e.text = exit.Usage, fmt.Sprintf("the repository is larger than %s", bytesText(c.MaxSize))
		e.hint = "allow more with --max-repo-size, or put the scenario into a repository of its own"
	case errors.Is(err, errFiles):
		e.code, e.text, e.hint = exit.Usage, fmt.Sprintf("the repository has more than %d files", maxFiles), "put the scenario into a repository of its own"
	case errors.Is(err, errSlow):
		e.text, e.hint = fmt.Sprintf("the clone was not done within %s", c.Timeout), "is the server reachable? "+c.offlineHint()
	case errors.Is(err, exec.ErrNotFound):
		e.text, e.hint = "there is no git on the PATH", "install git"
	case errors.As(err, &f):
		said := c.said(f)
		e.text, e.hint = "git: "+said, c.gitHint(said)
	default:
		e.text = err.Error()
	}
	return e
}

func (c cloner) offlineHint() string {
	if _, ok := c.cache.recall(c.Ref); ok {
		return "--offline uses the commit that was there last"
	}
	return "try `git ls-remote " + c.shown + "`"
}

// gitHints are what to do about what git says in English.
func (c cloner) gitHint(said string) string {
	for _, h := range []struct {
		says *regexp.Regexp
		hint string
	}{
		{
			regexp.MustCompile(`(?i)could not read (username|password)|terminal prompts disabled|authentication failed|permission denied|invalid username|HTTP 40[13]|error: 40[13]`),
			"the repository is private, or not there, and nothing is ever prompted for: give git a credential helper (gh auth setup-git, git config credential.helper), or use an ssh URL with a key in the agent",
		},
		{regexp.MustCompile(`(?i)host key verification failed`), "the server's key is unknown: connect once with ssh, or add it to known_hosts"},
		{regexp.MustCompile(`(?i)not found|does not exist|does not appear to be a git repository|no such file`), "check the URL; a private repository may look as if it were not there"},
		{regexp.MustCompile(`(?i)could not resolve|refused|timed out|unreachable|unable to access|could not read from remote`), c.offlineHint()},
		{regexp.MustCompile(`(?i)transport '.*' not allowed`), "the server leads to another protocol, which is refused"},
		{regexp.MustCompile(`(?i)fsck|not our ref|unadvertised`), "the server does not have it, or sends what git refuses"},
	} {
		if h.says.MatchString(said) {
			return h.hint
		}
	}
	return ""
}

// maxSaid bounds what is repeated of a tool's complaint.
const maxSaid = 600

// anyURL is a URL in what a tool says; redact.URL makes it fit to be shown.
var anyURL = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s'"]+`)

// said is a tool's complaint in a line or a few: no credentials, and no
// control characters, for some of it comes from the server.
func (c cloner) said(f *failure) string {
	s := anyURL.ReplaceAllStringFunc(c.secrets.Hide(strings.ReplaceAll(f.stderr, c.raw, c.shown)), redact.URL)
	var lines []string
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if control(r) || r >= 0x80 && r < 0xa0 {
				return ' '
			}
			return r
		}, line))
		if line != "" && line != "npm error" && !strings.HasPrefix(line, "hint: ") {
			lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(line, "fatal: "), "npm error "))
		}
	}
	s = strings.Join(lines, "; ")
	if r := []rune(s); len(r) > maxSaid {
		s = string(r[:maxSaid]) + "…"
	}
	if s == "" {
		s = f.err.Error()
	}
	return s
}

func bytesText(n int64) string {
	if n >= 1<<20 {
		return strconv.FormatFloat(math.Round(float64(n)/(1<<20)*10)/10, 'f', -1, 64) + " MiB"
	}
	return fmt.Sprintf("%d bytes", n)
}
