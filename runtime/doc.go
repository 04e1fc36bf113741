// Package runtime declares nothing: it tells the life of an iteration, and
// names each file that it passes. The words are those of ../CONTRIBUTING.md.
//
// # Before the load
//
// A script is read, bundled and compiled once (script/script.go); flags,
// environment and the script's own options become a plan (plan/resolve.go).
// Each VU gets a VM of its own in which the compiled program runs
// (vu/user.go), and with it the modules of ../jsapi, bound by name
// (../jsapi/bind.go). ../session/session.go joins the parts.
//
// # The life of an iteration
//
//  1. An executor says that a VU may start an iteration: at once in a closed
//     load (sched/closed.go; sched/per_vu.go counts for each VU), when an arrival is due in an open one
//     (sched/arrivals.go). When that is comes from pace/open.go and
//     pace/closed.go, which know no clock. All VUs are of one pool (sched/pool.go).
//  2. The VU picks a scenario by weight and calls its function (vu/iterate.go).
//  3. The script calls http.get: ../jsapi/http/send.go turns the arguments into
//     an engine request, without reflection.
//  4. The engine (engine/call.go, engine/exchange.go) sends it over the VU's own
//     connection, through a proxy where one leads to the origin
//     (engine/proxy.go, engine/tunnel.go), stamps the time of each phase on the wire, and returns a
//     response whose body becomes a JavaScript value only when the script
//     asks for it (../jsapi/http/response.go).
//  5. Each request, check and the iteration itself is a sample in the VU's
//     buffer (metric/shard.go); full buffers go to a shard under one short lock.
//  6. A failed iteration is followed by a back-off of about a mean iteration
//     (pace/backoff.go): only then does the share of failures mean something.
//
// # The hot path
//
// Most of a run is one loop: a request of a synchronous script on an open
// connection, a check of its answer, the samples of both. What each part may
// cost, and the test that fails when it costs more; allocations are a call's,
// once its buffers have grown. Nothing here takes an interface, a map, a lock,
// a closure, a channel or a log line for each request, but where this says so.
//
//	function                 file                       may cost                          held by
//	closed.lap               sched/closed.go            no allocation; the pool's mutex   TestIterationsDoNotAllocate
//	                                                    once a millisecond
//	User.Iterate             vu/iterate.go              one allocation, goja's own        TestIterationAllocatesNothingOfItsOwn
//	instance.send            ../jsapi/http/send.go      the Response object               TestGetAndCheckAllocateWhatTheyDid
//	naming.masked, named     ../jsapi/http/endpoint.go  one look into a map; none for     TestGetAndCheckAllocateWhatTheyDid
//	                                                    the URL asked for last
//	Call.Send, Call.Follow   engine/call.go             no allocation                     TestARequestOnAnOpenConnectionAllocatesNothing
//	conn.Read, conn.Write    engine/conn.go             one system call each, and a       TestARequestOnAnOpenConnectionAllocatesNothing
//	                                                    wait where the answer is not there
//	module.check             ../jsapi/plimsoll/check.go the result object of goja         TestGetAndCheckAllocateWhatTheyDid
//	Buffer.Request, Check,   metric/shard.go            no allocation; the shard's mutex  TestSamplesAllocateNothing
//	Begin, Iteration                                    every 32 samples or 20 ms
//
// Off the hot path, four times a second: metric/window.go turns the shards into
// a window, ../session/recorder.go makes a row of four of them, and
// record/writer.go writes it. What failed is described for the record only
// while it is among the first few of its kind (failure/keeper.go, which
// vu/keep.go and ../jsapi/http/kept.go ask); after that asking is one atomic load.
//
// # Around it
//
// Sizing decides on windows (../sizing/controller.go; ../session/load.go is its
// clock), and on the same windows it is judged what a run must keep
// (threshold/judge.go). Each second windows become rows of the record
// (record/rows.go), which is all that the summary, the page and a comparison
// ever read (../report/fold.go). What watches the target's and the generator's
// resources (monitor/watcher.go) writes rows beside them. All that happens is
// told to the sinks of a session (../session/sink.go), which know nothing of each other.
package runtime
