package plan

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
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
	TagStore   = "plimsoll:store" // where the run's files are, as the user gave it: "bucket/prefix"
)

var (
	runID = regexp.MustCompile(`^\d{8}-\d{6}-[0-9a-f]{6}$`)
	// storeTag is what a tag may say of a place; of another one the journal alone knows.
	storeTag = regexp.MustCompile(`^[A-Za-z0-9+=._:/@ -]{1,256}$`)
)

// IsRunID says whether a name is that of a run.
func IsRunID(name string) bool { return runID.MatchString(name) }

// RunBegan is when a run was named; zero: it is no run's name.
func RunBegan(name string) time.Time {
	if !IsRunID(name) {
		return time.Time{}
	}
	at, _ := time.Parse(runTime, name[:len(runTime)]) // zero, where it is no time
	return at
}

const runTime = "20060102-150405"

// NewRunID names a run: by its time, so that a list of runs is in order.
func NewRunID(now time.Time) string {
	var salt [3]byte
	_, _ = rand.Read(salt[:]) // never fails, by its promise
	return now.UTC().Format(runTime+"-") + hex.EncodeToString(salt[:])
}

// Tags are those of a thing of this run.
func (p *Plan) Tags(role string, more provider.Tags) provider.Tags {
	t := provider.Tags{
		TagManaged: "true", TagRun: p.Run, TagOwner: p.Caller.Name, TagRole: role,
		TagExpires: p.Expires.UTC().Format(time.RFC3339),
		"Name":     strings.TrimSpace("plimsoll " + role + " " + p.Run),
	}
	if storeTag.MatchString(p.Options.Store) {
		t[TagStore] = p.Options.Store
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
