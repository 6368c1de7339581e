package maps

import "github.com/bpfsim/bpfsim/abi"

// FDHolder is a map that user space fills with what fds stand for.
type FDHolder interface {
	// Admit is what an update finds wrong before the kernel looks at the fd.
	Admit(key []byte, flags uint64) abi.Errno
}

// fdArray is PERF_EVENT_ARRAY (arraymap.c): max entries slots for perf events, which user space cannot read back. Perf events
// are not simulated, and so all slots are empty.
type fdArray struct{ vector vector }

func newFDArray(spec Spec) *fdArray { return &fdArray{vector{spec: spec}} }

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

// Delete empties a slot.
func (a *fdArray) Delete(_ *Task, key []byte) abi.Errno {
	if errno := a.inside(key); errno != abi.OK {
		return errno
	}
	return abi.ENOENT
}

func (a *fdArray) inside(key []byte) abi.Errno {
	if _, ok := a.vector.index(key); !ok {
		return abi.E2BIG
	}
	return abi.OK
}

// NextKey counts up, past empty slots too.
func (a *fdArray) NextKey(t *Task, key, next []byte) abi.Errno { return a.vector.NextKey(t, key, next) }
