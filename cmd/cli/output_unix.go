//go:build unix

package cli

import (
	"errors"
	"syscall"
)

// unread says whether a write failed because nobody reads any more.
func unread(err error) bool { return errors.Is(err, syscall.EPIPE) }
