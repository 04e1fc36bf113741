//go:build !linux

package monitor

import "errors"

// listening is one socket that accepts connections.
type listening struct {
	port                    int
	inode                   uint32
	waiting, backlog, drops float64
}

// listeningSockets is Linux's alone.
func listeningSockets() ([]listening, error) { return nil, errors.ErrUnsupported }
