package maps

// perCPUScans is LOCAL_NR_SCANS of a LRU without common lists, and perCPUWant the elements it evicts at once.
const (
	perCPUScans = 4
	perCPUWant  = 4
)

// perCPULists is the LRU of NO_COMMON_LRU: each CPU has its share of the nodes and never uses another's.
type perCPULists []lists

func newPerCPULists(c chain, spec Spec) perCPULists {
	p := make(perCPULists, spec.CPUs)
	for cpu := range p {
		p[cpu].init(c, slot(listEnds*cpu), spec.MaxEntries/uint32(spec.CPUs), perCPUScans)
		p[cpu].cpu = uint32(cpu)
		p[cpu].lock.name = uint32(listLock + cpu)
	}
	return p
}

// take is the head of the CPU's free list, which is refilled when empty.
func (p perCPULists) take(t *Task, hash uint32) slot {
	l := &p[t.CPU]
	l.lock.Lock(t)
	defer l.lock.Unlock()
	l.rotate(t)
	s := l.popFree(t)
	if s == none {
		l.shrink(t, perCPUWant, func(s slot) { l.in(t, s, kindFree) })
		s = l.popFree(t)
	}
	if s == none {
		return none
	}
	l.in(t, s, kindInactive)
	l.at(s).hash = hash
	return s
}

// spare is never so, since taking a node looks at others.
func (p perCPULists) spare(*Task) bool { return false }

// give returns a node to the CPU that owns it.
func (p perCPULists) give(t *Task, s slot) {
	l := &p[p[0].at(s).cpu]
	l.giveBack(t, s)
}
