package script

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// displayed names a source as people know it: relative to the working folder
// where it is below that, absolute elsewhere. Virtual files keep their names.
func displayed(name, cwd string) string {
	if i := strings.Index(name, Virtual); i >= 0 {
		return name[i:]
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(cwd, name)
	}
	rel, err := filepath.Rel(cwd, name)
	if err != nil || strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(name)
	}
	return filepath.ToSlash(rel)
}

const fileURL = "file://"

// bundleName is what goja calls the bundle, for positions that come from no
// source. A colon in it would make it the base of all names.
const bundleName = "plimsoll-bundle"

// urlOf is a displayed name in a form that goja does not bend: it takes names
// in source maps for URLs, relative to that of the bundle.
func urlOf(name string) string {
	if path.IsAbs(name) || filepath.IsAbs(name) {
		return fileURL + (&url.URL{Path: name}).EscapedPath()
	}
	if strings.HasPrefix(name, Virtual) {
		return name
	}
	return (&url.URL{Path: name}).EscapedPath()
}

// Name turns the name of a file in one of goja's stack frames into the one
// that people know.
func (s *Script) Name(file string) string {
	if file == bundleName {
		return Virtual + file
	}
	if plain, err := url.PathUnescape(strings.TrimPrefix(file, fileURL)); err == nil {
		return plain
	}
	return file
}
