package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Reserve makes room for a record in a RINGBUF (bpf_ringbuf_reserve), to be written, and then submitted or discarded with
// Submit and Discard of the record itself; nil when there is no room.
func (h Helpers) Reserve(m maps.Map, size, flags uint64) *maps.Record {
	h.begin()
	ring, ok := m.(maps.Ring)
	if !ok {
		return nil
	}
	return ring.Reserve(h.Task, size, flags)
}

// Output adds a record to a RINGBUF (bpf_ringbuf_output): EAGAIN when there is no room.
func (h Helpers) Output(m maps.Map, data []byte, flags uint64) abi.Errno {
	return helper(h, m, func(m maps.Ring) abi.Errno { return m.Output(h.Task, data, flags) })
}

// Query is what a RINGBUF says of itself (bpf_ringbuf_query): 0 for what it does not know.
func (h Helpers) Query(m maps.Map, what uint64) uint64 {
	h.begin()
	ring, ok := m.(maps.Ring)
	if !ok {
		return 0
	}
	return ring.Query(h.Task, what)
}

// Drain calls each with the samples of a USER_RINGBUF (bpf_user_ringbuf_drain) until it returns true or there are no more, and
// returns how many there were. What a process does wrong is an errno: EINVAL or E2BIG.
func (h Helpers) Drain(m maps.Map, each func(sample []byte) (stop bool), flags uint64) (samples int, errno abi.Errno) {
	errno = helper(h, m, func(m maps.UserRing) (errno abi.Errno) {
		samples, errno = m.Drain(h.Task, each, flags)
		return errno
	})
	return samples, errno
}
