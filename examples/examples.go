// Package examples holds scripts to read, each of which says what it teaches.
package examples

import _ "embed"

// Kinto is the script of kinto/, from which `plimsoll new --template kinto` starts.
//
//go:embed kinto/loadtest.js
var Kinto string
