//go:build !race

package sizingtest_test

const underRace = false
