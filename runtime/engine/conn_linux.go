package engine

import "syscall"

// prepare lets Write and the wait for the answer be one step.
func (cn *conn) prepare() {
	if cn.raw != nil {
		cn.turn = cn.writeOnce
	}
}

// writeOnce is called with the wait for input already set up: first it writes
// and asks to wait, then, woken, it ends the wait.
func (cn *conn) writeOnce(fd uintptr) bool {
	if cn.wrote {
		return true
	}
	cn.wrote = true
	for {
		n, err := syscall.Write(int(fd), cn.rest)
		if err == syscall.EINTR {
			continue
		}
		if n > 0 {
			cn.rest = cn.rest[n:]
		}
		cn.sent = cn.client.now()
		return len(cn.rest) > 0 // what is left, or the error, is for the plain way to meet
	}
}
