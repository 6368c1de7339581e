package counters

import "github.com/bpfsim/bpfsim/live"

// Mixes have programs count the keys that are updated. In the second one, a system call puts back what a walk has taken:
// then a count that was lost cannot be told from one that the new value replaced.
func Mixes() []live.Mix {
	return []live.Mix{
		{Name: "programs count", InPlace: true, Open: func(h *live.Hand) (func(), error) {
			counters, err := newCounters(h)
			return func() { counters.count(h, h.UpdatedKey()) }, err
		}},
		{Name: "programs count, keys return", InPlace: true, Open: func(h *live.Hand) (func(), error) {
			counters, err := newCounters(h)
			return func() {
				key := h.UpdatedKey()
				counters.count(h, key)
				h.Insert(key)
			}, err
		}},
	}
}

// counters are the programs of a hand, one for each key.
type counters map[uint32]counter

func newCounters(h *live.Hand) (counters, error) {
	all := make(counters)
	for _, key := range h.UpdatedKeys() {
		c, err := newCounter(h.FD, key, h.Shape.Value)
		if err != nil {
			return nil, err
		}
		h.AtEnd(func() { c.program.Close() })
		all[key] = c
	}
	return all, nil
}

func (c counters) count(h *live.Hand, key uint32) {
	h.Record(key, false, func() (string, bool) {
		number, err := c[key].run()
		if err != nil {
			panic(err) // a loaded program runs
		}
		return live.ValueOf(uint64(number), h.Shape.Value), number != 0
	})
}
