package record

import (
	"os"
	"slices"
	"syscall"
)

// The exit codes of all programs (README.md has the table). They are never renumbered.
const (
	ExitOK           = 0
	ExitInternal     = 1
	ExitUsage        = 2 // or configuration, also missing credentials
	ExitScript       = 3 // it cannot be loaded, or failed outside iterations: beforeAll, afterVU, afterAll
	ExitBroken       = 4 // a threshold, a tolerance; sizing's baseline
	ExitInconclusive = 5 // the generator was the limit, or a sizing has no answer
	ExitNothing      = 6 // every iteration failed, or the target is unreachable
	ExitOutside      = 7 // git, docker, the cloud
	ExitRegression   = 8
	ExitInterrupted  = 130
	ExitTerminated   = 143
)

// precedence lists the exit codes by weight, the weightiest first.
var precedence = [...]int{
	ExitInterrupted, ExitTerminated, ExitInternal, ExitUsage, ExitScript, ExitOutside, ExitNothing, ExitBroken, ExitInconclusive, ExitRegression,
}

// ExitCode is the exit code of a verdict. Whoever knows more (a signal, an
// error with a code of its own, a regression) asks [FirstExit] which one counts.
func (v Verdict) ExitCode() int {
	switch v {
	case VerdictOK, VerdictFound, VerdictClassic:
		return ExitOK
	case VerdictFailed, VerdictBaseline:
		return ExitBroken
	case VerdictTeardown:
		return ExitScript
	case VerdictDead:
		return ExitNothing
	case VerdictError:
		return ExitInternal
	default:
		return ExitInconclusive
	}
}

// FirstExit is the one that counts of several exit codes that hold: signals,
// then what could not be done, then what was found. One that is not in the
// table is an internal error.
func FirstExit(codes ...int) int {
	first := len(precedence)
	for _, code := range codes {
		if code == ExitOK {
			continue
		}
		at := slices.Index(precedence[:], code)
		if at < 0 {
			at = slices.Index(precedence[:], ExitInternal)
		}
		first = min(first, at)
	}
	if first == len(precedence) {
		return ExitOK
	}
	return precedence[first]
}

// Exit is the exit code of the answer: its verdict's, or that of a re-check that found less.
func (s *Sizing) Exit() int {
	code := s.Verdict.ExitCode()
	if s.Recheck != nil && s.Recheck.Regressed {
		return FirstExit(code, ExitRegression)
	}
	return code
}

// Inconclusive says whether an exit code tells neither that all is well nor
// that something is broken: no answer, or stopped by a signal.
func Inconclusive(code int) bool {
	return code == ExitInconclusive || code == ExitInterrupted || code == ExitTerminated
}

// SignalExit is the exit code of a process that a signal stopped. A terminal that went away is a TERM.
func SignalExit(sig os.Signal) int {
	if sig == syscall.SIGTERM || sig == syscall.SIGHUP {
		return ExitTerminated
	}
	return ExitInterrupted
}
