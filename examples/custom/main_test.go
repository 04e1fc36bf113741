package main

import (
	"context"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/target"
)

func TestAScriptUsesTheModule(t *testing.T) {
	t.Parallel()
	server, err := target.Start(context.WithoutCancel(t.Context()), target.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	var out strings.Builder
	if err := run(t.Context(), "loadtest.js", []string{"SERVER_URL=" + server.URL()}, &out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if n := server.Counts().Requests; n != 20 || !strings.Contains(text, "20 iterations") || !strings.Contains(text, "orders are counted") {
		t.Errorf("%d requests:\n%s", n, text)
	}
	if strings.Contains(text, "failed") && !strings.Contains(text, "0 failed") {
		t.Errorf("iterations failed:\n%s", text)
	}
}
