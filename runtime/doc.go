// Package runtime declares nothing: it tells the life of an iteration, and
// names each file that it passes.
//
// # Before the load
//
// A script is read, bundled and compiled once (script/script.go); flags,
// environment and the script's own options become a plan (plan/plan.go). Each
// virtual user gets a VM of its own in which the compiled program runs, and
// with it the modules of ../jsapi (vu/user.go).
//
// # The life of an iteration
//
//  1. An executor starts an iteration of a VU of the pool: at once in a closed
//     load (sched/closed.go), when an arrival is due in an open one
//     (sched/arrivals.go). When that is comes from pace/, which knows no clock.
//  2. The VU takes the scenario that the executor names, or picks one by
//     weight, and calls its function (vu/iterate.go).
//  3. The script calls http.get: ../jsapi/http turns the arguments into an
//     engine request, without reflection.
//  4. The engine (engine/) sends it over the user's own connection, stamps
//     the time of each phase on the wire, and returns a response whose body
//     becomes a JavaScript value only when the script asks for it.
//  5. Each request, check and the iteration itself is a sample in the user's
//     buffer (metric/shard.go); full buffers go to a shard under one short lock.
//  6. A failed iteration is followed by a back-off of about a mean iteration
//     (pace/backoff.go): only then does the share of failures mean something.
//
// # Around it
//
// Four times a second the collector turns the shards into a window
// (metric/window.go). Sizing decides on windows (../sizing); each second they
// become rows of the record (record/), which is all that the live line, the
// summary, the page and a comparison ever read (../report). What watches the
// target's and the generator's resources (monitor/) writes rows beside them.
package runtime
