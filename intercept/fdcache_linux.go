package intercept

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/syscall"
)

// Closes counts how often fds of this process were closed or replaced. A patched standard library does the counting (package patch),
// which fields and sizes are agreed with; On says that it does.
type Closes struct {
	On   bool
	All  uint32          // calls on ranges of fds
	Each [1 << 10]uint32 // by the fd's number, modulo
}

// fdCache remembers what fds stand for, so that the kernel is asked once, and again when a fd was closed.
type fdCache struct {
	closed *Closes
	slots  [1 << 10]atomic.Pointer[cachedFD]
}

type cachedFD struct {
	fd     int32
	closes uint32 // before it was looked at
	file   *bpfsys.File
}

// closes is a number that changes when fd is closed.
func (all *fdCache) closes(fd int32) uint32 {
	if all.closed == nil {
		return 0
	}
	return atomic.LoadUint32(&all.closed.All) + atomic.LoadUint32(&all.closed.Each[uint32(fd)%uint32(len(all.closed.Each))])
}

// get is nil when the kernel has to be asked.
func (all *fdCache) get(fd int32) *bpfsys.File {
	known := all.slots[uint32(fd)%uint32(len(all.slots))].Load()
	if known == nil || known.fd != fd || known.closes != all.closes(fd) {
		return nil
	}
	return known.file
}

// forget has the kernel asked for fd.
func (all *fdCache) forget(fd int32) { all.slots[uint32(fd)%uint32(len(all.slots))].Store(nil) }

// put remembers an object's fd as it was when closes was asked. A call that finds it here is not counted among the users of the object, which
// may thus be freed meanwhile: no harm where that frees Go memory, and so objects with a mapping are left out.
func (all *fdCache) put(fd int32, closes uint32, o *object) {
	if all.closed == nil || !all.closed.On || openedBy(o.file).mapped() {
		return
	}
	all.slots[uint32(fd)%uint32(len(all.slots))].Store(&cachedFD{fd, closes, o.file})
}
