package plan

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
	TagOwner   = "plimsoll:owner"
	TagExpires = "plimsoll:expires"
	TagSpec    = "plimsoll:spec"
	TagRole    = "plimsoll:role"
	TagKept    = "plimsoll:kept"
)

// NewRunID names a run: by its time, so that a list of runs is in order.
func NewRunID(now time.Time) string {
	var salt [3]byte
	_, _ = rand.Read(salt[:]) // never fails, by its promise
	return now.UTC().Format("20060102-150405-") + hex.EncodeToString(salt[:])
}

// Tags are those of a thing of this run.
func (p *Plan) Tags(role string, more provider.Tags) provider.Tags {
	t := provider.Tags{
		TagManaged: "true", TagRun: p.Run, TagOwner: p.Caller.Name, TagRole: role,
		TagExpires: p.Expires.UTC().Format(time.RFC3339),
		"Name":     strings.TrimSpace("plimsoll " + role + " " + p.Run),
	}
	for k, v := range more {
		t[k] = v
	}
	return t
}

// Token makes launches that are the same, the same.
func Token(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	return hex.EncodeToString(sum[:])
}

// Managed says that a thing has our tag.
func Managed(t provider.Tags) bool { return t[TagManaged] == "true" }
