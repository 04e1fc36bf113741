package fakeaws

import "slices"

// killPoints is how many calls a quick test of kills stops at, beside the first and the last.
const killPoints = 4

// KillPoints are the calls, counted from 1, at which tests kill a run that makes so many of them: all in a full test;
// else the first, the last, and a few between them. These are a fixed stride apart and begin at an offset, so that
// tests with other offsets (kills before and after a call, other ways to kill) look at other calls.
func KillPoints(calls, offset int, full bool) []int {
	stride := 1
	if !full {
		stride = max(1, (calls-2)/killPoints)
	}
	points := []int{1}
	for k := 2 + offset%stride; k < calls; k += stride {
		points = append(points, k)
	}
	return slices.Compact(append(points, max(1, calls)))
}
