package maps

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// trie is LPM_TRIE (lpm_trie.c): a binary tree in which a node's prefix begins with those of all nodes above it. A key is
// the length of a prefix in bits, as a 32-bit number, and data of which that many bits count; the others are
// kept as they were given. Where two elements part that have no element above them, there is an intermediate node,
// which always has two children and is no element.
//
// Linux replaces a node by a new one, so that a reader without a lock sees an element as it was, and frees the old one when
// nobody reads it any more. Here a node is changed in place, and its memory used again, until somebody could tell:
// a task that a machine watches, or a program that holds a value.
type trie struct {
	spec Spec
	most uint32 // bits of data
	guard
	nodes    trieNodes
	root     slot
	elements atomic.Uint32
	watched  bool
	top      trieTop
}

// trieKey is a key taken apart.
type trieKey struct {
	prefix uint32 // bits
	data   []byte
}

// lengthBytes is the size of the prefix length in a key.
const lengthBytes = 4

func newTrie(spec Spec) *trie {
	data := spec.KeySize - lengthBytes
	return &trie{
		spec: spec, most: 8 * data, guard: makeGuard(1, spec.CPUs), nodes: newTrieNodes(nodeData+int(data+spec.ValueSize), spec.Account),
	}
}

func (x *trie) Spec() Spec      { return x.spec }
func (x *trie) ValueBytes() int { return int(x.spec.ValueSize) }

// Memlock is what fdinfo of 6.18 shows: the elements, without the intermediate nodes.
func (x *trie) Memlock() uint64 {
	const header = 24
	return uint64(x.elements.Load()) * (header + uint64(x.spec.KeySize) - lengthBytes + uint64(x.spec.ValueSize))
}

func (x *trie) parts(key []byte) trieKey {
	return trieKey{binary.NativeEndian.Uint32(key), key[lengthBytes:]}
}

func (x *trie) data(n trieNode) []byte  { return n[nodeData : nodeData+int(x.spec.KeySize)-lengthBytes] }
func (x *trie) value(n trieNode) []byte { return n[nodeData+int(x.spec.KeySize)-lengthBytes:] }

// common is how many bits of node and key are the same.
func (x *trie) common(n trieNode, key trieKey) uint32 {
	limit := min(n.prefix(), key.prefix)
	if len(key.data) == 4 { // IPv4
		differ := binary.BigEndian.Uint32(n[nodeData:]) ^ binary.BigEndian.Uint32(key.data)
		return min(limit, uint32(bits.LeadingZeros32(differ)))
	}
	return commonBits(x.data(n), key.data, limit)
}

// enter begins a read. Under a Scheduler, readers take no lock, and other tasks may run before each node that they come to.
func (x *trie) enter(t *Task) pass {
	if t.Scheduler != nil {
		t.Scheduler.Step(t, PointFind)
		t.Touch(Access{Of: Branches, To: all})
		x.beWatched()
		return pass{}
	}
	return x.read(t, 0)
}

func (x *trie) lock(t *Task) *stripe {
	if t.Scheduler == nil {
		return x.write(0)
	}
	st := &x.stripes[0]
	st.lock.Lock(t)
	x.beWatched()
	return st
}

// beWatched keeps nodes what they are from now on, and has every way begin at the root.
func (x *trie) beWatched() {
	x.watched = true
	x.top = trieTop{}
}

// Lookup copies the value of the longest prefix that key begins with, itself included.
func (x *trie) Lookup(t *Task, key, value []byte) abi.Errno {
	in := x.enter(t)
	n, s := x.longest(t, x.parts(key))
	if n != nil {
		t.copyWords(value, x.value(n), memory(Values, s, false))
	}
	x.leave(t, in)
	if n == nil {
		return abi.ENOENT
	}
	return abi.OK
}

// longest is the element with the longest prefix that key begins with, nil when there is none, and its slot.
func (x *trie) longest(t *Task, key trieKey) (found trieNode, at slot) {
	if key.prefix > x.most {
		return nil, none
	}
	s, above := x.begin(key)
	if above != none {
		found, at = x.nodes.at(above), above
	}
	for s != none {
		n := x.nodes.at(s)
		prefix := n.prefix()
		if x.common(n, key) < prefix {
			break
		}
		if n.element() {
			found, at = n, s
		}
		if prefix == x.most {
			break
		}
		s = x.below(t, n, bitAt(key.data, prefix))
	}
	return found, at
}

// LookupLive finds the value's memory.
func (x *trie) LookupLive(t *Task, key []byte) (Live, bool) {
	x.watch(t)
	in := x.enter(t)
	n, s := x.longest(t, x.parts(key))
	x.leave(t, in)
	if n == nil {
		return nil, false
	}
	return liveBytes{x.value(n), memory(Values, s, false)}, true
}

// watch makes nodes stay what they are for one who will hold a value.
func (x *trie) watch(t *Task) {
	if t.Scheduler == nil && !x.watched {
		st := x.lock(t)
		x.beWatched()
		st.lock.Unlock()
	}
}

