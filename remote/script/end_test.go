package script

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// machine is one of which nothing is real but the shell that runs its scripts.
type machine struct {
	t    *testing.T
	sh   string
	root string
	path string
}

// parts stand in for what a machine has, and end with 1 where they are to fail.
var parts = map[string]string{
	"shutdown": `case $* in
-c) rm -f ROOT/run/systemd/shutdown/scheduled ;;
'-h now') : >ROOT/ended ;;
'-h +'*) echo $(($(cat ROOT/now) + ${2#+} * 60)) >ROOT/run/systemd/shutdown/scheduled ;;
*) exit 2 ;;
esac`,
	"systemctl": `case $* in
poweroff*) : >ROOT/ended ;;
'enable --now plimsoll-end.timer') test -e ROOT/etc/systemd/system/plimsoll-end.timer && : >ROOT/enabled ;;
esac`,
	"poweroff": `: >ROOT/ended`,
	"date":     `cat ROOT/now`,
	"mv":       `exec /bin/mv "$@"`,
	"mkdir":    `exec /bin/mkdir "$@"`,
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, sh: posix(t), root: t.TempDir()}
	m.path = m.root + "/bin:" + os.Getenv("PATH")
	for _, dir := range []string{"bin", "broken", "run/systemd/shutdown", "etc/systemd/system"} {
		if err := os.MkdirAll(filepath.Join(m.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range parts {
		text = "#!/bin/sh\n[ ! -e ROOT/broken/" + name + " ] || exit 1\n" + text + "\n"
		if err := os.WriteFile(m.root+"/bin/"+name, []byte(strings.ReplaceAll(text, "ROOT", m.root)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// run runs a text at a minute of the machine's life; that it fails is no wonder.
func (m *machine) run(minute int, text string) error {
	m.t.Helper()
	m.write("now", strconv.Itoa(minute*60))
	for _, dir := range []string{"/var/lib/plimsoll", "/etc/systemd/system", "/run/systemd"} {
		text = strings.ReplaceAll(text, dir, m.root+dir)
	}
	c := exec.Command(m.sh, "-c", text)
	c.Env = []string{"PATH=" + m.path}
	return c.Run()
}

func (m *machine) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.root, name), []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) read(name string) string {
	text, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil {
		return ""
	}
	return string(text)
}

func (m *machine) has(name string) bool {
	_, err := os.Stat(filepath.Join(m.root, name))
	return err == nil
}

// reboot takes away what is not on the disk.
func (m *machine) reboot() { _ = os.Remove(filepath.Join(m.root, "run/systemd/shutdown/scheduled")) }

// endedAt lets the minute come, and says whether the machine has ended by then.
func (m *machine) endedAt(minute int) bool {
	m.t.Helper()
	if _, command, ok := strings.Cut(m.read("etc/systemd/system/plimsoll-end.service"), "ExecStart="); ok && m.has("enabled") && !m.has("ended") {
		command, _, _ = strings.Cut(command, "\n")
		_ = m.run(minute, strings.ReplaceAll(command, m.root, "")) // what it did is looked at
	}
	if at, err := strconv.Atoi(strings.TrimSpace(m.read("run/systemd/shutdown/scheduled"))); err == nil && at <= minute*60 {
		m.write("ended", "")
	}
	return m.has("ended")
}

// what a machine of these tests lives by.
const (
	firstLife  = 60 // minutes, from its start on
	renewedAt  = 20
	secondLife = 70 // from the renewal on
	slack      = 2
)

// renewal is the script as it is sent, without what keeps its code from the agent.
func renewal() string {
	text := Step{Name: "renew", Title: "x", Vars: map[string]string{"folder": "/var/lib/plimsoll", "minutes": strconv.Itoa(secondLife)}}.Text()
	_, text, _ = strings.Cut(text, "(\n")
	text, _, _ = strings.Cut(text, ")\nrc=")
	return text
}

// prefixes are a text cut after each of its lines.
func prefixes(text string) (all []string) {
	lines := strings.SplitAfter(text, "\n")
	for n := range lines {
		all = append(all, strings.Join(lines[:n], ""))
	}
	return append(all, text)
}

func started(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	if err := m.run(0, UserData(firstLife*time.Minute, "true\n")); err != nil || !m.has("enabled") {
		t.Fatalf("the machine does not start: %v", err)
	}
	return m
}

// judge says whether a machine lives until a minute, and no longer than until another one.
func (m *machine) judge(what string, from, until, atMost int) {
	m.t.Helper()
	for _, minute := range []int{from, from + 1, until - 1} {
		if m.endedAt(minute) {
			m.t.Errorf("%s: it has ended at minute %d, and was to live until %d", what, minute, until)
			return
		}
	}
	m.endedAt(until + slack)
	if m.endedAt(atMost); !m.endedAt(atMost + slack) {
		m.t.Errorf("%s: it lives on at minute %d, and was to end at %d", what, atMost+slack, atMost)
	}
}

func TestARenewalThatIsCutShortAnywhereLeavesAnEnd(t *testing.T) {
	t.Parallel()
	const renewed = renewedAt + secondLife
	for n, text := range prefixes(renewal()) {
		for _, reboots := range []bool{false, true} {
			m := started(t)
			_ = m.run(renewedAt, text) // it is cut short
			if reboots {
				m.reboot()
			}
			m.judge(fmt.Sprintf("cut after line %d, rebooted: %v", n, reboots), renewedAt+1, firstLife, renewed)
		}
	}
	m := started(t)
	if err := m.run(renewedAt, renewal()); err != nil {
		t.Fatal(err)
	}
	m.judge("renewed", renewedAt+1, renewed, renewed)
}

func TestARenewalOfWhichAnyCommandFailsLeavesAnEnd(t *testing.T) {
	t.Parallel()
	for name := range parts {
		for _, reboots := range []bool{false, true} {
			for _, forGood := range []bool{false, true} {
				m := started(t)
				m.write("broken/"+name, "")
				err := m.run(renewedAt, renewal())
				if used := slices.Contains([]string{"shutdown", "date", "mv", "mkdir"}, name); used != (err != nil) {
					t.Errorf("%s fails, and the renewal gives %v", name, err)
				}
				if !forGood {
					_ = os.Remove(filepath.Join(m.root, "broken", name))
				}
				if reboots {
					m.reboot()
				}
				until := firstLife
				if name == "date" && forGood && reboots {
					until = renewedAt + 3 // it ends early, as nothing tells the time
				}
				m.judge(fmt.Sprintf("%s fails, for good: %v, rebooted: %v", name, forGood, reboots), renewedAt+1, until, renewedAt+secondLife)
			}
		}
	}
}

func TestAMachineThatStartsIsEndedWhereverThatStops(t *testing.T) {
	t.Parallel()
	for n, text := range prefixes(UserData(firstLife*time.Minute, "mkdir -p /var/lib/plimsoll\nsystemctl enable --now docker\n")) {
		if n < 2 {
			continue // nothing has run yet
		}
		for _, reboots := range []bool{false, true} {
			m := newMachine(t)
			_ = m.run(0, text)
			if reboots && !m.has("enabled") {
				continue // what is in memory is all that there is in the first moment
			}
			if reboots {
				m.reboot()
			}
			m.judge(fmt.Sprintf("cut after line %d, rebooted: %v", n, reboots), 1, firstLife, firstLife)
		}
	}
}

func TestAMachineThatBootsAfterItsTimeEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, minute := range []int{firstLife, firstLife + 1, 7 * 24 * 60, 1 << 20} {
		m := started(t)
		m.reboot()
		if !m.endedAt(minute) {
			t.Errorf("it boots at minute %d and lives on", minute)
		}
	}
}

func TestAMachineWhoseEndCannotBeReadEnds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "\n", "abc\n", "-5\n", "0x10\n", "1e9\n", "12 13 14\n", "\x00\x01", "99999999999999999999999999\n", "9999999999 60\n", "9999999999 99999999999999999999999\n", "08 09\n", "$(touch pwned) 5\n", "; 5", "* *\n", "over most\n",
	} {
		m := started(t)
		m.write("var/lib/plimsoll/end.until", text)
		m.reboot()
		m.endedAt(renewedAt) // a shutdown is scheduled then at the latest
		if !m.endedAt(renewedAt + firstLife + slack) {
			t.Errorf("%q: it lives on", text)
		}
	}
}

func TestAShutdownThatSomebodyTakesBackIsScheduledAnew(t *testing.T) {
	t.Parallel()
	m := started(t)
	if err := m.run(5, "shutdown -c"); err != nil || m.has("run/systemd/shutdown/scheduled") {
		t.Fatal(err)
	}
	m.judge("taken back", 6, firstLife, firstLife)
}
