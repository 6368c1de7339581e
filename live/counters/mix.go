package counters

import "github.com/bpfsim/bpfsim/live"

// Mix has programs count the keys that are updated, and puts back by a system call what a walk has taken.
func Mix() live.Mix { return live.Mix{Name: "programs count", InPlace: true, Open: open} }

func open(h *live.Hand) (step func(), err error) {
	counters := make(map[uint32]counter)
	for _, key := range h.UpdatedKeys() {
		c, err := newCounter(h.FD, key, h.Shape.Value)
		if err != nil {
			return nil, err
		}
		h.AtEnd(func() { c.program.Close() })
		counters[key] = c
	}
	return func() {
		key := h.UpdatedKey()
		h.Record(key, false, func() (string, bool) {
			number, err := counters[key].run()
			if err != nil {
				panic(err) // a loaded program runs, unless this process was interrupted for ever
			}
			return live.ValueOf(uint64(number), h.Shape.Value), number != 0
		})
		h.Insert(key)
	}, nil
}
