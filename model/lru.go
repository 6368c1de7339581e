package model

import "slices"

// Constants of kernel/bpf/bpf_lru_list.c, pinned by a directed test on 6.18: how many nodes a rotation looks at, and how
// many nodes a refill wants.
const (
	scansCommon  = 128
	scansPerCPU  = 4
	targetCommon = 128 // at most
	targetPerCPU = 4
)

// lru is the LRU lists of a map (kernel/bpf/bpf_lru_list.c): one global list and a small local one on each CPU, or with
// BPF_F_NO_COMMON_LRU one whole list on each CPU. Free nodes have no identity, so they are only counted.
type lru struct {
	common bool
	target int
	lists  []lists // one when common, else one for each CPU
	locals []local // one for each CPU when common, else none
	ids    int32   // node ids given out so far
}

// node is a node in use; the element that it carries knows its id.
type node struct {
	id  int32
	cpu int32 // who took it
	ref bool
}

// local is what a CPU keeps for itself of a common LRU.
type local struct {
	free    int
	pending []node // newest first
	steal   int    // the CPU to try next when everything else is empty
}

func newLRU(max uint32, perCPU bool, cpus, target int) *lru {
	if perCPU {
		l := &lru{target: targetPerCPU, lists: make([]lists, cpus)}
		for cpu := range l.lists {
			l.lists[cpu] = lists{free: int(max) / cpus, scans: scansPerCPU}
		}
		return l
	}
	l := &lru{common: true, target: target, locals: make([]local, cpus)}
	l.lists = []lists{{free: int(max), scans: scansCommon}}
	for cpu := range l.locals {
		l.locals[cpu].steal = cpu
	}
	return l
}

func (l *lru) clone() *lru {
	c := *l
	c.lists, c.locals = slices.Clone(l.lists), slices.Clone(l.locals)
	for i := range c.lists {
		c.lists[i].active = slices.Clone(l.lists[i].active)
		c.lists[i].inactive = slices.Clone(l.lists[i].inactive)
	}
	for i := range c.locals {
		c.locals[i].pending = slices.Clone(l.locals[i].pending)
	}
	return &c
}

// fresh is a node that cpu takes: its reference bit is clear.
func (l *lru) fresh(cpu int) node {
	l.ids++
	return node{id: l.ids, cpu: int32(cpu)}
}

// take gets a node for cpu and returns its id, 0 when there is none. evict removes the element that carries a node.
func (l *lru) take(cpu int, evict func(node)) int32 {
	if l.common {
		return l.takeCommon(cpu, evict)
	}
	return l.takePerCPU(cpu, evict)
}

// takePerCPU rotates at every call, and shrinks when nothing is free. A CPU never uses another one's nodes.
func (l *lru) takePerCPU(cpu int, evict func(node)) int32 {
	own := &l.lists[cpu]
	own.rotate()
	if own.free == 0 {
		own.free += own.shrink(l.target, evict)
	}
	if own.free == 0 {
		return 0
	}
	own.free--
	n := l.fresh(cpu)
	own.inactive = slices.Insert(own.inactive, 0, n)
	return n.id
}

// takeCommon uses the CPU's own free nodes, else refills them from the global list, else steals another CPU's.
func (l *lru) takeCommon(cpu int, evict func(node)) int32 {
	own := &l.locals[cpu]
	if own.free == 0 {
		l.refill(own, evict)
	}
	if own.free == 0 && !l.steal(own, evict) {
		return 0
	}
	own.free--
	n := l.fresh(cpu)
	own.pending = slices.Insert(own.pending, 0, n)
	return n.id
}

// refill moves pending nodes to the global list, rotates it, and takes target nodes from it: free ones, then evicted
// ones.
func (l *lru) refill(own *local, evict func(node)) {
	global := &l.lists[0]
	for _, n := range slices.Backward(own.pending) { // the oldest first
		global.join(n)
	}
	own.pending = own.pending[:0]
	global.rotate()
	free := min(l.target, global.free)
	global.free -= free
	if free < l.target {
		free += global.shrink(l.target-free, evict)
	}
	own.free += free
}

// steal frees one node of any CPU for own, round robin: a free one, else the oldest pending one, one without a reference if there
// is. That can be seen only where target is not 1 in small maps.
func (l *lru) steal(own *local, evict func(node)) bool {
	first := own.steal
	for cpu := first; ; {
		found := l.locals[cpu].yield(evict)
		cpu = (cpu + 1) % len(l.locals)
		own.steal = cpu
		if found {
			own.free++
			return true
		}
		if cpu == first {
			return false
		}
	}
}

// yield gives up one node to another CPU.
func (p *local) yield(evict func(node)) bool {
	if p.free > 0 {
		p.free--
		return true
	}
	if len(p.pending) == 0 {
		return false
	}
	victim := len(p.pending) - 1
	for i, n := range slices.Backward(p.pending) {
		if !n.ref {
			victim = i
			break
		}
	}
	evict(p.pending[victim])
	p.pending = slices.Delete(p.pending, victim, victim+1)
	return true
}

// giveBack frees a node: a pending one to the CPU that took it, another one to its list.
func (l *lru) giveBack(id int32) {
	for i := range l.locals {
		p := &l.locals[i]
		if at := position(p.pending, id); at >= 0 {
			l.locals[p.pending[at].cpu].free++
			p.pending = slices.Delete(p.pending, at, at+1)
			return
		}
	}
	for i := range l.lists {
		if l.lists[i].leave(id) {
			l.lists[i].free++
			return
		}
	}
	panic("model: a node on no list")
}

// reference sets a node's reference bit.
func (l *lru) reference(id int32) {
	for _, p := range l.locals {
		if mark(p.pending, id) {
			return
		}
	}
	for _, g := range l.lists {
		if mark(g.inactive, id) || mark(g.active, id) {
			return
		}
	}
	panic("model: a node on no list")
}

// mark sets the node's reference bit, if it is among nodes.
func mark(nodes []node, id int32) bool {
	at := position(nodes, id)
	if at >= 0 {
		nodes[at].ref = true
	}
	return at >= 0
}

// position is where the node with that id is, or -1.
func position(nodes []node, id int32) int {
	return slices.IndexFunc(nodes, func(n node) bool { return n.id == id })
}

// clamp is v, but at least low and at most high.
func clamp(v, low, high int) int { return min(max(v, low), high) }
