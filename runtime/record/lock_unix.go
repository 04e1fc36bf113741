//go:build unix

package record

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the lock of a file until it is closed, or the process ends; ErrInUse: somebody has it.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}
