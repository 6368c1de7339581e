package maps

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// place is where a node hangs: below a parent, or at the root where that is none.
type place struct {
	parent slot
	bit    uint32
}

// point makes a place point to a node.
func (x *trie) point(p place, s slot) {
	if p.parent == none {
		x.root = s
		return
	}
	x.nodes.at(p.parent).setChild(p.bit, s)
}

// way is how far down the tree a key leads: the last node that the key and the prefixes above it agree to, the place
// where it hangs, and the place of its parent.
type way struct {
	place
	above  place
	s      slot // none where the place is free
	n      trieNode
	common uint32 // bits that the node and the key have in common
	exact  bool   // the node is the element with that key
}

// seek is the way to a key. The trie is locked.
func (x *trie) seek(key trieKey) (w way) {
	for w.s = x.root; w.s != none; {
		w.n = x.nodes.at(w.s)
		w.common = x.common(w.n, key)
		if prefix := w.n.prefix(); w.common != prefix || prefix == key.prefix {
			w.exact = w.common == prefix && w.n.element()
			return w
		}
		w.above, w.place = w.place, place{w.s, bitAt(key.data, w.common)}
		w.s = w.n.child(w.bit)
	}
	return w
}

// NextKey walks in postorder: prefixes before the shorter ones that they begin with, and those that go on with 0
// before those that go on with 1. An absent key leads back to the first.
func (x *trie) NextKey(t *Task, key, next []byte) abi.Errno {
	in := x.enter(t)
	n := x.follow(t, key)
	if n != nil {
		t.Step(PointWord) // one for all of the key, which nobody changes
		binary.NativeEndian.PutUint32(next, n.prefix())
		put(next[lengthBytes:], x.data(n))
	}
	x.leave(t, in)
	if n == nil {
		return abi.ENOENT
	}
	return abi.OK
}

// below is a child of n. Others may run before it is looked at.
func (x *trie) below(t *Task, n trieNode, bit uint32) slot {
	s := n.child(bit)
	if s != none {
		t.Step(PointFind)
	}
	return s
}

// usualDepth is the number of nodes above one another in most tries.
const usualDepth = 64

// follow is the element behind key, nil when there is none.
func (x *trie) follow(t *Task, key []byte) trieNode {
	root := x.root
	if root == none {
		return nil
	}
	path, found := make([]slot, 0, usualDepth), false
	if key != nil {
		path, found = x.path(t, root, x.parts(key), path)
	}
	if !found {
		return x.leftmost(t, root)
	}
	for i := len(path) - 1; i > 0; i-- {
		t.Step(PointFind)
		parent := x.nodes.at(path[i-1])
		if right := parent.child(1); right != none && parent.child(0) == path[i] {
			return x.leftmost(t, right)
		}
		if parent.element() {
			return parent
		}
	}
	return nil
}

// path is the nodes from root to the element with key, and whether there is one.
func (x *trie) path(t *Task, root slot, key trieKey, path []slot) ([]slot, bool) {
	if key.prefix > x.most {
		return path, false
	}
	for s := root; s != none; {
		n := x.nodes.at(s)
		path = append(path, s)
		common := x.common(n, key)
		if prefix := n.prefix(); common != prefix || prefix == key.prefix {
			return path, common == prefix && n.element()
		}
		s = x.below(t, n, bitAt(key.data, common))
	}
	return path, false
}

// leftmost is the first element at or below s in the walk's order.
func (x *trie) leftmost(t *Task, s slot) (first trieNode) {
	for s != none {
		n := x.nodes.at(s)
		s = x.below(t, n, 0)
		if n.element() {
			first = n
			if s == none {
				s = x.below(t, n, 1)
			}
		}
	}
	return first
}

// TakeFirst takes the first element.
func (x *trie) TakeFirst(t *Task, key, value []byte, consumer Consumer) bool {
	st := x.lock(t)
	defer st.lock.Unlock()
	if x.root == none {
		return false
	}
	n := x.leftmost(bystander, x.root)
	binary.NativeEndian.PutUint32(key, n.prefix())
	put(key[lengthBytes:], x.data(n))
	put(value, x.value(n))
	if consumer.Consume(1) {
		x.remove(x.seek(x.parts(key)))
	}
	return true
}
