package plan

import (
	"path"
	"strings"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// StorePrefix is where the files of a run are, as "bucket/prefix/run".
func (p *Plan) StorePrefix() string { return path.Join(p.Options.Store, p.Run) }

// Store opens the user's prefix; keys begin with the run's id.
func (p *Plan) Store(c provider.Cloud) provider.Store {
	bucket, prefix, _ := strings.Cut(p.Options.Store, "/")
	return c.Store(bucket, prefix)
}
