package repo

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A repository may have so many submodules, in so many levels.
const (
	maxSubmodules = 50
	maxNesting    = 4
)

// gitlink is where another repository's commit belongs in a tree.
type gitlink struct{ path, commit string }

// nested is a submodule's place among all those of a clone.
type nested struct {
	depth int
	count *int // of all
}

// submodules are the addresses that .gitmodules has for a commit's gitlinks,
// by their paths. git itself is not asked to follow them: what it would do
// with a stranger's names, addresses and commands has gone wrong too often.
func (c cloner) submodules(ctx context.Context, git tool, commit string, links []gitlink) (map[string]address, error) {
	if len(links) == 0 {
		return nil, nil
	}
	out, err := git.run(ctx, append(local(), "config", "-z", "--no-includes", "--blob", commit+":.gitmodules", "--get-regexp", `^submodule\..*\.(path|url)$`)...)
	if err != nil {
		return nil, refuse(c.shown, "clone it without --submodules", "it has submodules and no .gitmodules that git can read")
	}
	type entry struct{ path, url string }
	byName := map[string]entry{}
	for setting := range strings.SplitSeq(out, "\x00") {
		key, value, _ := strings.Cut(setting, "\n")
		dot := strings.LastIndexByte(key, '.')
		if dot < 0 {
			continue
		}
		e := byName[key[:dot]]
		if key[dot+1:] == "path" {
			e.path = value
		} else {
			e.url = value
		}
		byName[key[:dot]] = e
	}
	addresses := map[string]address{}
	for _, e := range byName {
		a, err := c.submodule(e.url)
		if err != nil {
			return nil, refuse(c.shown, "nothing was run; clone it without --submodules", "submodule %q: %s", e.path, err)
		}
		addresses[e.path] = a
	}
	for _, l := range links {
		if _, ok := addresses[l.path]; !ok {
			return nil, refuse(c.shown, "clone it without --submodules", "submodule %q has no address in .gitmodules", l.path)
		}
	}
	return addresses, nil
}

// submodule is the address of a submodule: https or ssh, or relative to its
// repository on the same host. A repository cannot send git to this disk, nor
// to this machine unless it is from there.
func (a address) submodule(raw string) (address, error) {
	if !strings.HasPrefix(raw, "./") && !strings.HasPrefix(raw, "../") {
		to, err := parseAddress(raw, false)
		if err == nil && loopback(hostOf(raw)) && (to.allow != a.allow || hostOf(raw) != hostOf(a.raw) || portOf(raw) != portOf(a.raw)) {
			return address{}, refuse("", urlHint, "%s is on this machine", to.shown)
		}
		return to, err
	}
	outside := refuse("", urlHint, "%q leads out of %s", raw, a.shown)
	if a.allow == "file" {
		return address{}, refuse("", urlHint, "%q is on this disk", raw)
	}
	if !strings.Contains(a.raw, "://") { // USER@HOST:PATH
		server, from, _ := strings.Cut(a.raw, ":")
		to := path.Join(from, raw)
		if !filepath.IsLocal(strings.TrimPrefix(to, "/")) {
			return address{}, outside
		}
		return parseAddress(server+":"+to, false)
	}
	u, err := url.Parse(a.raw)
	if err != nil {
		return address{}, outside
	}
	to := path.Join(strings.Trim(u.Path, "/"), raw)
	if !filepath.IsLocal(to) || to == "." {
		return address{}, outside
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment = "/"+to, "", "", ""
	return parseAddress(u.String(), false)
}

// hostOf is the host of a repository's URL, also of git's short form.
func hostOf(raw string) string {
	if m := scpLike.FindStringSubmatch(raw); m != nil {
		return strings.Trim(m[2], "[]")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func portOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Port()
}

// fetchSubmodules brings the commits of gitlinks into the empty folders that
// the checkout has left for them, and theirs into them.
func (c cloner) fetchSubmodules(ctx context.Context, links []gitlink, addresses map[string]address, dir string) error {
	for _, l := range links {
		if *c.count++; *c.count > maxSubmodules || c.depth >= maxNesting {
			return refuse(c.shown, "clone it without --submodules", "it has more than %d submodules, or more than %d levels of them", maxSubmodules, maxNesting)
		}
		into, err := place(dir, l.path)
		if err != nil {
			return refuse(c.shown, "nothing was run; clone it without --submodules", "submodule %q: %v", l.path, err)
		}
		sub := c
		sub.address, sub.depth = addresses[l.path], c.depth+1
		if sub.MaxSize = c.MaxSize - size(dir); sub.MaxSize <= 0 {
			return errGrown
		}
		err = sub.fetch(ctx, l.commit, into)
		switch {
		case err == nil:
		case errors.Is(err, errGrown), errors.Is(err, errFiles):
			return err // of all together
		default:
			return sub.explain(ctx, err)
		}
	}
	return nil
}

// place is the folder of a submodule: empty, and no way to it is a link.
func place(dir, name string) (string, error) {
	into := filepath.Join(dir, filepath.FromSlash(name))
	real, err := filepath.EvalSymlinks(into)
	if err != nil {
		return "", errors.New("has no folder")
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) || real != filepath.Join(root, filepath.FromSlash(name)) {
		return "", errors.New("its folder is outside the repository, or behind a link")
	}
	entries, err := os.ReadDir(into)
	if err != nil || len(entries) > 0 {
		return "", errors.New("its folder is not empty")
	}
	return into, nil
}
