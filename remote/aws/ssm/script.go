package ssm

import "strings"

// To the agent three exit codes are orders: 137 is reported as a time-out (a container killed for memory ends so), 168
// ends the command as a success, 194 reboots the machine. wrap turns them into three that mean nothing, and unfold
// turns them back, so that a result carries the script's own code. (A script that really ends with 241 to 243 is
// reported with the code that stands behind it.)
const (
	agentTimedOut, foldedTimedOut = 137, 241
	agentSkip, foldedSkip         = 168, 242
	agentReboot, foldedReboot     = 194, 243
)

// wrap makes what is sent of a script. It runs in a subshell, so that its exit cannot go round the folding.
func wrap(script string) string {
	return "(\n" + strings.TrimRight(script, "\n") + "\n)\n" +
		"code=$?\n" +
		"case $code in 137) code=241;; 168) code=242;; 194) code=243;; esac\n" +
		"exit $code\n"
}

func unfold(code int) int {
	switch code {
	case foldedTimedOut:
		return agentTimedOut
	case foldedSkip:
		return agentSkip
	case foldedReboot:
		return agentReboot
	}
	return code
}

// quote makes one word of a shell out of any text without NUL.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
