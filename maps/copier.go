package maps

import "encoding/binary"

// copier is a map other than a hash table of which many elements can be copied in one step.
type copier interface {
	Spec() Spec
	ValueBytes() int
	// copyMany copies the elements behind a key, or from the first on, as many as there is room for, up to sweepMost. It
	// returns their number, and whether the map ends behind them. With remove they are the first, and leave the map.
	copyMany(t *Task, after []byte, remove bool, to room) (n int, end bool)
}

// room is where keys and values are to go, so many bytes apart.
type room struct {
	keys, values       []byte
	keyStep, valueStep int
	elements           int
}

// roomIn is the room for elements of m in keys and values, or in records, a key and its value each, where values is nil.
func roomIn(keys, values []byte, m copier) room {
	key, value := int(m.Spec().KeySize), m.ValueBytes()
	to := room{keys: keys, values: values, keyStep: key, valueStep: value}
	if values == nil {
		to.keyStep, to.valueStep = key+value, key+value
		to.values = keys[min(key, len(keys)):]
		to.elements = len(keys) / to.keyStep
	} else {
		to.elements = min(len(keys)/key, len(values)/value)
	}
	to.elements = min(to.elements, sweepMost)
	return to
}

// key and value are where those of element i go.
func (r *room) key(i int) []byte   { return r.keys[i*r.keyStep:] }
func (r *room) value(i int) []byte { return r.values[i*r.valueStep:] }

// Sweeper copies the trie.
func (x *trie) Sweeper() *Sweeper { return &Sweeper{others: x} }

func (x *trie) copyMany(t *Task, after []byte, remove bool, to room) (n int, end bool) {
	if remove {
		return x.takeMany(to)
	}
	in := x.enter(t)
	s := x.follow(t, after)
	for n = 0; s != none && n < to.elements; n++ {
		x.copyElement(s, n, to)
		in.cursor = cursor(s)
		s = x.behind(s)
	}
	x.leave(t, in)
	return n, s == none
}

// takeMany takes the first elements out.
func (x *trie) takeMany(to room) (n int, end bool) {
	st := x.write(0)
	s := x.leftmost(bystander, x.root)
	for n = 0; s != none && n < to.elements; n++ {
		x.copyElement(s, n, to)
		next := x.behind(s)
		x.remove(s)
		s = next
	}
	st.lock.Unlock()
	return n, s == none
}

func (x *trie) copyElement(s slot, i int, to room) {
	node, key := x.nodes.at(s), to.key(i)
	binary.NativeEndian.PutUint32(key, node.prefix())
	put(key[lengthBytes:], x.data(node))
	put(to.value(i), x.value(node))
}

// Sweeper copies the array.
func (v *vector) Sweeper() *Sweeper { return &Sweeper{others: v} }

func (v *vector) copyMany(t *Task, after []byte, _ bool, to room) (n int, end bool) {
	first := v.behind(after)
	left := uint64(v.spec.MaxEntries) - first
	n = int(min(left, uint64(to.elements)))
	for i := range n {
		index := first + uint64(i)
		binary.NativeEndian.PutUint32(to.key(i), uint32(index))
		v.read(t, index*v.stride, to.value(i)[:valueBytes(v.spec)])
	}
	return n, uint64(n) == left
}

// behind is the index that follows a key, the first where it is none.
func (v *vector) behind(key []byte) uint64 {
	if key != nil {
		if i, ok := v.index(key); ok {
			return i + 1
		}
	}
	return 0
}
