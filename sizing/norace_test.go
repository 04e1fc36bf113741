//go:build !race

package sizing_test

const underRace = false
