package record

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// farAway is where the byte is that is locked: a lock keeps others from reading, and no record is as long (high half of the offset).
const farAway = 0x7fffffff

// lock takes the lock of a file until it is closed, or the process ends; ErrInUse: somebody has it.
func lock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
		&windows.Overlapped{OffsetHigh: farAway})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrInUse
	}
	return err
}
