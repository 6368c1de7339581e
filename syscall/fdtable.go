package bpfsys

import (
	"sync"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// FDTable is an fd table in memory. Get takes no lock; the methods that change it take turns.
type FDTable struct {
	mu    sync.Mutex
	limit int32
	slots atomic.Pointer[[]slot]
}

// slot is one fd: nil when closed.
type slot = atomic.Pointer[File]

// foreign is what an open fd refers to that is no BPF object.
var foreign File

// DefaultFDLimit is the usual soft limit of open files (RLIMIT_NOFILE).
const DefaultFDLimit = 1024

// NewFDTable makes a table as a program finds it: 0, 1 and 2 are open and no BPF objects.
func NewFDTable() *FDTable {
	t := &FDTable{limit: DefaultFDLimit}
	t.slots.Store(new([]slot))
	for range 3 {
		t.OpenForeign()
	}
	return t
}

// SetLimit sets how many fds there may be: numbers start at 0 and stay below it.
func (t *FDTable) SetLimit(limit int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limit = limit
}

// Get finds the open file behind fd.
func (t *FDTable) Get(fd int32) (file *File, open bool) {
	slots := *t.slots.Load()
	if fd < 0 || int(fd) >= len(slots) {
		return nil, false
	}
	file = slots[fd].Load()
	if file != nil && file.object == nil {
		return nil, true
	}
	return file, file != nil
}

// IsOpen reports whether fd is open.
func (t *FDTable) IsOpen(fd int32) bool {
	_, open := t.Get(fd)
	return open
}

// Install gives file the lowest free fd and takes over the caller's reference: EMFILE at the limit.
func (t *FDTable) Install(file *File) (int32, abi.Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fd := t.lowest()
	if fd >= t.limit {
		return 0, abi.EMFILE
	}
	t.place(fd, file)
	return fd, abi.OK
}

// OpenForeign opens something that is no BPF object, such as a file or a pipe.
func (t *FDTable) OpenForeign() (int32, abi.Errno) { return t.Install(&foreign) }

// Close closes fd: EBADF when it is not open.
func (t *FDTable) Close(fd int32) abi.Errno {
	t.mu.Lock()
	opened := t.at(fd)
	if opened != nil {
		t.place(fd, nil)
	}
	t.mu.Unlock()
	if opened == nil {
		return abi.EBADF
	}
	opened.Release()
	return abi.OK
}

// CloseAll closes every fd, as the end of a process does.
func (t *FDTable) CloseAll() {
	for fd := range *t.slots.Load() {
		t.Close(int32(fd))
	}
}

// Dup makes fd number to refer to the same open file as from, as dup2 does: EBADF when from is not open or to is out
// of range.
func (t *FDTable) Dup(from, to int32) abi.Errno {
	t.mu.Lock()
	opened, old := t.at(from), t.at(to)
	if opened == nil || to < 0 || to >= t.limit {
		t.mu.Unlock()
		return abi.EBADF
	}
	if from != to {
		opened.Hold()
		t.place(to, opened)
	}
	t.mu.Unlock()
	if old != nil && from != to {
		old.Release()
	}
	return abi.OK
}

// Fork makes a table with the same open files, as fork does.
func (t *FDTable) Fork() *FDTable {
	t.mu.Lock()
	defer t.mu.Unlock()
	child := &FDTable{limit: t.limit}
	slots := make([]slot, len(*t.slots.Load()))
	for fd := range slots {
		if opened := t.at(int32(fd)); opened != nil {
			opened.Hold()
			slots[fd].Store(opened)
		}
	}
	child.slots.Store(&slots)
	return child
}

func (t *FDTable) at(fd int32) *File {
	slots := *t.slots.Load()
	if fd < 0 || int(fd) >= len(slots) {
		return nil
	}
	return slots[fd].Load()
}

func (t *FDTable) lowest() int32 {
	slots := *t.slots.Load()
	for fd := range slots {
		if slots[fd].Load() == nil {
			return int32(fd)
		}
	}
	return int32(len(slots))
}

// place sets a slot, in a longer table where fd needs one. Readers of the shorter table miss only fds that were opened
// after they looked.
func (t *FDTable) place(fd int32, opened *File) {
	slots := *t.slots.Load()
	if int(fd) >= len(slots) {
		longer := make([]slot, max(2*len(slots), int(fd)+1))
		for i := range slots {
			longer[i].Store(slots[i].Load())
		}
		slots = longer
		t.slots.Store(&longer)
	}
	slots[fd].Store(opened)
}
