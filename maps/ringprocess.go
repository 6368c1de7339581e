package maps

import "github.com/bpfsim/bpfsim/abi"

// This file is the other end of the rings: what a process does in the memory that it has mapped, as libbpf's
// ring_buffer__consume and user_ring_buffer__reserve do it.

// Consume calls each with the records that are committed, in order, up to the first that is not, and returns how many. A
// record's data is valid until each returns.
func (r *ringBuf) Consume(t *Task, each func(data []byte)) (n int) {
	var data []byte
	t.Step(PointWord)
	cons := r.cons.Load()
	for {
		t.Step(PointWord)
		if cons >= r.prod.Load() {
			return n
		}
		t.Step(PointWord)
		header := uint32(r.data[r.word(cons)].Load())
		if header&abi.RingBusy != 0 {
			return n
		}
		size := uint64(header &^ abi.RingDiscard)
		if header&abi.RingDiscard == 0 {
			data = resized(data, int(size))
			r.read(cons+abi.RingHeader, data)
			each(data)
			n++
		}
		cons += recordBytes(size)
		t.Step(PointWord)
		r.cons.Store(cons)
	}
}

// Produce submits a sample: ENOSPC when there is no room, E2BIG when there never will be. One producer at a time.
func (u *userRing) Produce(t *Task, data []byte) abi.Errno {
	t.Step(PointWord)
	cons, prod := u.cons.Load(), u.prod.Load()
	total := recordBytes(uint64(len(data)))
	switch {
	case total > u.size():
		return abi.E2BIG
	case u.size()-(prod-cons) < total:
		return abi.ENOSPC
	}
	u.write(prod+abi.RingHeader, data)
	u.store(prod, uint64(len(data)))
	t.Step(PointWord)
	u.prod.Store(prod + total)
	return abi.OK
}
