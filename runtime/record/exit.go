package record

import "github.com/plimsoll-load/plimsoll/runtime/exit"

// ExitCode is the exit code of a verdict. Whoever knows more (a signal, an
// error with a code of its own, a regression) asks [exit.First] which one counts.
func (v Verdict) ExitCode() int {
	switch v {
	case VerdictOK, VerdictFound, VerdictClassic:
		return exit.OK
	case VerdictFailed, VerdictBaseline:
		return exit.Broken
	case VerdictTeardown:
		return exit.Script
	case VerdictDead:
		return exit.Nothing
	case VerdictError:
		return exit.Internal
	default:
		return exit.Inconclusive
	}
}

// Exit is the exit code of the answer: its verdict's, or that of a re-check that found less.
func (s *Sizing) Exit() int {
	code := s.Verdict.ExitCode()
	if s.Recheck != nil && s.Recheck.Regressed {
		return exit.First(code, exit.Regression)
	}
	return code
}
