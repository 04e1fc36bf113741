package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

var errLoadEnded = errors.New("the load ended by itself")

// monitorEvery is how often resources are read.
const monitorEvery = 250 * time.Millisecond

// errInterrupted is the cause of a context that a second signal ended.
var errInterrupted = errors.New("interrupted")

// watchResources reads the generator's own resources, and what was asked for, into the record until ctx ends.
func (s *session) watchResources(ctx context.Context, h *health) {
	watcher := monitor.NewWatcher(s.rec.start, monitorEvery, func(r record.Resources) {
		h.row(r)
		s.rec.row(&r)
	})
	watcher.Run(ctx, append(s.sources, monitor.Generator())...)
}

// prelude runs beforeAll. Its error says that the test cannot begin.
func (s *session) prelude(ctx context.Context) error {
	if err := s.factory.BeforeAll(ctx); err != nil {
		if s.stop.signalled() {
			return status(s.stop.code.Load())
		}
		return err
	}
	return nil
}

// postlude runs afterAll; a failure there takes nothing from the result.
func (s *session) postlude(ctx context.Context) {
	if err := s.factory.AfterAll(ctx); err != nil {
		s.progress.say("plimsoll: %v", err)
		s.rec.event("warning", err.Error())
	}
}

// tell notes in the record and on the terminal what went wrong beside the load.
func (s *session) tell(e sched.Ending) {
	var texts []string
	if e.Interrupted > 0 {
		texts = append(texts, fmt.Sprintf("%d iterations did not end within %v and were interrupted", e.Interrupted, s.plan.Grace))
	}
	if len(e.Stuck) > 0 {
		texts = append(texts, fmt.Sprintf("%d virtual users did not come back after they were interrupted", len(e.Stuck)))
	}
	if e.Refused > 0 {
		texts = append(texts, fmt.Sprintf("%d times a virtual user could not be started, the last time: %v", e.Refused, e.Refusal))
	}
	for _, t := range texts {
		s.progress.say("plimsoll: %s", t)
		s.rec.event("warning", t)
	}
}
