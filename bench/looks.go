package bench

import "math/rand/v2"

// looks is the limit of calls on one element: a bare loop that looks at one record of each of several memories, as the call
// does at a page's line, an element and a value, and copies. Each look waits for the one before, as it does in a map, where
// one says where the next is; and each round waits for the round before, as a caller waits for an answer.
type looks struct {
	memories []memory
	order    []uint32 // which elements, at random
	at       int
	waited   uint32 // 0, which nobody knows
	out      []byte // what is copied
}

// memory is the records of one kind of a map.
type memory struct {
	bytes  []byte
	stride int    // of a record, in bytes
	scale  uint64 // of the number of an element to that of its record, times 1<<32
}

// newLooks makes the memories for so many elements, of which the strides are given and the numbers of records.
func newLooks(elements, copied int, records ...[2]int) *looks {
	l := &looks{out: make([]byte, copied)}
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(elements) {
		l.order = append(l.order, uint32(i))
	}
	for _, r := range records {
		stride, n := r[0], r[1]
		m := memory{bytes: make([]byte, n*stride+copied+4), stride: stride, scale: (uint64(n)<<32 + uint64(elements) - 1) / uint64(elements)}
		clear(m.bytes) // a page that was never written to is not memory yet
		l.memories = append(l.memories, m)
	}
	return l
}

// find looks at the records of the next element, and returns the last.
func (l *looks) find() (last []byte) {
	element := uint64(l.order[l.at] + l.waited)
	if l.at++; l.at == len(l.order) {
		l.at = 0
	}
	for i := range l.memories {
		m := &l.memories[i]
		last = m.bytes[int(element*m.scale>>32)*m.stride:]
		l.waited = uint32At(last)
		element += uint64(l.waited)
	}
	return last
}

func (l *looks) read(n int) {
	for range n {
		copy(l.out, l.find())
		l.waited = uint32(l.out[0])
	}
}

func (l *looks) look(n int) {
	for range n {
		l.find()
	}
}

func (l *looks) write(n int) {
	for range n {
		copy(l.find(), l.out)
	}
}
