package engine

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Buffer sizes. A response whose headers do not fit the first reader is read
// on with the second, so that thousands of virtual users do not hold 64 KB each
// because one server sends long headers.
const (
	readBuffer      = 4 << 10
	largeReadBuffer = 128 << 10 // the longest block of headers taken
	writeBuffer     = 4 << 10
)

// namesKept is for how long a resolved name is used for new connections.
const namesKept = time.Minute

// tlsSessions is how many TLS sessions are kept for resumption.
const tlsSessions = 1024

// DefaultMaxBodies is how much memory long bodies of all clients take at once, bytes.
const DefaultMaxBodies = 768 << 20

// Shared is what the clients of one run have in common: read and write
// buffers, resolved names, TLS sessions. The zero value is ready. It is safe
// for concurrent use.
type Shared struct {
	readers      sync.Pool
	largeReaders sync.Pool
	writers      sync.Pool
	blocks       sync.Pool                 // of *block
	unpackers    [len(encodings)]sync.Pool // of *unpacker
	once         sync.Once
	turns        chan struct{} // of who unpacks
	bodies       atomic.Int64  // bytes of long bodies: their blocks, and the whole ones that calls hold

	Resolver  *net.Resolver // nil: the system's
	MaxBodies int64         // bytes that long bodies of all clients may take at once; 0: DefaultMaxBodies

	mu       sync.Mutex
	names    map[string]resolved
	failed   map[endpoint]time.Time // addresses of names of several, and when a connection to them failed
	sessions tls.ClientSessionCache

	unknown     []string // encodings of bodies that are not known
	toldUnknown int      // how many of them were told
	news        atomic.Bool
}

type resolved struct {
	addrs []netip.Addr
	until time.Time
	turn  int
}

func (s *Shared) reader() *bufio.Reader {
	if br, ok := s.readers.Get().(*bufio.Reader); ok {
		return br
	}
	return bufio.NewReaderSize(nil, readBuffer)
}

func (s *Shared) largeReader() *bufio.Reader {
	if br, ok := s.largeReaders.Get().(*bufio.Reader); ok {
		return br
	}
	return bufio.NewReaderSize(nil, largeReadBuffer)
}

func (s *Shared) writer() *bufio.Writer {
	if bw, ok := s.writers.Get().(*bufio.Writer); ok {
		return bw
	}
	return bufio.NewWriterSize(nil, writeBuffer)
}

func (s *Shared) freeReader(br *bufio.Reader) {
	br.Reset(nil)
	if br.Size() == readBuffer {
		s.readers.Put(br)
	} else {
		s.largeReaders.Put(br)
	}
}

func (s *Shared) freeWriter(bw *bufio.Writer) {
	bw.Reset(nil)
	s.writers.Put(bw)
}

// block returns room for a part of a long body; not ok: there is none left for bodies.
func (s *Shared) block() (b *block, ok bool) {
	if !s.reserve(blockSize) {
		return nil, false
	}
	if b, ok = s.blocks.Get().(*block); !ok {
		b = new(block)
	}
	return b, true
}

func (s *Shared) freeBlock(b *block) {
	s.reserve(-blockSize)
	s.blocks.Put(b)
}

// reserve enters n bytes into the account of bodies, or gives them back; false: they do not fit, and were not entered.
func (s *Shared) reserve(n int) bool {
	limit := s.MaxBodies
	if limit <= 0 {
		limit = DefaultMaxBodies
	}
	if s.bodies.Add(int64(n)) > limit && n > 0 {
		s.bodies.Add(-int64(n))
		return false
	}
	return true
}

// unpacker returns what undoes an encoding. It waits for its turn: a decoder has a window of up to 16 MiB, and more of them at
// once than there are processors would not be faster.
func (s *Shared) unpacker(encoding int) *unpacker {
	s.once.Do(func() { s.turns = make(chan struct{}, runtime.GOMAXPROCS(0)) })
	s.turns <- struct{}{}
	if u, ok := s.unpackers[encoding].Get().(*unpacker); ok {
		return u
	}
	return &unpacker{decoder: newDecoder(encoding)}
}

func (s *Shared) freeUnpacker(encoding int, u *unpacker) {
	s.unpackers[encoding].Put(u)
	<-s.turns
}

// sessionCache returns the cache of TLS sessions, made on first use.
func (s *Shared) sessionCache() tls.ClientSessionCache {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions == nil {
		s.sessions = tls.NewLRUClientSessionCache(tlsSessions)
	}
	return s.sessions
}

// known returns the addresses of a name that was resolved less than a minute
// ago. Each call begins with the next address, so that connections spread over them.
func (s *Shared) known(name string, now time.Time) []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.names[name]
	if !ok || now.After(r.until) {
		return nil
	}
	r.turn++
	s.names[name] = r
	n := r.turn % len(r.addrs)
	return append(append(make([]netip.Addr, 0, len(r.addrs)), r.addrs[n:]...), r.addrs[:n]...)
}

func (s *Shared) remember(name string, addrs []netip.Addr, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil || len(s.names) >= maxOrigins {
		s.names = map[string]resolved{}
	}
	s.names[name] = resolved{addrs: addrs, until: now.Add(namesKept)}
}
