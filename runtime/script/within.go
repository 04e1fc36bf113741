package script

import (
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// LoadWithin is [Load] for a script that a stranger wrote: of what it
// imports, only files in the folder root are read, links followed.
func LoadWithin(root, path string, modules []Module) (*Script, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, err
	}
	return load(root, path, modules)
}

// confine refuses files outside the root, and leaves the others to esbuild.
func (p plugin) confine(args api.OnLoadArgs) (api.OnLoadResult, error) {
	followed, err := filepath.EvalSymlinks(args.Path)
	if err == nil {
		var rel string
		if rel, err = filepath.Rel(p.root, followed); err == nil && filepath.IsLocal(rel) {
			return api.OnLoadResult{}, nil
		}
	}
	return api.OnLoadResult{Errors: []api.Message{{
		Text:  args.Path + " is outside the repository",
		Notes: []api.Note{{Text: "a script from a repository imports that repository's files alone"}},
	}}}, nil
}
