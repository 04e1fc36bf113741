package repo

import (
	"net"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// address is a repository's URL, checked.
type address struct {
	raw   string // for git alone: may hold credentials
	shown string // for people, logs, records and the cache: without
	allow string // the protocols that git may speak on the way, GIT_ALLOW_PROTOCOL
}

const urlHint = "give https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH"

// scpLike is git's short form of an ssh URL: user@host:path.
var scpLike = regexp.MustCompile(`^(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\]):([^-:\\][^:\\]*)$`)

// parseAddress accepts https and ssh, http to this machine alone, and file
// when it is allowed. git's remote helpers (ext::…) run commands: never.
func parseAddress(raw string, allowFile bool) (address, error) {
	shown := redact.URL(raw)
	if strings.HasPrefix(raw, "-") || strings.ContainsFunc(raw, control) {
		return address{}, refuse("", urlHint, "%q is no repository URL", shown)
	}
	if !strings.Contains(raw, "://") {
		if strings.Contains(raw, "::") || !scpLike.MatchString(raw) {
			return address{}, refuse("", urlHint+"; a folder is file:///ABSOLUTE/PATH", "%q is no repository URL", shown)
		}
		return address{raw: raw, shown: raw, allow: "ssh"}, nil
	}
	u, err := url.Parse(raw)
	if err != nil || strings.HasPrefix(u.Hostname(), "-") || strings.HasPrefix(u.User.Username(), "-") || u.Path == "" {
		return address{}, refuse("", urlHint, "%q is no repository URL", shown)
	}
	a := address{raw: raw, shown: shown, allow: u.Scheme}
	switch {
	case u.Scheme == "https" && u.Host != "", u.Scheme == "ssh" && u.Host != "":
		return a, nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return a, nil
	case u.Scheme == "http":
		return address{}, refuse(shown, "use https", "http can be read and changed on its way")
	case u.Scheme == "file" && allowFile && u.Host == "" && path.IsAbs(u.Path):
		return a, nil
	case u.Scheme == "file" && allowFile:
		return address{}, refuse(shown, "write file:///ABSOLUTE/PATH", "is no absolute path")
	case u.Scheme == "file":
		return address{}, refuse(shown, "allow repositories on this disk with --allow-file", "file URLs are not allowed here")
	default:
		return address{}, refuse(shown, urlHint, "protocol %q is not allowed", u.Scheme)
	}
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var (
	commitID  = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	shortened = regexp.MustCompile(`^[0-9a-f]{7,63}$`)
)

// checkRef refuses what git would not take for the name of a branch, a tag or
// a commit: options, ranges, patterns and refspecs.
func checkRef(ref string) error {
	bad := strings.HasPrefix(ref, "-") || strings.HasPrefix(ref, "+") || strings.HasPrefix(ref, "/") ||
		strings.HasSuffix(ref, "/") || strings.HasSuffix(ref, ".") || strings.HasSuffix(ref, ".lock") ||
		strings.Contains(ref, "..") || strings.Contains(ref, "@{") || strings.Contains(ref, "//") ||
		strings.ContainsAny(ref, " ~^:?*[\\") || strings.ContainsFunc(ref, control) || len(ref) > 255
	if bad {
		return refuse("", "give a branch, a tag or a whole commit id", "%q cannot be a branch, tag or commit", ref)
	}
	return nil
}

// candidates are the full names that a ref may have, in the order of `git
// clone --branch`. An annotated tag is followed to its commit.
func candidates(ref string) []string {
	switch {
	case ref == "" || ref == "HEAD":
		return []string{"HEAD"}
	case strings.HasPrefix(ref, "refs/"):
		return []string{ref + "^{}", ref}
	default:
		return []string{"refs/heads/" + ref, "refs/tags/" + ref + "^{}", "refs/tags/" + ref}
	}
}
