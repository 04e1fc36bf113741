package engine

import (
	"net"
	"os"
	"time"
)

// aMoment is the shortest read that finds what is there.
const aMoment = 100 * time.Microsecond

func (cn *conn) prepareGlance(*net.TCPConn) {}

// readNow reads what is there; os.ErrDeadlineExceeded: nothing. It cannot peek.
func (cn *conn) readNow(p []byte) (int, error) {
	if cn.peek {
		return 0, os.ErrDeadlineExceeded
	}
	cn.armed = 0 // the next exchange sets it
	if err := cn.SetReadDeadline(time.Now().Add(aMoment)); err != nil {
		return 0, err
	}
	return cn.Conn.Read(p)
}
