package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// queue is a QUEUE or STACK map (kernel/bpf/queue_stack_maps.c).
type queue struct {
	max    uint32
	stack  bool
	values [][]byte // oldest first
}

func newQueue(s spec, _ int) table { return &queue{max: s.maxEntries, stack: s.kind == abi.Stack} }

func (q *queue) clone() table { return &queue{q.max, q.stack, slices.Clone(q.values)} }

// lookup peeks: the oldest value of a queue, the newest of a stack.
func (q *queue) lookup([]byte) ([]byte, abi.Errno) {
	switch {
	case len(q.values) == 0:
		return nil, abi.ENOENT
	case q.stack:
		return q.values[len(q.values)-1], abi.OK
	}
	return q.values[0], abi.OK
}

// pop takes what lookup shows.
func (q *queue) pop() ([]byte, abi.Errno) {
	v, errno := q.lookup(nil)
	switch {
	case errno != abi.OK:
	case q.stack:
		q.values = q.values[:len(q.values)-1]
	default:
		q.values = q.values[1:]
	}
	return v, errno
}

// update pushes. EXIST makes room in a full one by dropping the oldest value, of a stack too (measured on 6.18).
func (q *queue) update(_ int, _, value []byte, flags uint64) abi.Errno {
	full := uint32(len(q.values)) == q.max
	switch {
	case flags&abi.NoExist != 0 || flags > abi.Exist:
		return abi.EINVAL
	case full && flags != abi.Exist:
		return abi.E2BIG
	case full:
		q.values = q.values[1:]
	}
	q.values = append(q.values, value)
	return abi.OK
}

// delete is no operation of a queue (measured on 6.18).
func (q *queue) delete(int, []byte) abi.Errno { return abi.EINVAL }

// next is no operation of a queue (measured on 6.18).
func (q *queue) next(_, _ []byte) ([]byte, abi.Errno) { return nil, abi.EINVAL }

const (
	maxQueueValue = 4194304
	queueFlags    = abi.FlagNUMANode | accessFlags
)

// checkQueue is queue_stack_map_alloc_check in kernel/bpf/queue_stack_maps.c.
func (s *spec) checkQueue(bool) abi.Errno {
	switch {
	case s.maxEntries == 0 || s.keySize != 0 || s.valueSize == 0 || s.badFlags(queueFlags):
		return abi.EINVAL
	case s.valueSize > maxQueueValue:
		return abi.E2BIG
	}
	return abi.OK
}
