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

// placeOf is where s hangs.
func (x *trie) placeOf(s slot) place {
	parent := x.nodes.at(s).parent()
	if parent == none || x.nodes.at(parent).child(0) == s {
		return place{parent, 0}
	}
	return place{parent, 1}
}

// hanging is what a place points to.
func (x *trie) hanging(p place) slot {
	if p.parent == none {
		return x.root
	}
	return x.nodes.at(p.parent).child(p.bit)
}

// point makes a place point to a node.
func (x *trie) point(p place, s slot) {
	if p.parent == none {
		x.root = s
	} else {
		x.nodes.at(p.parent).setChild(p.bit, s)
	}
	if s != none {
		x.nodes.at(s).setParent(p.parent)
	}
}

// way is how far down the tree a key leads: the last node that the key and the prefixes above it agree to, and the place
// where it hangs.
type way struct {
	place
	s      slot // none where the place is free
	n      trieNode
	common uint32 // bits that the node and the key have in common
	exact  bool   // the node is the element with that key
}

// seek is the way to a key. The trie is locked.
func (x *trie) seek(key trieKey) (w way) {
	if w.s, _ = x.begin(key); w.s != none {
		w.place = x.placeOf(w.s)
	}
	for w.s != none {
		w.n = x.nodes.at(w.s)
		w.common = x.common(w.n, key)
		if prefix := w.n.prefix(); w.common != prefix || prefix == key.prefix {
			w.exact = w.common == prefix && w.n.element()
			return w
		}
		w.place = place{w.s, bitAt(key.data, w.common)}
		w.s = w.n.child(w.bit)
	}
	return w
}

// NextKey walks in postorder: prefixes before the shorter ones that they begin with, and those that go on with 0
// before those that go on with 1. An absent key leads back to the first.
func (x *trie) NextKey(t *Task, key, next []byte) abi.Errno {
	in := x.enter(t)
	s := x.follow(t, key)
	if s != none {
		t.Step(PointWord) // one for all of the key, which nobody changes
		t.Touch(Access{Of: Private})
		x.putKey(next, s)
		in.cursor = cursor(s)
	}
	x.leave(t, in)
	if s == none {
		return abi.ENOENT
	}
	return abi.OK
}

// putKey copies the key of an element.
func (x *trie) putKey(key []byte, s slot) {
	n := x.nodes.at(s)
	binary.NativeEndian.PutUint32(key, n.prefix())
	put(key[lengthBytes:], x.data(n))
}

// below is a child of n. Others may run before it is looked at.
func (x *trie) below(t *Task, n trieNode, bit uint32) slot {
	s := n.child(bit)
	if s != none {
		t.Step(PointFind)
		t.Touch(Access{Of: Branches, To: all})
	}
	return s
}

// follow is the element behind key, none when there is none.
func (x *trie) follow(t *Task, key []byte) slot {
	switch {
	case key == nil:
		return x.leftmost(t, x.root)
	case x.watched:
		return x.followPath(t, x.parts(key))
	}
	k := x.parts(key)
	s := slot(x.walker(t))
	if !x.is(s, k) {
		if k.prefix > x.most {
			return x.leftmost(t, x.root)
		}
		w := x.seek(k)
		if !w.exact {
			return x.leftmost(t, x.root)
		}
		s = w.s
	}
	return x.behind(s)
}

// is tells whether s is the element with that key, as far as all bits of the key say so.
func (x *trie) is(s slot, key trieKey) bool {
	if s == none || s >= x.nodes.unused {
		return false
	}
	n := x.nodes.at(s)
	return n.element() && n.prefix() == key.prefix && equal(x.data(n), key.data)
}

// behind is the element that follows s, none when it is the last.
func (x *trie) behind(s slot) slot {
	for {
		above := x.nodes.at(s).parent()
		if above == none {
			return none
		}
		parent := x.nodes.at(above)
		if right := parent.child(1); right != none && right != s {
			return x.leftmost(bystander, right)
		}
		if parent.element() {
			return above
		}
		s = above
	}
}

// usualDepth is the number of nodes above one another in most tries.
const usualDepth = 64

// followPath is follow while others may change the trie: what was above the key when the way came there counts.
func (x *trie) followPath(t *Task, key trieKey) slot {
	root := x.root
	if root == none {
		return none
	}
	path, found := x.path(t, root, key, make([]slot, 0, usualDepth))
	if !found {
		return x.leftmost(t, root)
	}
	for i := len(path) - 1; i > 0; i-- {
		t.Step(PointFind)
		t.Touch(Access{Of: Branches, To: all})
		parent := x.nodes.at(path[i-1])
		if right := parent.child(1); right != none && parent.child(0) == path[i] {
			return x.leftmost(t, right)
		}
		if parent.element() {
			return path[i-1]
		}
	}
	return none
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
func (x *trie) leftmost(t *Task, s slot) (first slot) {
	for s != none {
		n, at := x.nodes.at(s), s
		s = x.below(t, n, 0)
		if n.element() {
			first = at
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
	s := x.leftmost(bystander, x.root)
	if s == none {
		return false
	}
	x.putKey(key, s)
	t.Touch(memory(Values, s, false))
	put(value, x.value(x.nodes.at(s)))
	if consumer.Consume(1) {
		t.Touch(writeAll(Branches))
		x.remove(s)
	}
	return true
}
