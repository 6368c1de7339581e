package maps

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// ringBuf is RINGBUF: programs produce, one process consumes.
type ringBuf struct {
	ring
	lock     Lock
	produced uint64 // the producer position
	pending  uint64 // the oldest record that was not committed when last looked for
}

func newRingBuf(spec Spec) *ringBuf { return &ringBuf{ring: newRing(spec)} }

func newMappedRingBuf(spec Spec, memory []atomic.Uint64) *ringBuf {
	return &ringBuf{ring: makeRing(spec, memory)}
}

// Polls is what a consumer waits for.
func (r *ringBuf) Polls() abi.PollEvents { return abi.PollIn }

// Ready tells whether there is something to consume, records that are not committed included.
func (r *ringBuf) Ready() bool { return r.prod.Load() != r.cons.Load() }

// Query answers bpf_ringbuf_query: 0 for what it does not know.
func (r *ringBuf) Query(t *Task, what uint64) uint64 {
	t.Step(PointWord)
	switch what {
	case abi.RingAvailData:
		cons := r.cons.Load()
		return r.prod.Load() - cons
	case abi.RingSize:
		return r.size()
	case abi.RingConsPos:
		return r.cons.Load()
	case abi.RingProdPos:
		return r.prod.Load()
	}
	return 0
}

// Reserve is bpf_ringbuf_reserve: nil when there is no room, and for any flag.
func (r *ringBuf) Reserve(t *Task, size, flags uint64) *Record {
	if flags != 0 || size > largestRecord || recordBytes(size) > r.size() {
		return nil
	}
	t.Step(PointWord)
	cons := r.cons.Load()
	r.lock.Lock(t)
	defer r.lock.Unlock()
	pos, end := r.produced, r.produced+recordBytes(size)
	r.pending = r.uncommitted()
	r.oldest.Store(r.pending)
	// A consumer that lies about its position must not have records overwritten that programs still write to.
	if end-cons > r.mask() || end-r.pending > r.mask() {
		return nil
	}
	r.store(pos, size|abi.RingBusy|r.page(pos)<<32)
	r.produced = end
	r.prod.Store(end)
	return &Record{ring: r, pos: pos, size: size}
}

// uncommitted is the position of the oldest record that is not committed, the producer's when all are.
func (r *ringBuf) uncommitted() uint64 {
	pos := r.pending
	for pos < r.produced {
		header := uint32(r.data[r.word(pos)].Load())
		if header&abi.RingBusy != 0 {
			break
		}
		pos += recordBytes(uint64(header &^ abi.RingDiscard))
	}
	return pos
}

// page is what the header says of a record's place: its page, counted from the one that is not mapped.
func (r *ringBuf) page(pos uint64) uint64 { return ringPages + 1 + pos&r.mask()/pageSize }

// Output is bpf_ringbuf_output: EAGAIN when there is no room.
func (r *ringBuf) Output(t *Task, data []byte, flags uint64) abi.Errno {
	if flags&^(abi.RingNoWakeup|abi.RingForceWakeup) != 0 {
		return abi.EINVAL
	}
	record := r.Reserve(t, uint64(len(data)), 0)
	if record == nil {
		return abi.EAGAIN
	}
	record.Write(0, data)
	record.Submit(t, flags)
	return abi.OK
}

// Record is what Reserve gives: room in the ring that its owner fills and then submits or discards.
type Record struct {
	ring      *ringBuf
	pos, size uint64
	committed bool
}

// Size is the record's size in bytes.
func (rec *Record) Size() int { return int(rec.size) }

// Write copies data to offset bytes behind the record's beginning. It panics where that is outside of the record.
func (rec *Record) Write(offset int, data []byte) {
	if offset < 0 || uint64(offset) > rec.size || uint64(len(data)) > rec.size-uint64(offset) {
		panic("maps: write outside of a ring buffer's record")
	}
	rec.ring.write(rec.pos+abi.RingHeader+uint64(offset), data)
}

// Submit is bpf_ringbuf_submit: the consumer can have the record, and is woken up if it waits for this one.
func (rec *Record) Submit(t *Task, flags uint64) { rec.commit(t, rec.size, flags) }

// Discard is bpf_ringbuf_discard: the consumer skips the record.
func (rec *Record) Discard(t *Task, flags uint64) { rec.commit(t, rec.size|abi.RingDiscard, flags) }

// commit looks for the consumer after the header is set: one that found it busy is woken up.
func (rec *Record) commit(t *Task, length, flags uint64) {
	if rec.committed {
		panic("maps: a ring buffer's record is committed twice")
	}
	rec.committed = true
	r := rec.ring
	t.Step(PointWord)
	r.store(rec.pos, length|r.page(rec.pos)<<32)
	t.Step(PointWord)
	r.notify(flags, r.cons.Load()&r.mask() == rec.pos&r.mask())
}
