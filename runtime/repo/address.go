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
	raw     string           // for git alone: may hold credentials
	shown   string           // for people, logs, records and the cache: without
	allow   string           // the protocols that git may speak on the way, GIT_ALLOW_PROTOCOL
	secrets *redact.Redactor // of what of raw is not to be shown, as git may repeat it
}

const urlHint = "give https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH"

// scpLike is git's short form of an ssh URL: user@host:path. A path with an @ in it is none: in USER:TOKEN@HOST/PATH the
// host would be USER, and the token a path that is shown.
var scpLike = regexp.MustCompile(`^(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\]):([^-:\\@][^:\\@]*)$`)

// parseAddress accepts https and ssh, http to this machine alone, and file
// when it is allowed. git's remote helpers (ext::…) run commands: never.
func parseAddress(raw string, allowFile bool) (address, error) {
	shown := redact.URL(raw)
	if !strings.Contains(raw, "://") {
		shown, _, _ = strings.Cut(shown, "?")
		shown, _, _ = strings.Cut(shown, "#")
	}
	none := func(hint string) (address, error) {
		return address{}, refuse("", hint, "%q is no repository URL", shown)
	}
	if strings.HasPrefix(raw, "-") || strings.ContainsFunc(raw, control) {
		return none(urlHint)
	}
	if !strings.Contains(raw, "://") {
		m := scpLike.FindStringSubmatch(raw)
		if m == nil || strings.Contains(raw, "::") || shown != redact.URL(raw) {
			return none(urlHint + "; a folder is file:///ABSOLUTE/PATH")
		}
		return address{raw: raw, shown: shown, allow: "ssh", secrets: secrets(m[1])}, nil
	}
	u, err := url.Parse(raw)
	if err != nil || strings.HasPrefix(u.Hostname(), "-") || strings.HasPrefix(u.User.Username(), "-") || u.Path == "" {
		return none(urlHint)
	}
	if u.Scheme != "file" && strings.Contains(u.EscapedPath(), "@") {
		return none("write an @ of a path, or a / of a password, as %40 and %2F: else nobody knows where the host begins")
	}
	password, _ := u.User.Password()
	a := address{raw: raw, shown: shown, allow: u.Scheme, secrets: secrets(u.User.Username(), password, u.User.String(), u.RawQuery, u.Fragment)}
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

// secrets are the parts of an address that are no plain names.
func secrets(parts ...string) *redact.Redactor {
	var list []string
	for _, s := range parts {
		decoded, err := url.PathUnescape(s)
		if redact.UserName(s) {
			continue
		}
		if list = append(list, s); err == nil {
			list = append(list, decoded)
		}
	}
	return redact.New(list...)
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
