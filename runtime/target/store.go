package target

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
)

// object is a bucket, a collection or a record. It never changes: a write
// puts another one in its place.
type object struct {
	id       string
	modified int64  // milliseconds, unique within its set
	raw      []byte // JSON, with id and last_modified
	owner    string
	inner    *set // of a bucket: its collections; of a collection: its records
}

// set is a list of objects with a clock of its own, as Kinto has it: each
// change gets a later timestamp. Every set has its own lock, so that users of
// different collections meet only to look a collection up.
type set struct {
	mu      sync.RWMutex
	kind    string // of its objects: bucket, collection, record
	objects map[string]*object
	stones  map[string]*object
	live    []*object // objects, by modified
	dead    []*object // stones, by modified
	clock   int64
}

func newSet(kind string) *set {
	return &set{kind: kind, objects: map[string]*object{}, stones: map[string]*object{}, clock: time.Now().UnixMilli()}
}

// condition is what If-Match and If-None-Match ask of a write or a read.
type condition struct {
	absent bool  // If-None-Match: *
	match  int64 // If-Match; 0: not asked
	unlike int64 // If-None-Match with an ETag: only reads look at it
}

// refusal is an answer that is an error in Kinto's manner.
type refusal struct {
	status  int
	errno   int
	message string
	details any
	etag    int64 // 0: none
}

// holds tells whether a write may be done on what is there, which may be nothing.
func (c condition) holds(was *object, clock int64) *refusal {
	switch {
	case c.absent && was != nil, c.match != 0 && was == nil, c.match != 0 && c.match != was.modified:
	default:
		return nil
	}
	no := &refusal{status: 412, errno: 114, message: "Resource was modified meanwhile", etag: clock}
	if was != nil {
		no.etag, no.details = was.modified, map[string]any{"existing": json.RawMessage(was.raw)}
	}
	return no
}

// change is a write of one object.
type change struct {
	id    string // empty: to be made up
	owner string
	data  map[string]json.RawMessage
	how   manner
	condition
}

// manner says what a write does to what is there.
type manner int

const (
	replace manner = iota // PUT
	merge                 // PATCH: must be there
	keep                  // POST: what is there stays as it is
)

// write does a change and returns the object, and whether it is new.
func (s *set) write(c change) (_ *object, created bool, _ *refusal) {
	if c.id == "" {
		c.id = newID()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.objects[c.id]
	if c.how == merge && was == nil {
		return nil, false, s.missing(c.id)
	}
	if no := c.holds(was, s.clock); no != nil {
		return nil, false, no
	}
	if was != nil && c.how == keep {
		return was, false, nil
	}
	data := map[string]json.RawMessage{}
	if c.how == merge {
		if err := json.Unmarshal(was.raw, &data); err != nil {
			panic("target: stored object is no JSON: " + err.Error())
		}
	}
	for key, value := range c.data {
		data[key] = value
	}
	now := &object{id: c.id, modified: s.tick(), owner: c.owner}
	now.raw = encode(data, now)
	if was != nil {
		now.owner, now.inner = was.owner, was.inner
	} else if inner, ok := map[string]string{"bucket": "collection", "collection": "record"}[s.kind]; ok {
		now.inner = newSet(inner)
	}
	s.put(was, now)
	return now, was == nil, nil
}

// ensure returns an object, made where it is missing.
func (s *set) ensure(id, owner string) *object {
	if o := s.get(id); o != nil {
		return o
	}
	o, _, _ := s.write(change{id: id, owner: owner, how: keep}) // no condition: no refusal
	return o
}

func (s *set) get(id string) *object {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.objects[id]
}

// remove leaves a tombstone.
func (s *set) remove(id string, c condition) (*object, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.objects[id]
	if was == nil {
		return nil, s.missing(id)
	}
	if no := c.holds(was, s.clock); no != nil {
		return nil, no
	}
	return s.bury(was), nil
}

// clear removes all objects and returns their tombstones.
func (s *set) clear(c condition) ([]*object, int64, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.match != 0 && c.match != s.clock {
		return nil, s.clock, &refusal{status: 412, errno: 114, message: "Resource was modified meanwhile", etag: s.clock}
	}
	var gone []*object
	for _, was := range slices.Clone(s.live) {
		gone = append(gone, s.bury(was))
	}
	return gone, s.clock, nil
}

// bury puts a tombstone in the place of an object. The lock is held.
func (s *set) bury(was *object) *object {
	stone := &object{id: was.id, modified: s.tick()}
	stone.raw = encode(map[string]json.RawMessage{"deleted": json.RawMessage("true")}, stone)
	s.live = without(s.live, was)
	delete(s.objects, was.id)
	s.stones[stone.id] = stone
	s.dead = append(s.dead, stone)
	return stone
}

// page is the part of a list that is asked for.
type page struct {
	since  int64 // later than this, tombstones too; 0: all that live
	before int64 // earlier than this; 0: any
	limit  int   // at most this many; 0: all
}

// list returns the objects of a page, the latest first, whether there are
// more, how many live in all, and the set's clock.
func (s *set) list(p page) (found []*object, more bool, total int, clock int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	live, dead := s.live, s.dead
	if p.since == 0 {
		dead = nil
	}
	for len(live) > 0 || len(dead) > 0 {
		from := &live
		if len(live) == 0 || len(dead) > 0 && last(dead).modified > last(live).modified {
			from = &dead
		}
		o := last(*from)
		*from = (*from)[:len(*from)-1]
		switch {
		case o.modified <= p.since:
			return found, false, len(s.live), s.clock
		case p.before != 0 && o.modified >= p.before:
		case p.limit != 0 && len(found) == p.limit:
			return found, true, len(s.live), s.clock
		default:
			found = append(found, o)
		}
	}
	return found, false, len(s.live), s.clock
}

func last(objects []*object) *object { return objects[len(objects)-1] }

// put makes now the object of its id. The lock is held.
func (s *set) put(was, now *object) {
	if was != nil {
		s.live = without(s.live, was)
	} else if stone := s.stones[now.id]; stone != nil {
		s.dead = without(s.dead, stone)
		delete(s.stones, now.id)
	}
	s.objects[now.id] = now
	s.live = append(s.live, now)
}

// without takes an object out of a list by its timestamp.
func without(list []*object, gone *object) []*object {
	i, ok := slices.BinarySearchFunc(list, gone.modified, func(o *object, at int64) int { return cmp.Compare(o.modified, at) })
	if !ok {
		panic("target: object is not in its list")
	}
	return slices.Delete(list, i, i+1)
}

// tick gives a timestamp that is later than any before. The lock is held.
func (s *set) tick() int64 {
	s.clock = max(time.Now().UnixMilli(), s.clock+1)
	return s.clock
}

func (s *set) missing(id string) *refusal {
	return &refusal{status: 404, errno: 110, details: map[string]any{"id": id, "resource_name": s.kind}}
}

// encode makes an object's JSON.
func encode(data map[string]json.RawMessage, o *object) []byte {
	data["id"] = json.RawMessage(`"` + o.id + `"`) // an id needs no escapes
	data["last_modified"] = strconv.AppendInt(nil, o.modified, 10)
	raw, err := json.Marshal(data)
	if err != nil {
		panic("target: object is no JSON: " + err.Error()) // it was parsed before
	}
	return raw
}

// newID makes a random version 4 UUID.
func newID() string {
	a, b := rand.Uint64(), rand.Uint64()
	a = a&^0xf000 | 0x4000
	b = b&^(3<<62) | 1<<63
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1))
}
