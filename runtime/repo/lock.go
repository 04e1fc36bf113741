package repo

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

const (
	lockName     = "package-lock.json"
	manifestName = "package.json"
	maxLock      = 16 << 20
)

// foreignNames are files of a project folder by which npm, yarn or pnp would take packages from elsewhere than the lock file says.
var foreignNames = []string{"npm-shrinkwrap.json", ".yarnrc", ".yarnrc.yml", ".pnp.cjs", ".pnp.js", ".pnp.data.json", ".pnp.loader.mjs"}

// dependencies is what packages ask for, in a package.json and in a lock file's entries.
type dependencies struct {
	Dependencies         map[string]string `json:"dependencies,omitempty"`
	OptionalDependencies map[string]string `json:"optionalDependencies,omitempty"`
	PeerDependencies     map[string]string `json:"peerDependencies,omitempty"`
}

// manifest is a package.json, as far as it is read; it is also the one that npm gets to see.
type manifest struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Private bool   `json:"private"`
	dependencies
	Workspaces json.RawMessage `json:"workspaces,omitempty"`
	Overrides  json.RawMessage `json:"overrides,omitempty"`
}

// locked is an entry of a lock file. What is not named here does not reach npm: scripts, binaries, funding, nested lock files.
type locked struct {
	Name      string `json:"name,omitempty"`
	Version   string `json:"version,omitempty"`
	Resolved  string `json:"resolved,omitempty"`
	Integrity string `json:"integrity,omitempty"`
	dependencies
	PeerDependenciesMeta map[string]peerMeta `json:"peerDependenciesMeta,omitempty"`
	OS                   words               `json:"os,omitempty"`
	CPU                  words               `json:"cpu,omitempty"`
	Libc                 words               `json:"libc,omitempty"`
	Optional             bool                `json:"optional,omitempty"`
	DevOptional          bool                `json:"devOptional,omitempty"`
	Peer                 bool                `json:"peer,omitempty"`
	Dev                  bool                `json:"dev,omitempty"`
	InBundle             bool                `json:"inBundle,omitempty"`
	Link                 bool                `json:"link,omitempty"`
}

type peerMeta struct {
	Optional bool `json:"optional"`
}

// words is a list of strings, or one by itself.
type words []string

// UnmarshalJSON takes both.
func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

// lockFile is a package-lock.json of version 2 or 3.
type lockFile struct {
	Name            string            `json:"name"`
	Version         string            `json:"version"`
	LockfileVersion int               `json:"lockfileVersion"`
	Requires        bool              `json:"requires"`
	Packages        map[string]locked `json:"packages"`
}

