package maps

// layout says where the parts of an element are. It takes a head and a cell of its page.
//
// Small elements are in their cells. Of larger ones only the key is, and the head has the number of a slot, which holds
// the value: what has to be found, compared and walked lies together, and a value is touched only to be read or
// written. Elements that may not move, because somebody may look at one between the steps of others, are in slots as a
// whole.
//
// It has few fields, or the compiler would pass it in memory.
type layout struct {
	cell, head int // bytes
	parts      parts
}

// parts are what there is of an element in its page.
type parts uint8

const (
	// tags are some bits of the elements' hashes, so that few keys are read in vain; they begin the heads.
	tags parts = 1 << iota
	// slots are the numbers of slots; they end the heads.
	slots
	// keys are in the cells; else they are in the slots too.
	keys
)

func (l layout) has(p parts) bool { return l.parts&p != 0 }

// Sizes in bytes.
const (
	slotBytes = 4 // of a slot's number
	// cellMost is the largest cell, two lines of cache: moving larger ones about costs more than the order in memory
	// saves, and the room that a page has left over would be dear.
	cellMost = 128
	// untaggedMost is the largest element that needs no tag: its key is as quickly compared itself.
	untaggedMost = 24
)

// settled is the layout of elements that do not move. Those of an LRU map never do: the lists know an element by its slot.
var settled = makeLayout(0, slots)

// layoutOf is the layout for a new map whose elements need no slots.
func layoutOf(spec Spec) layout {
	key, value := uint64(spec.KeySize), uint64(valueBytes(spec))
	switch {
	case key > cellMost:
		return settled
	case key+value > cellMost:
		return makeLayout(int(key), keys|slots)
	}
	return makeLayout(int(key+value), keys)
}

// makeLayout adds the head to cells of so many bytes.
func makeLayout(cell int, p parts) layout {
	l := layout{cell: cell, parts: p}
	if l.has(slots) {
		l.head = slotBytes
	}
	if l.has(slots) || cell > untaggedMost {
		l.parts |= tags
		l.head++
	}
	return l
}

// bytes is what an element takes of its page.
func (l layout) bytes() int { return l.head + l.cell }
