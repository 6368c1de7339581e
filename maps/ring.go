package maps

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// ring is what RINGBUF and USER_RINGBUF have in common (ringbuf.c): two positions, which only grow, and data of a power of
// two of bytes that they are taken modulo. Who owns a position keeps it in own memory too, because others may write
// to what can be mapped.
type ring struct {
	spec       Spec
	cons, prod *atomic.Uint64
	oldest     *atomic.Uint64 // behind the producer's, where Linux has pending_pos
	data       []atomic.Uint64
	// image is the data once more, as Linux maps it; nil where nobody can map it. No file has the same page twice, so that
	// both are written.
	image []atomic.Uint64
	wake  func()
}

const (
	ringPageWords = pageSize / 8
	// ringPages are those of the positions; before them Linux has one that it does not map.
	ringPages = 2
	// largestRing is the largest power of two whose pages can be mapped twice.
	largestRing = 1 << 31
	// largestRecord is a quarter of what 32 bits count: the header has two bits less.
	largestRecord = 1<<30 - 1
)

// makeRing divides memory: the consumer's page, the producer's, the data, and its image if that is there.
func makeRing(spec Spec, memory []atomic.Uint64) ring {
	data, size := memory[ringPages*ringPageWords:], spec.MaxEntries/8
	return ring{
		spec: spec, cons: &memory[0], prod: &memory[ringPageWords], oldest: &memory[ringPageWords+1],
		data: data[:size], image: data[size:], wake: func() {},
	}
}

// newRing is a ring that nobody can map.
func newRing(spec Spec) ring {
	return makeRing(spec, make([]atomic.Uint64, ringPages*ringPageWords+spec.MaxEntries/8))
}

// ringMapped is the size of a mapping of everything.
func ringMapped(spec Spec) uint64 { return ringPages*pageSize + 2*uint64(spec.MaxEntries) }

// ringBytes are the pages, one for the struct, and the array of pages of which those of the data are in twice.
func ringBytes(spec Spec) uint64 {
	const own = ringPages + 1
	size := uint64(spec.MaxEntries)
	return 304 + own*pageSize + size + 8*(own+2*size/pageSize)
}

// checkRing: ringbuf_map_alloc in ringbuf.c.
func checkRing(spec Spec) abi.Errno {
	switch {
	case spec.Flags&^abi.FlagNUMANode != 0, spec.KeySize != 0, spec.ValueSize != 0, spec.MaxEntries < pageSize,
		spec.MaxEntries&(spec.MaxEntries-1) != 0, spec.MaxEntries > largestRing:
		return abi.EINVAL
	}
	return abi.OK
}

func (r *ring) Spec() Spec      { return r.spec }
func (r *ring) ValueBytes() int { return 0 }

// Memlock is what fdinfo of 6.18 shows.
func (r *ring) Memlock() uint64 { return ringBytes(r.spec) }

// OnWake sets who is told when those who wait are woken up. It is called before the map is used.
func (r *ring) OnWake(wake func()) { r.wake = wake }

func (r *ring) size() uint64 { return uint64(r.spec.MaxEntries) }
func (r *ring) mask() uint64 { return r.size() - 1 }

// word is the place of the word at a position.
func (r *ring) word(pos uint64) uint64 { return pos & r.mask() / 8 }

// store sets the word at a position.
func (r *ring) store(pos, v uint64) {
	at := r.word(pos)
	r.data[at].Store(v)
	if len(r.image) > 0 {
		r.image[at].Store(v)
	}
}

// write copies p to a position. What lies around it in its first and last word stays.
func (r *ring) write(pos uint64, p []byte) {
	for len(p) > 0 {
		if pos%8 == 0 && len(p) >= 8 {
			r.store(pos, binary.LittleEndian.Uint64(p))
			pos, p = pos+8, p[8:]
			continue
		}
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], r.data[r.word(pos)].Load())
		n := copy(word[pos%8:], p)
		r.store(pos&^7, binary.LittleEndian.Uint64(word[:]))
		pos, p = pos+uint64(n), p[n:]
	}
}

// read fills p from a position.
func (r *ring) read(pos uint64, p []byte) {
	for len(p) > 0 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], r.data[r.word(pos)].Load())
		n := copy(p, word[pos%8:])
		pos, p = pos+uint64(n), p[n:]
	}
}

// recordBytes is what a record takes: a header and whole words.
func recordBytes(size uint64) uint64 { return round8(size + abi.RingHeader) }

// notify wakes those who wait, after a helper whose flags allow it when asked, and always when they force it.
func (r *ring) notify(flags uint64, asked bool) {
	if flags&abi.RingForceWakeup != 0 || asked && flags&abi.RingNoWakeup == 0 {
		r.wake()
	}
}
