package ssm

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

const (
	chunk     = 17900 // bytes become 23,868 characters of base64, which fit into what the agent passes on
	chunkTime = 30 * time.Second
)

// ReadFile implements provider.Commands. A chunk is a command of its own, and what it prints.
func (c Client) ReadFile(ctx context.Context, machine, path string, size int64) ([]byte, error) {
	var all []byte
	for at := int64(0); at < size; at += chunk {
		want := min(chunk, size-at)
		command := provider.Command{
			Machines: []string{machine}, Title: fmt.Sprintf("fetch bytes %d to %d of %s", at, at+want, path), Execution: chunkTime,
			Script: fmt.Sprintf("tail -c +%d %s | head -c %d | base64 -w0", at+1, quote(path), want),
		}
		results, err := c.Run(ctx, command)
		if err != nil {
			return nil, err
		}
		if err := results[0].Err(command.Title); err != nil {
			return nil, err
		}
		part, err := base64.StdEncoding.DecodeString(strings.TrimSpace(results[0].Stdout))
		all = append(all, part...)
		if err != nil || int64(len(part)) != want {
			break
		}
	}
	return all, nil
}
