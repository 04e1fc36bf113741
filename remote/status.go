package remote

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/watch"
)

// Logs is the state of the service on a machine, and the end of its log.
func Logs(ctx context.Context, c provider.Cloud, m provider.Machine) (string, error) {
	return (&plan.Plan{}).ServiceState().Run(ctx, c.Commands, m.ID)
}

// Fetch brings home what a machine of a run has gathered.
func Fetch(ctx context.Context, c provider.Cloud, runs string, m provider.Machine) (folder string, notes []string, err error) {
	p := &plan.Plan{Run: m.Tags[plan.TagRun]}
	folder = filepath.Join(runs, p.Run, m.Type)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	listing, err := p.Collect().Run(ctx, c.Commands, m.ID)
	if err != nil {
		return "", nil, err
	}
	f := fetcher{commands: c.Commands, machine: m.ID, folder: p.Folder(), into: folder}
	for _, file := range listed(listing) {
		if err := f.fetch(ctx, file); err != nil {
			notes = append(notes, file.name+": "+err.Error())
		}
	}
	if err := watch.JoinFiles(folder); err != nil {
		notes = append(notes, plan.WatcherAgain+" stays beside "+plan.WatcherFile+": "+err.Error())
	}
	return folder, notes, nil
}
