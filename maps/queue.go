package maps

import "github.com/bpfsim/bpfsim/abi"

// queue is QUEUE and STACK (queue_stack_maps.c): a ring of values that grows as it fills. They differ in the end
// that Peek and Pop look at; both push at the head and drop at the tail.
type queue struct {
	spec Spec
	lock Lock
	ring []byte
	tail uint64 // the oldest value's place in the ring, in values
	size uint64 // values held
}

func newQueue(spec Spec) *queue { return &queue{spec: spec} }

func (q *queue) Spec() Spec      { return q.spec }
func (q *queue) ValueBytes() int { return int(q.spec.ValueSize) }

// Memlock is what fdinfo of 6.18 shows.
func (q *queue) Memlock() uint64 { return queueBytes(q.spec) }

// queueBytes is the struct and one value more than max entries.
func queueBytes(spec Spec) uint64 {
	return 312 + (uint64(spec.MaxEntries)+1)*uint64(spec.ValueSize)
}

// Push adds a value. With Exist a full map drops its oldest value first, a STACK too.
func (q *queue) Push(t *Task, value []byte, flags uint64) abi.Errno {
	if flags&abi.NoExist != 0 || flags > abi.Exist {
		return abi.EINVAL
	}
	q.lock.Lock(t)
	defer q.lock.Unlock()
	if q.size == uint64(q.spec.MaxEntries) {
		if flags != abi.Exist {
			return abi.E2BIG
		}
		q.tail = (q.tail + 1) % q.room()
		q.size--
	}
	if q.size == q.room() {
		q.grow()
	}
	copy(q.at(q.size), value)
	q.size++
	return abi.OK
}

// Peek copies the value that Pop would take.
func (q *queue) Peek(t *Task, value []byte) abi.Errno { return q.read(t, value, false) }

// Pop takes the oldest value of a QUEUE, the newest of a STACK.
func (q *queue) Pop(t *Task, value []byte) abi.Errno { return q.read(t, value, true) }

func (q *queue) read(t *Task, value []byte, remove bool) abi.Errno {
	q.lock.Lock(t)
	defer q.lock.Unlock()
	if q.size == 0 {
		return abi.ENOENT
	}
	if q.spec.Type == abi.Stack {
		copy(value, q.at(q.size-1))
	} else {
		copy(value, q.at(0))
	}
	if remove {
		q.remove()
	}
	return abi.OK
}

// remove drops the value that read copies.
func (q *queue) remove() {
	if q.spec.Type == abi.Queue {
		q.tail = (q.tail + 1) % q.room()
	}
	q.size--
}

// room is the number of values that the ring has memory for.
func (q *queue) room() uint64 { return uint64(len(q.ring)) / uint64(q.spec.ValueSize) }

// at is the place of the value that is i younger than the oldest.
func (q *queue) at(i uint64) []byte {
	width := uint64(q.spec.ValueSize)
	return q.ring[(q.tail+i)%q.room()*width:][:width]
}

// grow doubles the ring, the oldest value first.
func (q *queue) grow() {
	width := uint64(q.spec.ValueSize)
	room := min(max(2*q.room(), 4), uint64(q.spec.MaxEntries))
	ring := make([]byte, room*width)
	n := copy(ring, q.ring[q.tail*width:])
	copy(ring[n:], q.ring[:q.tail*width])
	q.ring, q.tail = ring, 0
}

const (
	queueFlags    = abi.FlagNUMANode | access
	maxQueueValue = 4 << 20
)

// checkQueue: queue_stack_map_alloc_check.
func checkQueue(spec Spec, _ bool) abi.Errno {
	switch {
	case spec.MaxEntries == 0, spec.KeySize != 0, spec.ValueSize == 0, !flagsWithin(spec.Flags, queueFlags):
		return abi.EINVAL
	case spec.ValueSize > maxQueueValue:
		return abi.E2BIG
	}
	return abi.OK
}
