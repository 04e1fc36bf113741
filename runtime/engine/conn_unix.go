//go:build unix

package engine

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// prepareGlance lets the connection be read from without waiting.
func (cn *conn) prepareGlance(tcp *net.TCPConn) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // never of a connection that was just made
	}
	cn.raw = raw
	cn.glance = func(fd uintptr) {
		for {
			flags := syscall.MSG_DONTWAIT
			if cn.peek {
				flags |= syscall.MSG_PEEK
			}
			cn.seenN, _, cn.seenErr = syscall.Recvfrom(int(fd), cn.seen, flags)
			if !errors.Is(cn.seenErr, syscall.EINTR) {
				return
			}
		}
	}
}

// readNow reads what is there; os.ErrDeadlineExceeded: nothing.
func (cn *conn) readNow(p []byte) (int, error) {
	cn.seen = p
	err := cn.raw.Control(cn.glance) // which, unlike Read, minds no deadline that has passed
	cn.seen = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(cn.seenErr, syscall.EAGAIN):
		return 0, os.ErrDeadlineExceeded
	case cn.seenErr != nil:
		return 0, cn.seenErr
	case cn.seenN == 0:
		return 0, io.EOF
	}
	return cn.seenN, nil
}
