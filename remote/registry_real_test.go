//go:build real

package remote

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// registry is as much of an image registry as refuses a pull: by the image's
// name it wants a login, has had enough, has nothing, or has an image for
// another processor alone.
func registry(t *testing.T) *httptest.Server {
	t.Helper()
	index := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[{
		"mediaType":"application/vnd.docker.distribution.manifest.v2+json","size":7,"digest":"sha256:%x","platform":{"architecture":"s390x","os":"linux"}}]}`, sha256.Sum256([]byte("another")))
	refuse := func(w http.ResponseWriter, status int, code string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, strings.ToUpper(code), code)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		switch {
		case r.URL.Path == "/v2/":
		case strings.Contains(r.URL.Path, "/private/"):
			w.Header().Set("Www-Authenticate", `Basic realm="here"`)
			refuse(w, http.StatusUnauthorized, "unauthorized")
		case strings.Contains(r.URL.Path, "/denied/"):
			refuse(w, http.StatusForbidden, "denied")
		case strings.Contains(r.URL.Path, "/limited/"):
			refuse(w, http.StatusTooManyRequests, "toomanyrequests")
		case strings.Contains(r.URL.Path, "/foreign/") && strings.Contains(r.URL.Path, "/manifests/"):
			w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.list.v2+json")
			w.Header().Set("Docker-Content-Digest", fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(index))))
			fmt.Fprint(w, index)
		default:
			refuse(w, http.StatusNotFound, "manifest_unknown")
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestRealDockerSaysWhyAPullFailed lets a real engine pull what cannot be had: the advice goes by its words.
func TestRealDockerSaysWhyAPullFailed(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "docker", "info").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no Docker engine: %v: %s", err, out)
		}
		t.Skip("no Docker engine")
	}
	host := strings.TrimPrefix(registry(t).URL, "http://") // loopback: an engine takes it without TLS
	for image, want := range map[string]string{
		host + "/private/image:1":  "needs a login",
		host + "/denied/image:1":   "is not there, or needs a login",
		host + "/limited/image:1":  "limits how often images are pulled",
		host + "/foreign/image:1":  "not made for the machine's processor",
		host + "/missing/image:1":  "is not there",
		"registry.invalid/image:1": "cannot find the registry",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		out, err := exec.CommandContext(ctx, "docker", "pull", "-q", image).CombinedOutput()
		cancel()
		if err == nil {
			t.Errorf("%s was pulled", image)
			continue
		}
		if what, advice := pullFailure(image, string(out)); !strings.Contains(what, want) || advice == "" {
			t.Errorf("%s: %q, want %q; docker said: %s", image, what, want, out)
		}
	}
}
