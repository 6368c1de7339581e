package live

import "github.com/bpfsim/bpfsim/abi"

// Mix is what a thread does to a map while it is walked.
type Mix struct {
	Name string
	// InPlace reports that values change without the map's locks, as programs change them.
	InPlace bool
	// Open prepares a thread and returns what it does again and again.
	Open func(h *Hand) (step func(), err error)
}

// UpdatedKeys are those that are there and may be given new values.
func (h *Hand) UpdatedKeys() []uint32 { return keysOf(h.Shape.Type)[stableKeys:updatedKeys] }

// UpdatedKey is one of UpdatedKeys.
func (h *Hand) UpdatedKey() uint32 { return h.pick(stableKeys, updatedKeys) }

func (h *Hand) movingKey() uint32 { return h.pick(updatedKeys, allKeys) }

func (h *Hand) pick(from, to int) uint32 {
	return keysOf(h.Shape.Type)[from+h.Random.IntN(to-from)]
}

// Mixes are those of system calls that suit a map type.
func Mixes(kind abi.MapType) []Mix {
	updates := Mix{Name: "updates", Open: always(func(h *Hand) { h.Update(h.UpdatedKey()) })}
	if kind == abi.Array {
		return []Mix{updates}
	}
	return []Mix{
		updates,
		{Name: "inserts, deletes", Open: always(func(h *Hand) { h.insertOr((*Hand).Delete) })},
		{Name: "inserts, takes", Open: always(func(h *Hand) { h.insertOr((*Hand).Take) })},
		{Name: "reinserts", Open: always(func(h *Hand) {
			key := h.movingKey()
			h.Delete(key)
			h.Insert(key)
		})},
		{Name: "everything", Open: always((*Hand).anything)},
	}
}

func always(do func(h *Hand)) func(*Hand) (func(), error) {
	return func(h *Hand) (func(), error) { return func() { do(h) }, nil }
}

func (h *Hand) insertOr(remove func(*Hand, uint32)) {
	if h.Random.IntN(2) == 0 {
		h.Insert(h.movingKey())
		return
	}
	remove(h, h.movingKey())
}

// anything is an update, an insert or a removal. Keys that came last stand before those that were there, until those are
// updated: so a walk can miss a key.
func (h *Hand) anything() {
	switch h.Random.IntN(3) {
	case 0:
		h.Update(h.UpdatedKey())
	case 1:
		h.insertOr((*Hand).Delete)
	case 2:
		h.insertOr((*Hand).Take)
	}
}