// Update stores an element under its exact prefix.
func (x *trie) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	k := x.parts(key)
	if flags > abi.Exist || k.prefix > x.most {
		return abi.EINVAL
	}
	st := x.lock(t)
	errno := x.put(t, k, value, flags)
	st.lock.Unlock()
	return errno
}

func (x *trie) put(t *Task, key trieKey, value []byte, flags uint64) abi.Errno {
	w := x.seek(key)
	switch {
	case w.exact && flags == abi.NoExist:
		return abi.EEXIST
	case !w.exact && flags == abi.Exist:
		return abi.ENOENT
	case !w.exact && x.elements.Load() == x.spec.MaxEntries:
		return abi.ENOSPC
	case (!w.exact || x.watched) && !x.nodes.grow():
		return abi.ENOMEM
	}
	t.Touch(writeAll(Branches))
	if w.exact {
		x.replace(w, key, value)
		return abi.OK
	}
	x.elements.Add(1)
	x.insert(w, key, value)
	x.changed(w.place, key.data)
	return abi.OK
}

// replace gives an element new contents, those bits of the key that do not count too.
func (x *trie) replace(w way, key trieKey, value []byte) {
	if !x.watched {
		x.fill(w.n, key, value)
		return
	}
	s, n := x.nodes.take()
	x.fill(n, key, value)
	x.succeed(w, s)
}

// fill makes n an element.
func (x *trie) fill(n trieNode, key trieKey, value []byte) {
	n.setElement(key.prefix, true)
	put(x.data(n), key.data)
	put(x.value(n), value)
}

// succeed puts s in the place of the node at the way's end.
func (x *trie) succeed(w way, s slot) {
	x.point(place{s, 0}, w.n.child(0))
	x.point(place{s, 1}, w.n.child(1))
	x.point(w.place, s)
	x.drop(w.s)
}

// insert adds an element at the end of the way to its key.
func (x *trie) insert(w way, key trieKey, value []byte) {
	s, n := x.nodes.take()
	x.fill(n, key, value)
	switch {
	case w.s == none:
		x.point(w.place, s)
	case w.common == key.prefix && w.common == w.n.prefix():
		x.succeed(w, s)
	case w.common == key.prefix:
		x.point(place{s, bitAt(x.data(w.n), w.common)}, w.s)
		x.point(w.place, s)
	default:
		x.part(w, key, s)
	}
}

// part puts an intermediate node where the new element s and the node at the way's end part.
func (x *trie) part(w way, key trieKey, s slot) {
	between, n := x.nodes.take()
	n.setElement(w.common, false)
	put(x.data(n), x.data(w.n))
	bit := bitAt(key.data, w.common)
	x.point(place{between, bit}, s)
	x.point(place{between, 1 - bit}, w.s)
	x.point(w.place, between)
}

// Delete removes an element by its exact prefix.
func (x *trie) Delete(t *Task, key []byte) abi.Errno {
	k := x.parts(key)
	if k.prefix > x.most {
		return abi.EINVAL
	}
	st := x.lock(t)
	errno := abi.ENOENT
	if w := x.seek(k); w.exact {
		t.Touch(writeAll(Branches))
		x.remove(w.s)
		errno = abi.OK
	}
	st.lock.Unlock()
	return errno
}

// remove takes an element out. It stays as an intermediate node where it has two children, and an intermediate node above
// it that is left with one goes too.
func (x *trie) remove(s slot) {
	x.elements.Add(^uint32(0))
	n, at := x.nodes.at(s), x.placeOf(s)
	zero, one := n.child(0), n.child(1)
	switch {
	case zero != none && one != none:
		n.setElement(n.prefix(), false)
	case n.leaf() && at.parent != none && !x.nodes.at(at.parent).element():
		between, bit := at.parent, at.bit
		parent := x.nodes.at(between)
		at = x.placeOf(between)
		x.point(at, parent.child(1-bit))
		x.drop(between)
		x.drop(s)
	default:
		x.point(at, max(zero, one))
		x.drop(s)
	}
	x.changed(at, x.data(n))
}

// drop gives the memory of a node back, unless somebody may still look at it.
func (x *trie) drop(s slot) {
	if !x.watched {
		x.nodes.give(s)
	}
}

const (
	trieFlags = abi.FlagNoPrealloc | abi.FlagNUMANode | access
	mostData  = 256 // bytes
	// mostTrieValue leaves room, in the 4 MiB of the largest allocation, for the header of a node and the longest data.
	mostTrieValue = 4<<20 - 24 - mostData
)

// allocTrie checks the shape only when the caller may make maps (trie_alloc).
func allocTrie(spec Spec) (Map, abi.Errno) {
	switch {
	case spec.MaxEntries == 0, spec.Flags&abi.FlagNoPrealloc == 0, !flagsWithin(spec.Flags, trieFlags),
		spec.KeySize <= lengthBytes, spec.KeySize > lengthBytes+mostData,
		spec.ValueSize == 0, spec.ValueSize > mostTrieValue:
		return nil, abi.EINVAL
	}
	return newTrie(spec), abi.OK
}
