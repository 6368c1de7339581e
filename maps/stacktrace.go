package maps

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// stackTrace is STACK_TRACE (stackmap.c): buckets with one stack each, named by their number, which user space can only
// read and remove. There are as many stacks as max entries says, and buckets up to the next power of two.
type stackTrace struct {
	oneByOne
	spec    Spec
	buckets uint32
	lock    Lock
	stacks  map[uint32]stack
}

// stack is a bucket's content.
type stack struct {
	hash   uint32
	frames []byte // without the zeros behind the last
}

func newStackTrace(spec Spec) *stackTrace {
	return &stackTrace{spec: spec, buckets: uint32(roundBuckets(spec.MaxEntries)), stacks: map[uint32]stack{}}
}

func (m *stackTrace) Spec() Spec      { return m.spec }
func (m *stackTrace) ValueBytes() int { return int(m.spec.ValueSize) }

// Memlock is what fdinfo of 6.18 shows.
func (m *stackTrace) Memlock() uint64 { return stackTraceBytes(m.spec) }

func stackTraceBytes(spec Spec) uint64 {
	return 320 + 8*roundBuckets(spec.MaxEntries) + (16+round8(uint64(spec.ValueSize)))*uint64(spec.MaxEntries)
}

// Lookup copies a stack, with zeros behind its last frame.
func (m *stackTrace) Lookup(t *Task, key, value []byte) abi.Errno {
	return m.read(t, key, value, false)
}

// LookupAndDelete copies a stack and removes it.
func (m *stackTrace) LookupAndDelete(t *Task, key, value []byte) abi.Errno {
	return m.read(t, key, value, true)
}

func (m *stackTrace) read(t *Task, key, value []byte, remove bool) abi.Errno {
	m.lock.Lock(t)
	defer m.lock.Unlock()
	id := idIn(key)
	s, there := m.stacks[id]
	if !there {
		return abi.ENOENT
	}
	clear(value[copy(value, s.frames):])
	if remove {
		delete(m.stacks, id)
	}
	return abi.OK
}

// Update is no operation of user space.
func (m *stackTrace) Update(*Task, []byte, []byte, uint64) abi.Errno { return abi.EINVAL }

// Delete removes a stack.
func (m *stackTrace) Delete(t *Task, key []byte) abi.Errno {
	id := idIn(key)
	if id >= m.buckets {
		return abi.E2BIG
	}
	m.lock.Lock(t)
	defer m.lock.Unlock()
	if _, there := m.stacks[id]; !there {
		return abi.ENOENT
	}
	delete(m.stacks, id)
	return abi.OK
}

// NextKey goes by number. A bucket that is empty starts again at the first.
func (m *stackTrace) NextKey(t *Task, key, next []byte) abi.Errno {
	m.lock.Lock(t)
	defer m.lock.Unlock()
	from := uint64(0)
	if key != nil {
		if _, there := m.stacks[idIn(key)]; there {
			from = uint64(idIn(key)) + 1
		}
	}
	following := uint64(m.buckets)
	for id := range m.stacks {
		if uint64(id) >= from {
			following = min(following, uint64(id))
		}
	}
	if following == uint64(m.buckets) {
		return abi.ENOENT
	}
	binary.NativeEndian.PutUint32(next, uint32(following))
	return abi.OK
}

// StackKeeper is a map that bpf_get_stackid fills.
type StackKeeper interface {
	// KeepStack puts a stack of return addresses, the innermost first, where its hash says, and returns its id, as
	// bpf_get_stackid does. flags are those of the helper: how many addresses to skip, and what to do with a stack
	// that is there. With FlagStackBuildID, frames are struct bpf_stack_build_id, and their hash is that of ips.
	KeepStack(t *Task, ips []uint64, frames []byte, flags uint64) (id uint32, errno abi.Errno)
}

// KeepStack follows bpf_get_stackid and __bpf_get_stackid in stackmap.c.
func (m *stackTrace) KeepStack(t *Task, ips []uint64, frames []byte, flags uint64) (uint32, abi.Errno) {
	const known = abi.StackSkipMask | abi.StackUser | abi.StackFastCompare | abi.StackReuseID
	if flags&^known != 0 {
		return 0, abi.EINVAL
	}
	skip := int(flags & abi.StackSkipMask)
	if len(ips) <= skip {
		return 0, abi.EFAULT
	}
	size := 8
	if m.spec.Flags&abi.FlagStackBuildID != 0 {
		size = buildIDSize
	}
	n := min(len(ips)-skip, int(m.spec.ValueSize)/size)
	packed := make([]byte, 0, 8*n)
	for _, ip := range ips[skip:][:n] {
		packed = binary.LittleEndian.AppendUint64(packed, ip)
	}
	s := stack{jhash(packed, 0), packed}
	if size == buildIDSize {
		s.frames = slices.Clone(frames[skip*size:][:n*size])
	}
	return m.keep(t, s, flags, size == buildIDSize)
}

// keep puts s in its bucket. Whether the same stack is there is found by its hash alone, or by all of it. early memory is taken
// before stacks are compared, and otherwise for a new one only; never from the stack that it replaces.
func (m *stackTrace) keep(t *Task, s stack, flags uint64, early bool) (uint32, abi.Errno) {
	m.lock.Lock(t)
	defer m.lock.Unlock()
	id := s.hash & (m.buckets - 1)
	old, there := m.stacks[id]
	alike := there && old.hash == s.hash
	full := len(m.stacks) >= int(m.spec.MaxEntries)
	switch {
	case alike && flags&abi.StackFastCompare != 0:
		return id, abi.OK
	case early && full:
		return 0, abi.ENOMEM
	case alike && slices.Equal(old.frames, s.frames):
		return id, abi.OK
	case there && flags&abi.StackReuseID == 0:
		return 0, abi.EEXIST
	case full:
		return 0, abi.ENOMEM
	}
	m.stacks[id] = s
	return id, abi.OK
}
