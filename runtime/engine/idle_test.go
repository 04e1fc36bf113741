package engine_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func TestCloseIdleLeavesTheServerWithoutConnections(t *testing.T) {
	t.Parallel()
	var made atomic.Int32
	gone := make(chan struct{}, 2)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
		if state == http.StateClosed {
			gone <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	client := engine.New(engine.Options{Timeout: 5 * time.Second})
	defer client.Close()
	get := func() {
		t.Helper()
		call := client.NewCall()
		if err := call.Begin("GET", server.URL); err != nil {
			t.Fatal(err)
		}
		if err := call.Send(); err != nil {
			t.Fatal(err)
		}
	}
	get()
	get()
	if n := made.Load(); n != 1 {
		t.Fatalf("%d connections for two requests in a row, want one", n)
	}
	client.CloseIdle()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the server still has the connection")
	}
	get() // on a new one
	if n := made.Load(); n != 2 {
		t.Errorf("%d connections, want a second one after the first was closed", n)
	}
}
