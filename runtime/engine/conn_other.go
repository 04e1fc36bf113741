//go:build !linux

package engine

import "net"

// prepare does nothing: requests are written, then responses read.
func (cn *conn) prepare(*net.TCPConn) {}
