//go:build !race

package engine_test

import (
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func TestARequestOnAnOpenConnectionAllocatesNothing(t *testing.T) {
	url := serve(t, fast(hello)) + "/hello?a=1"
	client := engine.New(engine.Options{})
	defer client.Close()
	call := client.NewCall()
	once := func() {
		if err := call.Begin("GET", url); err != nil {
			t.Fatal(err)
		}
		call.SetHeader("Accept", "text/plain")
		if err := call.Send(); err != nil || call.Status != 200 || len(call.Body()) != 6 {
			t.Fatal(err, call.Status)
		}
		client.ResetCookies()
	}
	once()
	if n := testing.AllocsPerRun(200, once); n != 0 {
		t.Errorf("a GET allocates %v times, want 0", n)
	}
	post := func() {
		if err := call.Begin("POST", url); err != nil {
			t.Fatal(err)
		}
		call.SetBodyString(`{"data":{"status":"todo"}}`)
		call.SetHeader("Content-Type", "application/json")
		if err := call.Send(); err != nil {
			t.Fatal(err)
		}
	}
	post()
	if n := testing.AllocsPerRun(200, post); n != 0 {
		t.Errorf("a POST allocates %v times, want 0", n)
	}
}
