package live

import "github.com/bpfsim/bpfsim/abi"

// Mix is what a thread does to a map while it is walked.
type Mix struct {
	Name string
	// InPlace reports that values change without the map's locks, as programs change them.
	InPlace bool
	// Open prepares a thread and returns what it does again and again.
	Open func(m *Mutator) (step func(), err error)
}

// UpdatedKeys are those that are there and may be given new values.
func (m *Mutator) UpdatedKeys() []uint32 { return keysOf(m.Shape.Type)[stableKeys:updatedKeys] }

// UpdatedKey is one of UpdatedKeys.
func (m *Mutator) UpdatedKey() uint32 { return m.pick(stableKeys, updatedKeys) }

func (m *Mutator) movingKey() uint32 { return m.pick(updatedKeys, allKeys) }

func (m *Mutator) pick(from, to int) uint32 {
	return keysOf(m.Shape.Type)[from+m.Random.IntN(to-from)]
}

// Mixes are those of system calls that suit a map type.
func Mixes(kind abi.MapType) []Mix {
	updates := Mix{Name: "updates", Open: always(func(m *Mutator) { m.Update(m.UpdatedKey()) })}
	if kind == abi.Array {
		return []Mix{updates}
	}
	return []Mix{
		updates,
		{Name: "inserts, deletes", Open: always(func(m *Mutator) { m.insertOr((*Mutator).Delete) })},
		{Name: "inserts, takes", Open: always(func(m *Mutator) { m.insertOr((*Mutator).Take) })},
		{Name: "reinserts", Open: always(func(m *Mutator) {
			key := m.movingKey()
			m.Delete(key)
			m.Insert(key)
		})},
		{Name: "everything", Open: always((*Mutator).anything)},
	}
}

func always(do func(m *Mutator)) func(*Mutator) (func(), error) {
	return func(m *Mutator) (func(), error) { return func() { do(m) }, nil }
}

func (m *Mutator) insertOr(remove func(*Mutator, uint32)) {
	if m.Random.IntN(2) == 0 {
		m.Insert(m.movingKey())
		return
	}
	remove(m, m.movingKey())
}

// anything is an update, an insert or a removal. Keys that came last stand before those that were there, until those are
// updated: so a walk can miss a key.
func (m *Mutator) anything() {
	switch m.Random.IntN(3) {
	case 0:
		m.Update(m.UpdatedKey())
	case 1:
		m.insertOr((*Mutator).Delete)
	case 2:
		m.insertOr((*Mutator).Take)
	}
}
