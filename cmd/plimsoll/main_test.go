package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/plimsoll-load/plimsoll/runtime/target"
)

// asProgram makes the test binary behave as plimsoll, for tests that need a process of their own.
const asProgram = "PLIMSOLL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(thisProcess().main())
	}
	_ = flag.Set("test.parallel", "6") // most of them wait; what is given on the command line wins
	testscript.Main(m, map[string]func(){"plimsoll": func() { os.Exit(thisProcess().main()) }})
}

// TestScripts runs testdata/script: what people type, what they read, and the exit status.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			server, err := target.Start(context.Background(), target.Config{Model: "unlimited"})
			if err != nil {
				return err
			}
			env.Defer(func() { _ = server.Close() })
			env.Setenv("SERVER_URL", server.URL())
			env.Setenv("XDG_STATE_HOME", env.Getenv("WORK")+"/state")
			env.Setenv(asProgram, "1") // for the demo's child, which is the test binary itself
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command and wants its exit status: exits 3 plimsoll run x.js
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status command [args]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var status *exec.ExitError
		if !errors.As(err, &status) {
			ts.Fatalf("%v", err)
		}
		got = status.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s\nstderr: %s", got, args[0], ts.ReadFile("stderr"))
	}
}
