// Package sched starts iterations: it grows and shrinks the set of virtual
// users, follows the plan or is driven while it runs, and decides the end.
package sched
