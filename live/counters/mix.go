package counters

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/live"
	"github.com/bpfsim/bpfsim/model"
)

// Mixes have programs count the keys that are updated. In the second one, a system call puts back what a walk has taken:
// then a count that was lost cannot be told from one that the new value replaced.
func Mixes() []live.Mix {
	return []live.Mix{
		{Name: "programs count", InPlace: true, Open: func(m *live.Mutator) (func(), error) {
			counters, err := newCounters(m)
			return func() { counters.count(m, m.UpdatedKey()) }, err
		}},
		{Name: "programs count, keys return", InPlace: true, Open: func(m *live.Mutator) (func(), error) {
			counters, err := newCounters(m)
			return func() {
				key := m.UpdatedKey()
				counters.count(m, key)
				m.Insert(key)
			}, err
		}},
	}
}

// counters are the programs of a mutator, one for each key.
type counters map[uint32]counter

func newCounters(m *live.Mutator) (counters, error) {
	all := make(counters)
	for _, key := range m.UpdatedKeys() {
		c, err := newCounter(m.FD, key, m.Shape.Value)
		if err != nil {
			return nil, err
		}
		m.AtEnd(func() { c.program.Close() })
		all[key] = c
	}
	return all, nil
}

func (c counters) count(m *live.Mutator, key uint32) {
	m.Record(key, model.Overwrote, func() (string, abi.Errno) {
		number, err := c[key].run()
		if err != nil {
			panic(err) // a loaded program runs
		}
		if number == 0 {
			return "", abi.ENOENT
		}
		return live.ValueOf(uint64(number), m.Shape.Value), abi.OK
	})
}
