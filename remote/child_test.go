package remote

import (
	"os/exec"
	"strings"
	"testing"
)

// The program that makes the load reaches a rented machine itself, whatever proxies there are for the cloud's services.
func TestTheLoadPassesNoProxy(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell tells its environment")
	}
	for environ, want := range map[string]string{
		"":                                "198.51.100.1 198.51.100.1 ",
		"HTTP_PROXY=http://p:1":           "198.51.100.1 198.51.100.1 http://p:1",
		"NO_PROXY=a.test HTTP_PROXY=x":    "a.test,198.51.100.1 a.test,198.51.100.1 x",
		"no_proxy=a.test HTTP_PROXY=x":    "a.test,198.51.100.1 a.test,198.51.100.1 x",
		"NO_PROXY=b no_proxy=a":           "a,198.51.100.1 a,198.51.100.1 ",
		"NO_PROXY=b no_proxy=":            "b,198.51.100.1 b,198.51.100.1 ",
		"no_proxy=*":                      "*,198.51.100.1 *,198.51.100.1 ",
		"NO_PROXY=a NO_PROXY=b":           "b,198.51.100.1 b,198.51.100.1 ",
		"NO_PROXYX=a XNO_PROXY=b":         "198.51.100.1 198.51.100.1 ",
		"NO_PROXY=10.0.0.0/8,.a.test:443": "10.0.0.0/8,.a.test:443,198.51.100.1 10.0.0.0/8,.a.test:443,198.51.100.1 ",
	} {
		var said strings.Builder
		child := Child{Args: []string{"-c", `printf '%s %s %s' "$no_proxy" "$NO_PROXY" "$HTTP_PROXY"`}, Stdout: &said, Direct: "198.51.100.1"}
		if code, err := Executable(shell, strings.Fields(environ))(t.Context(), child); code != 0 || err != nil || said.String() != want {
			t.Errorf("%s: %q, want %q (%d, %v)", environ, said.String(), want, code, err)
		}
	}
	var said strings.Builder
	child := Child{Args: []string{"-c", `printf '%s' "$NO_PROXY"`}, Stdout: &said}
	if _, err := Executable(shell, []string{"NO_PROXY=a"})(t.Context(), child); err != nil || said.String() != "a" {
		t.Errorf("without a host: %q, %v", said.String(), err)
	}
}
