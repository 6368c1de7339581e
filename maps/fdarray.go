package maps

import (
	"encoding/binary"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

// Admitter is a map that user space fills with what fds stand for.
type Admitter interface {
	// Admit is what an update finds wrong before the kernel looks at the fd.
	Admit(key []byte, flags uint64) abi.Errno
}

// FDHolder is a map of objects that have no number by which they could be found again.
type FDHolder interface {
	Admitter
	// Put fills a slot that Admit let through, and takes over the caller's reference. through is the open file that the
	// map was reached by.
	Put(key []byte, held Held, through any)
	// Held is what a slot has, nil for none.
	Held(index uint32) Held
	// Left empties the slots that were filled through an open file which is closed now, where the map does not keep them.
	Left(through any)
	// Close gives back what the map holds.
	Close()
}

// Held is an object in a map, which has a reference to it.
type Held interface{ Release() }

// fdArray is PERF_EVENT_ARRAY (arraymap.c): max entries slots for perf events, which user space cannot read back.
type fdArray struct {
	vector vector
	mu     sync.Mutex
	slots  []fdSlot // nil until one is filled
}

type fdSlot struct {
	held    Held
	through any
}

func newFDArray(spec Spec) *fdArray { return &fdArray{vector: vector{spec: spec}} }

func (a *fdArray) Spec() Spec      { return a.vector.Spec() }
func (a *fdArray) ValueBytes() int { return a.vector.ValueBytes() }

// Memlock is what fdinfo of 6.18 shows.
func (a *fdArray) Memlock() uint64 { return arrayBytes(a.vector.spec) }

// Admit takes no flags at all, and looks at them before the index.
func (a *fdArray) Admit(key []byte, flags uint64) abi.Errno {
	if flags != abi.Any {
		return abi.EINVAL
	}
	return a.inside(key)
}

// Put replaces what a slot has.
func (a *fdArray) Put(key []byte, held Held, through any) {
	a.mu.Lock()
	if a.slots == nil {
		a.slots = make([]fdSlot, a.vector.spec.MaxEntries)
	}
	at := &a.slots[binary.NativeEndian.Uint32(key)]
	old := at.held
	*at = fdSlot{held, through}
	a.mu.Unlock()
	if old != nil {
		old.Release()
	}
}

// Held is what a slot has, without a reference.
func (a *fdArray) Held(index uint32) Held {
	a.mu.Lock()
	defer a.mu.Unlock()
	if int(index) >= len(a.slots) {
		return nil
	}
	return a.slots[index].held
}

// Left follows perf_event_fd_array_release: BPF_F_PRESERVE_ELEMS keeps everything.
func (a *fdArray) Left(through any) {
	if a.vector.spec.Flags&abi.FlagPreserveElems == 0 {
		a.clear(func(s fdSlot) bool { return s.through == through })
	}
}

// Close empties all slots.
func (a *fdArray) Close() { a.clear(func(fdSlot) bool { return true }) }

// clear empties the slots that which chooses.
func (a *fdArray) clear(which func(fdSlot) bool) {
	var gone []Held
	a.mu.Lock()
	for i, s := range a.slots {
		if s.held != nil && which(s) {
			gone = append(gone, s.held)
			a.slots[i] = fdSlot{}
		}
	}
	a.mu.Unlock()
	for _, held := range gone {
		held.Release()
	}
}

// Delete empties a slot.
func (a *fdArray) Delete(_ *Task, key []byte) abi.Errno {
	if errno := a.inside(key); errno != abi.OK {
		return errno
	}
	a.mu.Lock()
	var held Held
	if a.slots != nil {
		at := &a.slots[binary.NativeEndian.Uint32(key)]
		held, *at = at.held, fdSlot{}
	}
	a.mu.Unlock()
	if held == nil {
		return abi.ENOENT
	}
	held.Release()
	return abi.OK
}

func (a *fdArray) inside(key []byte) abi.Errno {
	if _, ok := a.vector.index(key); !ok {
		return abi.E2BIG
	}
	return abi.OK
}

// NextKey counts up, past empty slots too.
func (a *fdArray) NextKey(t *Task, key, next []byte) abi.Errno { return a.vector.NextKey(t, key, next) }
