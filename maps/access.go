package maps

// Access is what a step reads or writes, for a Scheduler that has to know which steps can change places (sim.DPOR). It names things
// by numbers that are the same in every run of the same steps, and not by the map that they belong to: steps on two maps may
// be taken for steps on one, which costs schedules and loses none.
type Access struct {
	Of       Resource
	From, To uint64 // of them, without To
	Write    bool
}

// Resource is a kind of thing that steps touch.
type Resource uint8

// The things that steps touch.
const (
	// Anything is all of them.
	Anything Resource = iota
	// Private is what nobody else looks at.
	Private
	// Locks are counted by their names.
	Locks
	// Chains are the elements of a bucket, in their order.
	Chains
	// Emptiness is whether a bucket has any.
	Emptiness
	// Links are which elements follow others.
	Links
	// Keys and Values are the bytes of elements, whoever has them now.
	Keys
	Values
	// Slots are free elements, and how many are in use.
	Slots
	// Nodes are what the LRU lists note in an element outside of their locks.
	Nodes
	// Branches are the nodes of a trie.
	Branches
	// Signals are whether one waits for a task.
	Signals
	Resources // their number
)

// String is the resource's name.
func (r Resource) String() string {
	return [...]string{"anything", "private", "locks", "chains", "emptiness", "links", "keys", "values", "slots", "nodes", "branches", "signals"}[r]
}

// Numbers of Slots: the chain of free ones, how many are in use, and the spare one of CPU 0.
const (
	freeSlots = iota
	usedSlots
	spareSlot uint64 = iota
)

// all is every one of a resource.
const all = ^uint64(0)

func read(of Resource, number uint64) Access { return Access{Of: of, From: number, To: number + 1} }

func write(of Resource, number uint64) Access {
	return Access{Of: of, From: number, To: number + 1, Write: true}
}

// writeAll is a write of who knows which.
func writeAll(of Resource) Access { return Access{Of: of, To: all, Write: true} }

// Conflicts tells whether the order of two accesses by different tasks matters.
func (a Access) Conflicts(b Access) bool {
	switch {
	case a.Of == Private || b.Of == Private:
		return false
	case a.Of == Anything || b.Of == Anything:
		return true
	}
	return a.Of == b.Of && (a.Write || b.Write) && a.From < b.To && b.From < a.To
}

// slotBits is the share of a byte's number that says where in its element it is: none is as large.
const slotBits = 24

// memory is all bytes of slot s.
func memory(of Resource, s slot, write bool) Access {
	return Access{Of: of, From: uint64(s) << slotBits, To: uint64(s+1) << slotBits, Write: write}
}

// part is n bytes of a memory.
func (a Access) part(at, n int) Access {
	a.From += uint64(at)
	a.To = a.From + uint64(n)
	return a
}

// Touch tells a Scheduler what the step in progress is about to read or write.
func (t *Task) Touch(a Access) {
	if t.Scheduler != nil {
		t.Scheduler.Touch(t, a)
	}
}

// touchFilled notes that slot s is given new contents.
func (t *Task) touchFilled(s slot) {
	if t.Scheduler != nil {
		t.Touch(memory(Keys, s, true))
		t.Touch(memory(Values, s, true))
	}
}

// touchValues notes that the values of the elements from one to another are read.
func (x *table) touchValues(t *Task, p *page, from, to uint32) {
	for at := from; t.Scheduler != nil && at < to; at++ {
		t.Touch(memory(Values, x.slot(p, at), false))
	}
}

// touchChain notes a change of bucket b's chain, which has so many elements before, or behind it.
func (x *table) touchChain(t *Task, b uint32, wasEmpty bool) {
	if t.Scheduler == nil {
		return
	}
	t.Touch(write(Chains, uint64(b)))
	if wasEmpty {
		t.Touch(write(Emptiness, uint64(b)))
	}
}
