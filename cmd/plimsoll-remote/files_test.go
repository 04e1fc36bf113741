package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// TestCleanupFindsFilesWithoutAJournal has files of a run in a bucket, and nothing at home that tells of them.
func TestCleanupFindsFilesWithoutAJournal(t *testing.T) {
	t.Parallel()
	const run = "20261124-134500-a1b2c3"
	r := newRegion(t, fakeaws.Options{})
	ask := func(method, path string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, r.URL()+path, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for _, path := range []string{"/bucket", "/bucket/load/" + run + "/record.gz", "/bucket/load/" + run + "/t3.small/bundle.tgz", "/bucket/load/theirs/file", "/bucket/" + run} {
		if status := ask(http.MethodPut, path); status != http.StatusOK {
			t.Fatalf("PUT %s: %d", path, status)
		}
	}
	if _, err := os.Stat(filepath.Join(r.dir, "state")); err == nil {
		t.Fatal("there is a journal")
	}
	for _, test := range []struct {
		args  []string
		want  string
		there bool
	}{
		{[]string{"--all"}, "nothing is left", true}, // nobody says where
		{[]string{"--all", "--s3=bucket/load", "--dry-run"}, "would remove objects bucket/load/" + run, true},
		{[]string{"--run=20261124-150000-d4e5f6", "--s3=bucket/load"}, "nothing is left", true},
		{[]string{"--run=" + run, "--s3=bucket/load"}, "nothing is left", false},
	} {
		got := r.run(append([]string{"cleanup"}, test.args...)...)
		if got.code != 0 || !strings.Contains(got.stdout, test.want) {
			t.Errorf("%q ended with %d: %s%s", test.args, got.code, got.stdout, got.stderr)
		}
		for _, name := range []string{"record.gz", "t3.small/bundle.tgz"} {
			if status := ask(http.MethodGet, "/bucket/load/"+run+"/"+name); (status == http.StatusOK) != test.there {
				t.Errorf("%q: %s is answered %d, want it there: %v", test.args, name, status, test.there)
			}
		}
	}
	for _, path := range []string{"/bucket/load/theirs/file", "/bucket/" + run} {
		if status := ask(http.MethodGet, path); status != http.StatusOK {
			t.Errorf("%s of others is answered %d", path, status)
		}
	}
}
