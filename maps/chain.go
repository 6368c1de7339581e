package maps

import "sync/atomic"

// node is an element's place in the LRU's lists.
type node struct {
	prev, next slot
	hash       uint32 // of the key it was taken for: evicting finds its bucket without its key
	cpu        uint32 // that took it, or that owns it under NO_COMMON_LRU
	kind       atomic.Uint32
	ref        atomic.Bool // used since the lists looked last
}

// The lists that a node can be in.
const (
	kindFree uint32 = iota
	kindInactive
	kindActive
	kindLocalFree
	kindPending
)

// chain is the doubly linked lists of a map's nodes. A list is known by its end, a node that holds nothing: its next
// is the list's head, its prev the tail.
type chain struct {
	arena *arena
	// evict takes a node's element out of the hash table, false when it is not in it.
	evict func(t *Task, s slot) bool
}

func (c *chain) at(s slot) *node { return c.arena.node(s) }

// list makes an empty list of end.
func (c *chain) list(end slot) slot {
	c.arena.nodes.grow(uint32(end))
	n := c.at(end)
	n.prev, n.next = end, end
	return end
}

func (c *chain) empty(end slot) bool { return c.at(end).next == end }

// push puts s at the head of a list.
func (c *chain) push(t *Task, end, s slot, kind uint32) {
	t.Touch(write(Nodes, uint64(s)))
	n, head := c.at(s), c.at(end).next
	n.prev, n.next = end, head
	n.kind.Store(kind)
	c.at(head).prev, c.at(end).next = s, s
}

// remove takes s out of its list.
func (c *chain) remove(s slot) {
	n := c.at(s)
	c.at(n.prev).next, c.at(n.next).prev = n.next, n.prev
}

// used tells whether an element was used since the lists looked last.
func (c *chain) used(t *Task, s slot) bool {
	t.Touch(read(Nodes, uint64(s)))
	return c.at(s).ref.Load()
}
