package maps

import "sync/atomic"

const (
	commonScans = 128
	maxTarget   = 128
	localEnds   = 2
)

// commonLists is the LRU that all CPUs share. Each has a few free nodes of its own and keeps its latest insertions
// to itself (pending) until it needs more free nodes.
type commonLists struct {
	shared lists
	local  []local
	target int // free nodes that a CPU fetches at once
}

// local is one CPU's part.
type local struct {
	lock    Lock
	free    slot // list ends
	pending slot
	steal   atomic.Uint32 // the CPU to rob first
}

func newCommonLists(c chain, spec Spec) *commonLists {
	p := &commonLists{
		local:  make([]local, spec.CPUs),
		target: spec.LRUTarget,
	}
	if p.target == 0 {
		p.target = min(max(int(spec.MaxEntries)/spec.CPUs/2, 1), maxTarget)
	}
	p.shared.init(c, 0, spec.MaxEntries, commonScans)
	p.shared.lock.name = listLock
	for cpu := range p.local {
		l := &p.local[cpu]
		l.lock.name = uint32(listLock + 1 + cpu)
		l.free = c.list(slot(listEnds + localEnds*cpu))
		l.pending = c.list(slot(listEnds + localEnds*cpu + 1))
		l.steal.Store(uint32(cpu))
	}
	return p
}

// take is a node from the CPU's own free list, from the shared lists, or from another CPU, in this order.
func (p *commonLists) take(t *Task, hash uint32) slot {
	if s := p.takeLocal(t, hash); s != none {
		return s
	}
	s := p.rob(t)
	if s != none {
		l := &p.local[t.CPU]
		l.lock.Lock(t)
		p.addPending(t, l, s, hash)
		l.lock.Unlock()
	}
	return s
}

func (p *commonLists) takeLocal(t *Task, hash uint32) slot {
	l := &p.local[t.CPU]
	l.lock.Lock(t)
	defer l.lock.Unlock()
	s := p.popFree(l)
	if s == none {
		p.refill(t, l)
		s = p.popFree(l)
	}
	if s != none {
		p.addPending(t, l, s, hash)
	}
	return s
}

// spare is so while the CPU has free nodes of its own.
func (p *commonLists) spare(t *Task) bool {
	l := &p.local[t.CPU]
	l.lock.Lock(t)
	defer l.lock.Unlock()
	return !p.shared.empty(l.free)
}

// popFree takes the head of a CPU's free list.
func (p *commonLists) popFree(l *local) slot {
	s := p.shared.at(l.free).next
	if s == l.free {
		return none
	}
	p.shared.remove(s)
	return s
}

// addPending notes a node as the CPU's latest insertion.
func (p *commonLists) addPending(t *Task, l *local, s slot, hash uint32) {
	t.Touch(write(Nodes, uint64(s)))
	n := p.shared.at(s)
	n.hash, n.cpu = hash, uint32(t.CPU)
	n.ref.Store(false)
	p.shared.push(t, l.pending, s, kindPending)
}

// refill hands the CPU's insertions over to the shared lists, and fetches target free nodes or, if there are too
// few, evicts.
func (p *commonLists) refill(t *Task, l *local) {
	p.shared.lock.Lock(t)
	defer p.shared.lock.Unlock()
	p.flush(t, l)
	p.shared.rotate(t)
	got := 0
	for ; got < p.target; got++ {
		s := p.shared.popFree(t)
		if s == none {
			break
		}
		p.shared.push(t, l.free, s, kindLocalFree)
	}
	if got < p.target {
		p.shared.shrink(t, p.target-got, func(s slot) { p.shared.push(t, l.free, s, kindLocalFree) })
	}
}

// flush moves a CPU's insertions, oldest first, to the shared lists.
func (p *commonLists) flush(t *Task, l *local) {
	for s := p.shared.at(l.pending).prev; s != l.pending; s = p.shared.at(l.pending).prev {
		p.shared.remove(s)
		p.shared.in(t, s, p.shared.keep(t, s))
	}
}

// stealing is the number, among those of nodes, of which CPU a CPU robs first.
func stealing(cpu int) uint64 { return 1<<40 + uint64(cpu) }

// rob takes a node from any CPU, going round from where it stopped last time.
func (p *commonLists) rob(t *Task) slot {
	t.Touch(write(Nodes, stealing(t.CPU)))
	first := p.local[t.CPU].steal.Load()
	cpu, s := first, none
	for {
		s = p.robCPU(t, &p.local[cpu])
		cpu = (cpu + 1) % uint32(len(p.local))
		if s != none || cpu == first {
			break
		}
	}
	t.Touch(write(Nodes, stealing(t.CPU)))
	p.local[t.CPU].steal.Store(cpu)
	return s
}

// robCPU takes a free node, or the oldest insertion, one that nobody used if possible.
func (p *commonLists) robCPU(t *Task, l *local) slot {
	l.lock.Lock(t)
	defer l.lock.Unlock()
	if s := p.popFree(l); s != none {
		return s
	}
	if s := p.robPending(t, l, false); s != none {
		return s
	}
	return p.robPending(t, l, true)
}

func (p *commonLists) robPending(t *Task, l *local, used bool) slot {
	for s := p.shared.at(l.pending).prev; s != l.pending; s = p.shared.at(s).prev {
		if (used || !p.shared.used(t, s)) && p.shared.evict(t, s) {
			p.shared.remove(s)
			return s
		}
	}
	return none
}

// give returns a node: an insertion that its CPU still holds goes to that CPU's free list, any other to the shared one.
func (p *commonLists) give(t *Task, s slot) {
	t.Touch(read(Nodes, uint64(s)))
	n := p.shared.at(s)
	if n.kind.Load() == kindPending && p.givePending(t, s) {
		return
	}
	p.shared.giveBack(t, s)
}

// givePending looks again under the lock: the CPU may have handed its insertions over.
func (p *commonLists) givePending(t *Task, s slot) bool {
	l := &p.local[p.shared.at(s).cpu]
	l.lock.Lock(t)
	defer l.lock.Unlock()
	t.Touch(read(Nodes, uint64(s)))
	if p.shared.at(s).kind.Load() != kindPending {
		return false
	}
	p.shared.remove(s)
	p.shared.push(t, l.free, s, kindLocalFree)
	return true
}
