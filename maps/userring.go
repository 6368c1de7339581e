package maps

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// userRing is USER_RINGBUF: processes produce, programs consume. Nothing that a process writes is taken for granted.
type userRing struct {
	ring
	busy     atomic.Bool
	consumed uint64          // the consumer position
	known    []atomic.Uint64 // the data as of the last look, to tell where the process wrote
	sample   []byte
}

func newUserRing(spec Spec) *userRing { return &userRing{ring: newRing(spec)} }

func newMappedUserRing(spec Spec, memory []atomic.Uint64) *userRing {
	u := &userRing{ring: makeRing(spec, memory)}
	u.known = make([]atomic.Uint64, len(u.image))
	return u
}

const (
	// mostSamples is how many one drain takes (BPF_MAX_USER_RINGBUF_SAMPLES).
	mostSamples = 128 << 10
	// largestSample is the most that a dynptr describes.
	largestSample = 1<<24 - 1
)

// Polls is what a producer waits for.
func (u *userRing) Polls() abi.PollEvents { return abi.PollOut }

// Ready tells whether there is room.
func (u *userRing) Ready() bool {
	cons := u.cons.Load()
	return u.prod.Load()-cons < u.size()
}

// Drain is bpf_user_ringbuf_drain: it calls each with samples until there are no more, each returns true or an error is
// found, and returns how many there were. A sample is valid until each returns. EBUSY while somebody else drains.
func (u *userRing) Drain(t *Task, each func(sample []byte) (stop bool), flags uint64) (int, abi.Errno) {
	if flags&^(abi.RingNoWakeup|abi.RingForceWakeup) != 0 {
		return 0, abi.EINVAL
	}
	t.Step(PointWord)
	if !u.busy.CompareAndSwap(false, true) {
		return 0, abi.EBUSY
	}
	seen, samples, errno := u.drain(t, each)
	u.busy.Store(false)
	u.notify(flags, seen > 0)
	return samples, errno
}

// drain returns how many records it has seen, discarded ones and all, and how many samples.
func (u *userRing) drain(t *Task, each func([]byte) bool) (seen, samples int, errno abi.Errno) {
	if u.prod.Load()-u.consumed > u.size() {
		u.settleAll()
	}
	for stop := false; seen < mostSamples && !stop; seen++ {
		sample, next, errno := u.peek(t)
		switch errno {
		case abi.ENODATA:
			return seen, samples, abi.OK
		case abi.EAGAIN:
		case abi.OK:
			stop = each(sample)
			samples++
		default:
			u.settleAll()
			return seen, 0, errno
		}
		t.Step(PointWord)
		u.consumed = next
		u.cons.Store(next)
	}
	return seen, samples, abi.OK
}

// peek is the sample at the consumer position, and the position behind it: ENODATA when there is none, EAGAIN for one that is
// to be skipped (__bpf_user_ringbuf_peek in ringbuf.c, in its order).
func (u *userRing) peek(t *Task) (sample []byte, next uint64, errno abi.Errno) {
	t.Step(PointWord)
	prod, cons := u.prod.Load(), u.consumed
	switch {
	case prod%8 != 0:
		return nil, 0, abi.EINVAL
	case cons >= prod:
		return nil, 0, abi.ENODATA
	}
	t.Step(PointWord)
	header := uint32(u.merged(u.word(cons)))
	size := uint64(header &^ (abi.RingBusy | abi.RingDiscard))
	total := recordBytes(size)
	switch {
	case total > prod-cons:
		return nil, 0, abi.EINVAL
	case total > u.size(), size > largestSample:
		return nil, 0, abi.E2BIG
	case header&abi.RingDiscard != 0:
		u.settle(cons, total)
		return nil, cons + total, abi.EAGAIN
	case header&abi.RingBusy != 0:
		return nil, 0, abi.ENODATA
	}
	u.settle(cons, total)
	u.sample = resized(u.sample, int(size))
	u.read(cons+abi.RingHeader, u.sample)
	return u.sample, cons + total, abi.OK
}

// resized is buf with n bytes, in the same memory if that has them.
func resized(buf []byte, n int) []byte {
	if n > cap(buf) {
		return make([]byte, n)
	}
	return buf[:n]
}

// merged is a word of the data as the process sees it that wrote to the data or to its image: byte by byte the one that
// has changed.
func (u *userRing) merged(at uint64) uint64 {
	data := u.data[at].Load()
	if len(u.image) == 0 {
		return data
	}
	image, known := u.image[at].Load(), u.known[at].Load()
	if data == image {
		return data
	}
	for shift := 0; shift < 64; shift += 8 {
		mask := uint64(0xff) << shift
		if data&mask == known&mask {
			data = data&^mask | image&mask
		}
	}
	return data
}

// settleAll is for a process whose position was a lie and which begins anew: what it wrote up to here must not be taken for news later.
func (u *userRing) settleAll() { u.settle(u.consumed, u.size()) }

// settle makes a record that is consumed the same in the data and in its image.
func (u *userRing) settle(pos, bytes uint64) {
	if len(u.image) == 0 {
		return
	}
	for end := pos + bytes; pos < end; pos += 8 {
		at := u.word(pos)
		v := u.merged(at)
		u.known[at].Store(v)
		u.store(pos, v)
	}
}
