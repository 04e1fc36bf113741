package monitor

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// listeners finds the processes that listen on a port in this network name space.
func (t tree) listeners(port int) ([]string, error) {
	wanted := map[string]bool{}
	for _, file := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(t.proc("self/net", file))
		if err != nil {
			continue // IPv6 may be off
		}
		parseSockets(text, func(s socket) {
			if s.port == port && s.state == tcpListen {
				wanted[s.inode] = true
			}
		})
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("nothing on this machine listens on port %d", port)
	}
	pids, err := t.allPids()
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(pids, func(pid string) bool {
		owned := map[string]bool{}
		t.inodes(pid, owned)
		for inode := range wanted {
			if owned[inode] {
				return false
			}
		}
		return true
	})
	if len(found) == 0 {
		return nil, fmt.Errorf("port %d is listened on by a process whose descriptors this user may not see", port)
	}
	return found, nil
}

// byPort watches what listens on a port: with forked workers, all that hold the socket.
func byPort(port int) (*process, error) {
	t := tree{}
	pids, err := t.listeners(port)
	if err != nil {
		return nil, &CannotWatchError{
			What: "port " + strconv.Itoa(port), Why: err.Error(),
			Advice: "start the service first; for other users' processes run as that user or as root",
		}
	}
	name := fmt.Sprintf("%s %s on port %d", record.KindProcess, t.comm(slices.Min(pids)), port)
	var known []string
	return newProcess(t, name, func() ([]string, error) {
		// scanning all descriptors is dear: only when the known ones are gone
		known = slices.DeleteFunc(known, func(pid string) bool {
			_, err := os.Stat(t.proc(pid))
			return err != nil
		})
		if len(known) == 0 {
			if known, err = t.listeners(port); err != nil {
				return nil, err
			}
		}
		return known, nil
	}), nil
}
