package http_test

import (
	"testing"

	"github.com/plimsoll-load/plimsoll/jsapi/http"
	"github.com/plimsoll-load/plimsoll/jsapi/jsapitest"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// newHost binds the module as the global http.
func newHost(tb testing.TB, o engine.Options) *jsapitest.Host {
	tb.Helper()
	return jsapitest.New(tb, o, http.Module())
}
