// Package watch sees to it that the resources of a service are watched while it is loaded: it starts Glances, or a smaller
// sampler, on the service's machine, starts Glances again if it ends, and tells what is missing.
package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

// Watcher is what is needed to watch one machine.
type Watcher struct {
	Cloud   provider.Cloud
	Plan    *plan.Plan
	Machine provider.Machine
	Probe   func(ctx context.Context, url string) (status int, err error) // from where the load is made
	Near    bool                                                          // that is here, so that a question is no command
	Say     func(string)
}

// Sources say how a service's resources are seen.
type Sources struct {
	Live    string // address of a Glances that answers from here; "": none
	File    bool   // the machine writes a CSV
	Glances bool   // it is Glances that does
	Note    string // what a reader of the report should know
}

// Start starts what looks at the machine, after the service's container: one
// that is not there in the first row would never be in the file.
func (s Watcher) Start(ctx context.Context) (Sources, error) {
	var w Sources
	switch s.Plan.Options.Metrics {
	case "none":
		return w, nil
	case "glances":
		_, err := s.Plan.Glances(plan.WatcherFile).Run(ctx, s.Cloud.Commands, s.Machine.ID)
		if err == nil {
			w.File, w.Glances = true, true
			break
		}
		var failed *script.StepError
		if !errors.As(err, &failed) {
			return w, err
		}
		w.Note = fmt.Sprintf("Glances did not start (%s): a smaller sampler watched in its place", provider.Tail(failed.Result.Stderr, 1))
		s.Say(s.Machine.Type + ": " + w.Note)
	}
	if !w.File {
		if _, err := s.Plan.Sampler().Run(ctx, s.Cloud.Commands, s.Machine.ID); err != nil {
			return w, err
		}
		w.File = true
		return w, nil
	}
	return s.listen(ctx, w)
}

// listen finds out whether Glances can be asked from here while the load is on.
func (s Watcher) listen(ctx context.Context, w Sources) (Sources, error) {
	address := "http://" + net.JoinHostPort(s.Plan.Address(s.Machine), strconv.Itoa(plan.GlancesPort))
	within, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err := provider.Poll(within, time.Second, func() (bool, error) {
		status, err := s.Probe(within, address+"/api/4/pluginslist")
		return err == nil && status == 200, nil
	})
	if ctx.Err() != nil {
		return w, context.Cause(ctx)
	}
	if err != nil {
		w.Note = "Glances could not be asked from here while the load was on: what limited the service was found out afterwards, from its file"
		s.Say(s.Machine.Type + ": " + w.Note)
		return w, nil
	}
	w.Live = address
	return w, nil
}

const (
	watchInterval   = 10 * time.Second // between looks at a Glances that answers from here
	commandInterval = time.Minute      // where each look is a command
	maxMisses       = 3                // unanswered questions, which a busy machine may have, until a command asks
)

// CodeNoColumn is the code of glances.sh when Glances runs and does not see the service.
const CodeNoColumn = 42

// Watchdog looks after Glances while the load goes on, and starts it again once.
type Watchdog struct {
	Watcher
	sources   Sources
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

// During does work, and returns what became of Glances meanwhile.
func (s Watcher) During(ctx context.Context, w Sources, work func()) *Watchdog {
	k := &Watchdog{Watcher: s, sources: w, seen: time.Now()}
	if !w.Glances {
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
func (k *Watchdog) look(ctx context.Context) {
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
func (k *Watchdog) reachable() bool { return k.sources.Live != "" && k.Near }

var errUnsure = errors.New("not known")

// state says how Glances ended; "": it watches.
func (k *Watchdog) state(ctx context.Context) (string, error) {
	if k.reachable() {
		if status, err := k.Probe(ctx, k.sources.Live+"/api/4/pluginslist"); err == nil && status == http.StatusOK {
			k.missed = 0
			return "", nil
		}
		if k.missed++; k.missed < maxMisses {
			return "", errUnsure
		}
		k.missed = 0
	}
	text, err := k.Plan.GlancesState().Run(ctx, k.Cloud.Commands, k.Machine.ID)
	if err != nil {
		return "", err
	}
	word, status, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch {
	case word == "gone":
		return endOf(status), nil
	case word == "deaf" && k.sources.Live != "":
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
func (k *Watchdog) back(now time.Time) {
	k.seen = now
	if k.lost() {
		k.absent[len(k.absent)-1].to = now
	}
}

// lost says that Glances is away.
func (k *Watchdog) lost() bool {
	n := len(k.absent)
	return n > 0 && k.absent[n-1].to.IsZero()
}

// restart starts Glances again, if it was not before; it says whether it is away for good.
func (k *Watchdog) restart(ctx context.Context, how string) bool {
	if !k.lost() {
		k.absent = append(k.absent, absence{how: how, from: k.seen})
	}
	now := &k.absent[len(k.absent)-1]
	if k.restarted {
		k.Say(k.Machine.Type + ": " + now.String())
		return true
	}
	k.Say(fmt.Sprintf("%s: Glances %s: it is started again", k.Machine.Type, how))
	_, err := k.Plan.Glances(plan.WatcherAgain).Run(ctx, k.Cloud.Commands, k.Machine.ID)
	var failed *script.StepError
	switch {
	case err == nil:
		k.restarted = true
		k.back(time.Now())
	case errors.As(err, &failed) && failed.Code > 0:
		k.restarted = true // it may be there all the same: the next look tells
		now.why = provider.Tail(failed.Result.Stderr, 1)
		if failed.Code == CodeNoColumn {
			k.back(time.Now())
		}
	}
	return false
}

// Notes are what a reader of the result should know.
func (k *Watchdog) Notes() (all []string) {
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

// endedEarly reads in what collect.sh printed whether Glances had ended before it was told to.
func endedEarly(listing string) (how string, ended bool) {
	for line := range strings.Lines(listing) {
		if status, ok := strings.CutPrefix(strings.TrimSpace(line), "watcher false "); ok {
			return endOf(status), true
		}
	}
	return "", false
}

// EndNote tells from what collect.sh printed that Glances had ended before it was told to, and nobody had seen that; ""
// where it had not.
func (k *Watchdog) EndNote(listing string) string {
	how, ended := endedEarly(listing)
	if !ended || !k.sources.Glances || k.lost() {
		return ""
	}
	return absence{how: how, from: k.seen}.String()
}

// JoinFiles puts the file of a Glances that was started again behind the one
// before, whose last line may be half written. Each part has its own header.
func JoinFiles(folder string) error {
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
