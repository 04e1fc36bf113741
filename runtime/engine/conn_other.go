//go:build !linux

package engine

// prepare does nothing: requests are written, then responses read.
func (cn *conn) prepare() {}