var (
	packageName  = `(?:@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]*`
	packagePlace = regexp.MustCompile(`^node_modules/` + packageName + `(?:/node_modules/` + packageName + `)*$`)
	packageNamed = regexp.MustCompile(`^` + packageName + `$`)
	exactVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$`)
	// plainRange is a range of versions or a tag. No /, no : and no . to begin with means that npm sees neither a folder nor an
	// address in it.
	plainRange   = regexp.MustCompile(`^(?:[0-9A-Za-z*^~<>=|+-][0-9A-Za-z.*^~<>=|+ -]*)?$`)
	archiveName  = regexp.MustCompile(`(?i)\.(?:tgz|tar\.gz|tar)\s*$`)
	packageURL   = regexp.MustCompile(`^https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?/[A-Za-z0-9@._~%+/-]*$`)
	dotted       = regexp.MustCompile(`(?i)/(?:\.|%2e){1,2}(?:/|$)|%2f|%5c|%00`)
	strongDigest = regexp.MustCompile(`^(?:sha(?:256|384|512)-[A-Za-z0-9+/]{43,88}={0,2})(?: sha(?:256|384|512)-[A-Za-z0-9+/]{43,88}={0,2})*$`)
)

const again = "write it again with npm 7 or newer: npm install --package-lock-only"

// checkedPackages reads a project's package.json and lock file and returns the two that npm is given: what npm installs is
// what was checked, because npm sees nothing else.
func checkedPackages(manifestData, lockData []byte, rc npmrc) (manifestOut, lockOut []byte, err error) {
	var m manifest
	if err := json.Unmarshal(manifestData, &m); err != nil {
		return nil, nil, refuse(manifestName, "", "is no package.json: %v", err)
	}
	if len(m.Workspaces) > 0 {
		return nil, nil, refuse(manifestName, "name the folder that has the tests with --dir, and give it a lock file of its own", "workspaces are not installed from a repository")
	}
	if len(m.Overrides) > 0 {
		return nil, nil, refuse(manifestName, "ask for the versions as dependencies", "overrides are not installed from a repository")
	}
	if err := m.check(manifestName); err != nil {
		return nil, nil, err
	}
	var lock lockFile
	if err := json.Unmarshal(lockData, &lock); err != nil {
		return nil, nil, refuse(lockName, again, "is no lock file: %v", err)
	}
	if lock.LockfileVersion < 2 || lock.LockfileVersion > 3 {
		return nil, nil, refuse(lockName, again, "has the format %d, which is of npm 6 and older or not known yet", lock.LockfileVersion)
	}
	packages, err := lock.checked(rc)
	if err != nil {
		return nil, nil, err
	}
	m.Name, m.Version, m.Private = "tests", "0.0.0", true
	packages[""] = locked{Name: m.Name, Version: m.Version, dependencies: m.dependencies}
	if manifestOut, err = json.Marshal(m); err != nil {
		return nil, nil, err
	}
	lockOut, err = json.Marshal(lockFile{Name: m.Name, Version: m.Version, LockfileVersion: 3, Requires: true, Packages: packages})
	return manifestOut, lockOut, err
}

// checked returns the entries that are to be installed. Packages for development stay away; packages that come inside
// another one are left to that one, and nobody asks for them any more.
func (l lockFile) checked(rc npmrc) (map[string]locked, error) {
	packages := map[string]locked{}
	for place, p := range l.Packages {
		if place == "" || p.Dev {
			continue
		}
		if err := p.checkPlace(place); err != nil {
			return nil, err
		}
		if p.InBundle {
			continue
		}
		var err error
		if p.Resolved, err = rc.resolved(place, p); err != nil {
			return nil, err
		}
		if !exactVersion.MatchString(p.Version) {
			return nil, refuse(lockName, again, "%s has the version %q", place, redact.URL(p.Version))
		}
		if err := p.check(lockName + ": " + place); err != nil {
			return nil, err
		}
		l.leaveBundled(place, p)
		packages[place] = p
	}
	return packages, nil
}

// leaveBundled takes what comes inside a package off the list of what it wants.
func (l lockFile) leaveBundled(place string, p locked) {
	for _, wanted := range []map[string]string{p.Dependencies, p.OptionalDependencies, p.PeerDependencies} {
		for name := range wanted {
			if l.Packages[place+"/node_modules/"+name].InBundle {
				delete(wanted, name)
			}
		}
	}
}

func (p locked) checkPlace(place string) error {
	const registry = "take the package from a registry"
	switch {
	case p.Link:
		return refuse(lockName, registry, "%q is a link to a folder, which is not installed here", place)
	case !packagePlace.MatchString(place):
		return refuse(lockName, registry, "%q is no place for a package", place)
	case p.Name != "" && !packageNamed.MatchString(p.Name):
		return refuse(lockName, again, "%q has the name %q", place, p.Name)
	}
	return nil
}

// check refuses what asks for anything but versions of packages from a registry.
func (d dependencies) check(where string) error {
	for _, wanted := range []map[string]string{d.Dependencies, d.OptionalDependencies, d.PeerDependencies} {
		for name, spec := range wanted {
			if !packageNamed.MatchString(name) || !plainSpec(spec) {
				return refuse(where, "ask for a range of versions, such as ^1.2.0: only packages of a registry are installed",
					"%q is wanted as %q", name, redact.URL(spec))
			}
		}
	}
	return nil
}

// plainSpec accepts a range of versions, a tag, and either of a package by another name.
func plainSpec(spec string) bool {
	if alias, ok := strings.CutPrefix(spec, "npm:"); ok {
		at := strings.LastIndexByte(alias, '@')
		if at <= 0 {
			return packageNamed.MatchString(alias)
		}
		if !packageNamed.MatchString(alias[:at]) {
			return false
		}
		spec = alias[at+1:]
	}
	return plainRange.MatchString(spec) && !archiveName.MatchString(spec)
}

// resolved is the address that a package is fetched from: below one of the user's registries. As with npm, an address of
// npm's public registry stands for the user's own.
func (rc npmrc) resolved(place string, p locked) (string, error) {
	address := p.Resolved
	if own := rc.values["registry"][0]; own != rc.public {
		if rest, ok := strings.CutPrefix(address, rc.public); ok {
			address = own + rest
		}
	}
	there := slices.ContainsFunc(rc.registries, func(registry string) bool { return strings.HasPrefix(address, registry) })
	switch {
	case address == "":
		return "", refuse(lockName, "write it again with: npm install --package-lock-only --omit-lockfile-registry-resolved=false", "%s does not say where it comes from", place)
	case !packageURL.MatchString(address) || dotted.MatchString(address):
		return "", refuse(lockName, "take the package from a registry over https", "%s comes from %s, which is not installed here", place, redact.URL(address))
	case !there:
		return "", refuse(lockName, fmt.Sprintf("your npm configuration names %s; add a registry to your own ~/.npmrc, as @scope:registry=URL", strings.Join(rc.registries, ", ")),
			"%s comes from %s, which is none of your registries", place, redact.URL(address))
	case !strongDigest.MatchString(p.Integrity):
		return "", refuse(lockName, again, "%s has no integrity of SHA-2, by which its content is known", place)
	}
	return address, nil
}
