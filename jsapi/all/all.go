// Package all lists the modules that scripts can import, and the globals.
package all

import (
	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/execution"
	"github.com/plimsoll-load/plimsoll/jsapi/globals"
	"github.com/plimsoll-load/plimsoll/jsapi/http"
	"github.com/plimsoll-load/plimsoll/jsapi/metrics"
	"github.com/plimsoll-load/plimsoll/jsapi/plimsoll"
)

// Modules returns all modules, in the order of the reference page.
func Modules() []jsapi.Module {
	return []jsapi.Module{plimsoll.Module(), http.Module(), metrics.Module(), execution.Module(), globals.Timers(), globals.Module(), globals.Intl(), globals.Guards()}
}
