package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

const (
	watchInterval   = 10 * time.Second // between looks at a Glances that answers from here
	commandInterval = time.Minute      // where each look is a command
	maxMisses       = 3                // unanswered questions, which a busy machine may have, until a command asks
)

// codeNoColumn is the code of glances.sh when Glances runs and does not see the service.
const codeNoColumn = 42

// watchdog looks after Glances while the load goes on, and starts it again once.
type watchdog struct {
	*session
	machine   provider.Machine
	live      string
	seen      time.Time // when it was last known to watch
	missed    int
	restarted bool
	absent    []absence
}

// absence is a time without Glances.
type absence struct {
	how      string // it ended
	why      string // what was not well when it was started again
	from, to time.Time
}

// watchGlances does work, and returns what became of Glances meanwhile.
func (s *session) watchGlances(ctx context.Context, m provider.Machine, w watching, work func()) *watchdog {
	k := &watchdog{session: s, machine: m, live: w.live, seen: time.Now()}
	if !w.glances {
		work()
		return k
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.look(ctx)
	}()
	work()
	stop()
	<-done
	return k
}

// look goes on until Glances is away for good. A look that fails says nothing about Glances.
func (k *watchdog) look(ctx context.Context) {
	wait := commandInterval
	if k.reachable() {
		wait = watchInterval
	}
	if provider.Pause(ctx, wait) != nil {
		return
	}
	_ = provider.Poll(ctx, wait, func() (bool, error) { // it ends with ctx
		began := time.Now()
		how, err := k.state(ctx)
		switch {
		case err != nil:
			return false, nil
		case how == "":
			k.back(began)
			return false, nil
		}
		return k.restart(ctx, how), nil
	})
}

// reachable says whether Glances answers from here: then a look costs its machine next to nothing.
func (k *watchdog) reachable() bool { return k.live != "" && k.generator == nil }

var errUnsure = errors.New("not known")

// state says how Glances ended; "": it watches.
func (k *watchdog) state(ctx context.Context) (string, error) {
	if k.reachable() {
		if status, err := k.Probe(ctx, k.live+"/api/4/pluginslist"); err == nil && status == http.StatusOK {
			k.missed = 0
			return "", nil
		}
		if k.missed++; k.missed < maxMisses {
			return "", errUnsure
		}
		k.missed = 0
	}
	text, err := k.plan.GlancesState().Run(ctx, k.Cloud.Commands, k.machine.ID)
	if err != nil {
		return "", err
	}
	word, status, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch {
	case word == "gone":
		return endOf(status), nil
	case word == "deaf" && k.live != "":
		return "did not answer any more", nil
	case word == "deaf", word == "runs":
		return "", nil
	}
	return "", errUnsure
}

// endOf says in words how a container ended.
func endOf(status string) string {
	if status == "-1" {
		return "was removed"
	}
	return "ended with code " + status
}

// back notes that Glances watches.
func (k *watchdog) back(now time.Time) {
	k.seen = now
	if k.lost() {
		k.absent[len(k.absent)-1].to = now
	}
}

// lost says that Glances is away.
func (k *watchdog) lost() bool {
	n := len(k.absent)
	return n > 0 && k.absent[n-1].to.IsZero()
}

// restart starts Glances again, if it was not before; it says whether it is away for good.
func (k *watchdog) restart(ctx context.Context, how string) bool {
	if !k.lost() {
		k.absent = append(k.absent, absence{how: how, from: k.seen})
	}
	now := &k.absent[len(k.absent)-1]
	if k.restarted {
		k.Say(k.machine.Type + ": " + now.String())
		return true
	}
	k.Say(fmt.Sprintf("%s: Glances %s: it is started again", k.machine.Type, how))
	_, err := k.plan.Glances(plan.WatcherAgain).Run(ctx, k.Cloud.Commands, k.machine.ID)
	var failed *script.StepError
	switch {
	case err == nil:
		k.restarted = true
		k.back(time.Now())
	case errors.As(err, &failed) && failed.Code > 0:
		k.restarted = true // it may be there all the same: the next look tells
		now.why = provider.Tail(failed.Result.Stderr, 1)
		if failed.Code == codeNoColumn {
			k.back(time.Now())
		}
	}
	return false
}

// notes are what a reader of the result should know.
func (k *watchdog) notes() (all []string) {
	for _, a := range k.absent {
		all = append(all, a.String())
	}
	return all
}

const missingSeries = "CPU, memory, disk and network of the machine and of its containers are missing"

func (a absence) String() string {
	const second = "15:04:05 UTC"
	text := fmt.Sprintf("Glances %s (it was last seen at %s)", a.how, a.from.UTC().Format(second))
	why := ""
	if a.why != "" {
		why = " (" + a.why + ")"
	}
	if a.to.IsZero() {
		return text + " and did not come back" + why + ": " + missingSeries + " from then on"
	}
	return fmt.Sprintf("%s and was started again%s: %s until %s", text, why, missingSeries, a.to.UTC().Format(second))
}

// glancesEndedEarly reads in what collect.sh printed whether Glances had ended before it was told to.
func glancesEndedEarly(listing string) (how string, ended bool) {
	for line := range strings.Lines(listing) {
		if status, ok := strings.CutPrefix(strings.TrimSpace(line), "watcher false "); ok {
			return endOf(status), true
		}
	}
	return "", false
}

// joinGlancesFiles puts the file of a Glances that was started again behind the one
// before, whose last line may be half written. Each part has its own header.
func joinGlancesFiles(folder string) error {
	path := filepath.Join(folder, plan.WatcherFile)
	again, err := os.ReadFile(filepath.Join(folder, plan.WatcherAgain))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	whole := before[:bytes.LastIndexByte(before, '\n')+1]
	if err := os.WriteFile(path+".new", append(whole, again...), 0o644); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return os.Remove(filepath.Join(folder, plan.WatcherAgain))
}
