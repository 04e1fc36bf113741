package metric

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Tag is a word that a sample carries, and its value.
type Tag struct{ Key, Value string }

// Limits of own tags. Beyond them a value counts as [Other], and a warning names its tag.
const (
	MaxTagKeys   = 100    // different tags
	MaxTagValues = 1000   // of one tag
	MaxTagSets   = 10_000 // sets of tags; twice as many with those in which a value is Other
)

// tagTable interns sets of tags, each sorted by key.
type tagTable struct {
	list   [][]Tag
	ids    map[string]TagsID              // by setKey
	values map[string]map[string]struct{} // by tag
	warned map[string]struct{}            // tags
}

// newTagTable has one set, that of no tags.
func newTagTable() tagTable {
	t := tagTable{ids: map[string]TagsID{}, values: map[string]map[string]struct{}{}, warned: map[string]struct{}{}}
	t.add(nil)
	return t
}

// Tags returns the id of a set: that of base with more, which win where both
// have a tag. It allocates nothing for a set that it knows, of up to 16 tags.
func (n *Names) Tags(base TagsID, more ...Tag) TagsID {
	if len(more) == 0 {
		return base
	}
	var room [16]Tag
	var bytes [512]byte
	n.mu.RLock()
	set := union(room[:0], n.tags.list[base], more)
	id, ok := n.tags.ids[string(setKey(bytes[:0], set))]
	n.mu.RUnlock()
	if ok {
		return id
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.internTags(set)
}

// TagSet returns the tags of an id, sorted by key. They are not to be changed.
func (n *Names) TagSet(id TagsID) []Tag {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.tags.list[id]
}

// union appends base and more to set, sorted by key.
func union(set, base, more []Tag) []Tag {
	set = append(set, base...)
	for _, t := range more {
		i := 0
		for i < len(set) && set[i].Key < t.Key {
			i++
		}
		if i < len(set) && set[i].Key == t.Key {
			set[i].Value = t.Value
			continue
		}
		set = append(set, Tag{})
		copy(set[i+1:], set[i:])
		set[i] = t
	}
	return set
}

// setKey appends a text that no other set has.
func setKey(b []byte, set []Tag) []byte {
	for _, t := range set {
		b = binary.AppendUvarint(b, uint64(len(t.Key)))
		b = append(b, t.Key...)
		b = binary.AppendUvarint(b, uint64(len(t.Value)))
		b = append(b, t.Value...)
	}
	return b
}

// internTags adds a set within the limits.
func (n *Names) internTags(set []Tag) TagsID {
	t := &n.tags
	bounded, cut := make([]Tag, 0, len(set)), false
	for _, tag := range set {
		within := n.boundTag(tag)
		cut = cut || within != tag
		bounded = union(bounded, nil, []Tag{within})
	}
	for {
		if id, ok := t.ids[string(setKey(nil, bounded))]; ok {
			return id
		}
		if len(t.list) < MaxTagSets || cut && len(t.list) < 2*MaxTagSets {
			return t.add(bounded)
		}
		widest := t.widest(bounded)
		if widest < 0 { // nothing is left to cut: sets of ever new tags
			bounded = []Tag{{Other, Other}}
			if id, ok := t.ids[string(setKey(nil, bounded))]; ok {
				return id
			}
			return t.add(bounded)
		}
		key := bounded[widest].Key
		n.warnTag("\x00sets", "more than %d sets of tags: in new ones the tag with the most values counts as %s, such as %q", MaxTagSets, Other, key)
		bounded[widest].Value, cut = Other, true
	}
}

// boundTag takes note of a tag's value, and returns what it counts as.
func (n *Names) boundTag(tag Tag) Tag {
	values, ok := n.tags.values[tag.Key]
	if !ok {
		if len(n.tags.values) >= MaxTagKeys {
			n.warnTag(Other, "more than %d tags: %q and what comes after it is counted as %s", MaxTagKeys, tag.Key, Other)
			return Tag{Other, Other}
		}
		values = map[string]struct{}{}
		n.tags.values[tag.Key] = values
	}
	if _, ok := values[tag.Value]; ok || tag.Value == Other {
		return tag
	}
	if len(values) >= MaxTagValues {
		n.warnTag(tag.Key, "tag %q has more than %d values: %q and what comes after it is counted as %s", tag.Key, MaxTagValues, tag.Value, Other)
		return Tag{tag.Key, Other}
	}
	values[tag.Value] = struct{}{}
	return tag
}

// warnTag warns about a tag once.
func (n *Names) warnTag(key, format string, args ...any) {
	if _, ok := n.tags.warned[key]; !ok {
		n.tags.warned[key] = struct{}{}
		n.warnings = append(n.warnings, fmt.Sprintf(format, args...))
	}
}

// widest is the tag of a set with the most values that is not cut yet; -1: none.
func (t *tagTable) widest(set []Tag) int {
	widest, most := -1, 0
	for i, tag := range set {
		if n := len(t.values[tag.Key]); tag.Value != Other && n > most {
			widest, most = i, n
		}
	}
	return widest
}

func (t *tagTable) add(set []Tag) TagsID {
	id := TagsID(len(t.list))
	set = slices.Clone(set)
	t.list = append(t.list, set)
	t.ids[string(setKey(nil, set))] = id
	return id
}

// filterText is the canonical text of a filter.
func filterText(set []Tag) string {
	var b strings.Builder
	for i, t := range set {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(t.Key))
		b.WriteByte(':')
		b.WriteString(quoted(t.Value))
	}
	return b.String()
}

func quoted(s string) string {
	if q := strconv.Quote(s); s == "" || strings.ContainsAny(s, "{},:") || q != `"`+s+`"` {
		return q
	}
	return s
}
