package remote

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// The tags on all that we make. What does not have tagManaged is never touched.
const (
	TagManaged = "plimsoll:managed"
	TagRun     = "plimsoll:run"
	tagOwner   = "plimsoll:owner"
	TagExpires = "plimsoll:expires"
	tagSpec    = "plimsoll:spec"
	tagRole    = "plimsoll:role"
	tagKept    = "plimsoll:kept"
)

// NewRunID names a run: by its time, so that a list of runs is in order.
func NewRunID(now time.Time) string {
	var salt [3]byte
	_, _ = rand.Read(salt[:]) // never fails, by its promise
	return now.UTC().Format("20060102-150405-") + hex.EncodeToString(salt[:])
}

// tags are those of a thing of this run.
func (p *Plan) tags(role string, more provider.Tags) provider.Tags {
	t := provider.Tags{
		TagManaged: "true", TagRun: p.Run, tagOwner: p.Caller.Name, tagRole: role,
		TagExpires: p.Expires.UTC().Format(time.RFC3339),
		"Name":     strings.TrimSpace("plimsoll " + role + " " + p.Run),
	}
	for k, v := range more {
		t[k] = v
	}
	return t
}

// token makes launches that are the same, the same.
func token(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	return hex.EncodeToString(sum[:])
}

// managed says that a thing has our tag.
func managed(t provider.Tags) bool { return t[TagManaged] == "true" }
