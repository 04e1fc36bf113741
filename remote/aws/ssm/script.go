package ssm

import (
	"encoding/base64"
	"regexp"
	"strings"
)

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
	if placeholder.MatchString(script) {
		script = `eval "$(echo ` + base64.StdEncoding.EncodeToString([]byte(script)) + ` | base64 -d)"`
	}
	return "(\n" + strings.TrimRight(script, "\n") + "\n)\n" +
		"code=$?\n" +
		"case $code in 137) code=241;; 168) code=242;; 194) code=243;; esac\n" +
		"exit $code\n"
}

// placeholder is what the agent would replace in a script, inside of quotes, too: {{ssm:NAME}} by the value of a
// parameter, and the names of the document's own parameters. Docker's templates ({{.State.Status}}) are left alone.
var placeholder = regexp.MustCompile(`\{\{\s*(ssm|ssm-secure|commands|workingDirectory|executionTimeout)\b`)

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
