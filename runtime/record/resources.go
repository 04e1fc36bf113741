package record

import "strings"

// Names of what a [Resources] row may carry, in Values and (by the same name)
// in Limits. A value that is a rate or a share is the mean since the source's
// row before; the others are what was there at that moment. Counts of events
// are those since the row before. Shares are 0 to 1.
const (
	CPUCores         = "cpu_cores"          // cores used; its limit is the quota, the cores it may run on, or the machine's
	CPUUserCores     = "cpu_user_cores"     // of CPUCores
	CPUSystemCores   = "cpu_system_cores"   // of CPUCores
	CPUStealCores    = "cpu_steal_cores"    // taken by the hypervisor for others
	CPUIOWaitCores   = "cpu_iowait_cores"   // idle while a disk was waited for
	CPUBusiestCore   = "cpu_busiest_core"   // share of the core that was busiest
	CPUBusiestThread = "cpu_busiest_thread" // cores used by the thread that used most; its limit is 1
	CPUThreadWaiting = "cpu_thread_waiting" // share of the time that this thread was ready to run and had no core
	CPUThrottled     = "cpu_throttled"      // share of the quota's periods in which it ran out
	CPUWaiting       = "cpu_waiting"        // threads that were ready to run and had no core
	CPUPressure      = "cpu_pressure"       // share of the time in which some task waited for a core (PSI some)
	RunQueue         = "run_queue"          // threads running or ready to run; its limit is the number of cores

	MemoryBytes        = "memory_bytes"         // without the page cache; its limit is the cgroup's or the machine's
	MemoryCacheBytes   = "memory_cache_bytes"   // page cache, given back under pressure
	MemoryPressureSome = "memory_pressure_some" // share of the time in which some task waited for memory (PSI)
	MemoryPressureFull = "memory_pressure_full" // … in which all did
	MemoryFaults       = "memory_faults_per_s"  // major page faults: pages read back from disk
	MemoryLimitHits    = "memory_limit_hits"    // times that the limit was run into
	MemoryOOMKills     = "memory_oom_kills"     // processes killed for want of memory
	SwapBytes          = "swap_bytes"

	DiskReadBytes  = "disk_read_bytes_per_s"
	DiskWriteBytes = "disk_write_bytes_per_s"
	DiskReads      = "disk_reads_per_s"  // operations
	DiskWrites     = "disk_writes_per_s" // operations
	DiskBusy       = "disk_busy"         // share of the time in which the busiest disk had something to do; its limit is 1
	DiskWaitS      = "disk_wait_s"       // mean time of one operation
	DiskBlocked    = "disk_blocked"      // threads that slept for a disk
	DiskUsedBytes  = "disk_used_bytes"   // of the file system; its limit is the size
	IOPressureSome = "io_pressure_some"  // share of the time in which some task waited for a disk (PSI)
	IOPressureFull = "io_pressure_full"  // … in which all did

	NetInBytes         = "net_in_bytes_per_s"  // its limit is the link's speed
	NetOutBytes        = "net_out_bytes_per_s" // its limit is the link's speed
	NetInPackets       = "net_in_packets_per_s"
	NetOutPackets      = "net_out_packets_per_s"
	NetDrops           = "net_drops_per_s"            // packets dropped by the interface or its queue
	NetRetransmits     = "net_retransmits_per_s"      // TCP segments sent again
	NetListenOverflows = "net_listen_overflows_per_s" // connections refused because the accept queue was full
	NetListenQueue     = "net_listen_queue"           // connections not yet accepted; its limit is the backlog
	NetSendQueueBytes  = "net_send_queue_bytes"       // written by the service and not yet acknowledged
	NetRecvQueueBytes  = "net_recv_queue_bytes"       // arrived and not yet read by the service

	Descriptors         = "descriptors" // open file descriptors of the process that has most of its limit in use
	Threads             = "threads"
	Processes           = "processes"
	Connections         = "connections"           // established, to the service
	ConnectionsTimeWait = "connections_time_wait" // closed by the service and kept for a minute
	ConnectionsOpening  = "connections_opening"   // half open (SYN received)
	ConnectionsClosing  = "connections_closing"   // closed by the other side, not yet by the service (CLOSE_WAIT)
	ConnectionsOut      = "connections_out"       // established, from the service to others

	HeapBytes  = "heap_bytes"   // of a garbage collected heap
	GCCPU      = "gc_cpu"       // share of the CPU time that went into garbage collection; of a JVM, of the time that it stood still for it
	GCPauseS   = "gc_pause_s"   // 99th percentile of the pauses
	SchedWaitS = "sched_wait_s" // 99th percentile of the time a goroutine that is ready waits for a thread
	Goroutines = "goroutines"

	SampleS = "sample_s" // how long this reading took: the monitor's own cost
)

// Kinds of sources: the first word of [Resources.Source].
const (
	KindHost       = "host"       // the machine as a whole
	KindProcess    = "process"    // "process 4711 nginx": with its children
	KindContainer  = "container"  // "container kinto"
	KindGenerator  = "generator"  // this program
	KindPrometheus = "prometheus" // values that the service itself tells, by their own names
	KindExpvar     = "expvar"     // what a Go service tells of its heap and its garbage collector
	KindJVM        = "jvm"        // what a Java virtual machine tells of its own: "jvm 4711"
)

// Kind is the first word of the source: one of the Kind constants, or that of
// a kind this version does not know.
func (r *Resources) Kind() string { return SourceKind(r.Source) }

// SourceKind is the first word of a source's name.
func SourceKind(source string) string {
	kind, _, _ := strings.Cut(source, " ")
	return kind
}

// Use is a value as a share of its limit. It is false when either is unknown.
func (r *Resources) Use(name string) (float64, bool) {
	value, ok := r.Values[name]
	limit, limited := r.Limits[name]
	if !ok || !limited || limit <= 0 {
		return 0, false
	}
	return value / limit, true
}
