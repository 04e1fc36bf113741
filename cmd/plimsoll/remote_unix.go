//go:build unix

package main

import "syscall"

// become lets another program take this one's place: signals and the terminal are its own from then on.
func (p process) become(path string, args []string) error {
	return syscall.Exec(path, append([]string{path}, args...), p.environ())
}
