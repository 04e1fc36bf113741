package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The peers, each at the version that the page names.
const (
	bombardierVersion = "v1.2.6"
	vegetaVersion     = "v12.13.0"
	k6Version         = "v2.2.0"
)

// install builds plimsoll and the peers that are missing, and returns each tool's program by its name.
// A peer that cannot be had is left out, and said.
func install(ctx context.Context, cache, work string) (map[string]string, error) {
	tools := map[string]string{"plimsoll": filepath.Join(work, "plimsoll")}
	if err := command(ctx, "../..", "go", "build", "-o", tools["plimsoll"], "./cmd/plimsoll").Run(); err != nil {
		return nil, fmt.Errorf("plimsoll does not build: %w", err)
	}
	for _, peer := range []struct{ name, module, version string }{
		{"bombardier", "github.com/codesenberg/bombardier", bombardierVersion},
		{"vegeta", "github.com/tsenart/vegeta/v12", vegetaVersion},
		{"k6", "go.k6.io/k6/v2", k6Version},
	} {
		path := filepath.Join(cache, peer.name+"-"+peer.version)
		if err := buildPeer(ctx, path, peer.module, peer.version); err != nil {
			say("%s is left out: %v", peer.name, err)
			continue
		}
		tools[peer.name] = path
	}
	if path, err := exec.LookPath("wrk"); err == nil {
		tools["wrk"] = path
	} else {
		say("wrk is left out: install Debian's package wrk")
	}
	return tools, nil
}

// buildPeer builds a program in an empty module that requires it at a version, unless it was built before.
func buildPeer(ctx context.Context, path, module, version string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "peer-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module peer\n\ngo 1.26.0\n"), 0o600); err != nil {
		return err
	}
	say("building %s %s", module, version)
	if err := command(ctx, dir, "go", "get", module+"@"+version).Run(); err != nil {
		return err
	}
	return command(ctx, dir, "go", "build", "-o", path, module).Run()
}

func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Stderr = dir, os.Stderr
	c.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	return c
}
