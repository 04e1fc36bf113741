package redact

import (
	"regexp"
	"strings"
)

// userName is the name of a login as ssh shows it.
var userName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,15}$`)

// UserName says whether what stands before an @ is the plain name of a user, such as git. Tokens are longer, or have capitals.
func UserName(s string) bool { return userName.MatchString(s) }

// URL returns an address without password, token and query, in each form that git or a command line may have it: a URL,
// USER@HOST:PATH, and what somebody took for one; a flag or a variable may lead. A user's plain name stays where ssh needs it.
// Other text is returned as it is.
func URL(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return short(raw)
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	authority, path, slash := strings.Cut(rest, "/")
	user := ""
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		if strings.HasSuffix(scheme, "ssh") && UserName(authority[:i]) {
			user = authority[:i+1]
		}
		authority = authority[i+1:]
	}
	if i := strings.LastIndexByte(path, '@'); i >= 0 && (scheme != "file" || authority != "") {
		return scheme + "://" + mark + path[i:] // a password with a / in it, which ends what looks like the host
	}
	if slash {
		authority += "/" + path
	}
	return scheme + "://" + user + authority
}

// shortAddress is what stands before the last @ of an address without a scheme, and behind it.
var shortAddress = regexp.MustCompile(`^(--?[a-z-]+=|[A-Za-z_][A-Za-z0-9_]*=)?(.*)@([^@]*[/:][^@]*)$`)

func short(raw string) string {
	if m := shortAddress.FindStringSubmatch(raw); m != nil {
		if !UserName(m[2]) {
			m[2] = mark
		}
		return m[1] + m[2] + "@" + m[3]
	}
	if i := strings.LastIndexByte(raw, '@'); i >= 0 && strings.ContainsAny(raw[:i], ":/") {
		return mark + raw[i:]
	}
	return raw
}
