package monitor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// unprivileged lets this process be somebody who may do nothing, until the test ends.
func unprivileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	if err := syscall.Seteuid(nobody); err != nil {
		t.Skipf("rights cannot be given up: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
	})
}

func TestASocketOfDockerWithoutPermissionIsExplained(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(l)
	defer server.Close()
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	unprivileged(t)
	_, err = Open(t.Context(), []Spec{{Kind: "container", Value: "web"}}, Target{Docker: "unix://" + path})
	var told *CannotWatchError
	if !errors.As(err, &told) || !strings.Contains(told.Why, "may not talk to the Docker engine") || !strings.Contains(told.Hint(), "group docker") {
		t.Errorf("got %v", err)
	}
}

// Of another user's process descriptors and counts of bytes are secret: these are missing, and the rest is there.
func TestAnotherUsersProcessIsWatchedAsFarAsAllowed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs rights to give up")
	}
	unprivileged(t)
	s, err := byPid(tree{}, "1")
	if err != nil {
		t.Skipf("this machine hides other users' processes: %v", err)
	}
	defer s.Close()
	clock := &fakeClock{}
	s.rates.clock = clock.time
	if _, err := s.Read(context.Background()); err != nil {
		t.Fatal(err)
	}
	clock.pass(relook / 2)
	rows, err := s.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	v := rows[0].Values
	if _, known := v[record.CPUCores]; !known || v[record.MemoryBytes] <= 0 {
		t.Errorf("%v, want CPU and memory", v)
	}
	for _, name := range []string{record.Descriptors, record.Connections, record.NetListenQueue, record.DiskReadBytes} {
		if value, known := v[name]; known {
			t.Errorf("%s is %v though nobody may see it", name, value)
		}
	}
}
