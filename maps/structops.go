package maps

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// OpsState says how far a STRUCT_OPS map has come (enum bpf_struct_ops_state).
type OpsState uint32

// The states of a STRUCT_OPS map. Ready is for those that links register.
const (
	OpsInit OpsState = iota
	OpsInUse
	OpsToBeFree
	OpsReady
)

// Where the kernel's own fields lie in a value (struct bpf_struct_ops_common_value), and their end.
const (
	OpsReferences = 0
	OpsStateAt    = 4
	OpsCommonSize = 8
)

// StructOps is a map of one value, a struct of functions of the kernel's, each of which is a program.
type StructOps interface {
	Map
	Lookuper
	Deleter
	// Install makes value the map's: EBUSY where it has one, then wrong, what the caller finds wrong with value. adopt is called with
	// the map locked, before anybody can read the value, and may object, too.
	Install(t *Task, value []byte, wrong abi.Errno, adopt func() abi.Errno) abi.Errno
	// State changes only through Install and Delete.
	State() OpsState
}

// structOps is STRUCT_OPS (bpf_struct_ops.c).
type structOps struct {
	oneByOne
	spec  Spec
	lock  Lock
	state atomic.Uint32
	value []byte // written before state says that it is there, and never again
}

func newStructOps(spec Spec) *structOps { return &structOps{spec: spec} }

func (s *structOps) Spec() Spec      { return s.spec }
func (s *structOps) ValueBytes() int { return int(s.spec.ValueSize) }

// Memlock is what fdinfo of 6.18 shows.
func (s *structOps) Memlock() uint64 { return structOpsBytes(s.spec) }

func structOpsBytes(spec Spec) uint64 {
	const page, head = 4096, 448 // for trampolines; of the map
	return page + head + 2*uint64(spec.ValueSize) + 16*uint64(spec.Functions)
}

// State is the state.
func (s *structOps) State() OpsState { return OpsState(s.state.Load()) }

// Lookup copies the value: zeros while there is none.
func (s *structOps) Lookup(_ *Task, key, value []byte) abi.Errno {
	if binary.NativeEndian.Uint32(key) != 0 {
		return abi.ENOENT
	}
	state := s.State()
	if state == OpsInit {
		clear(value)
		return abi.OK
	}
	copy(value, s.value)
	binary.NativeEndian.PutUint32(value[OpsStateAt:], uint32(state))
	return abi.OK
}

// Install sets the value, once.
func (s *structOps) Install(t *Task, value []byte, wrong abi.Errno, adopt func() abi.Errno) abi.Errno {
	s.lock.Lock(t)
	defer s.lock.Unlock()
	switch {
	case s.State() != OpsInit:
		return abi.EBUSY
	case wrong != abi.OK:
		return wrong
	}
	if errno := adopt(); errno != abi.OK {
		return errno
	}
	s.value = value
	next := OpsInUse
	if s.linked() {
		next = OpsReady
	}
	s.state.Store(uint32(next))
	return abi.OK
}

// linked tells whether it is links that register the value.
func (s *structOps) linked() bool { return s.spec.Flags&abi.FlagLink != 0 }

// Delete ends the use of the value, which stays. The caller unregisters it.
func (s *structOps) Delete(*Task, []byte) abi.Errno {
	switch {
	case s.linked():
		return abi.EOPNOTSUPP
	case s.state.CompareAndSwap(uint32(OpsInUse), uint32(OpsToBeFree)):
		return abi.OK
	case s.State() == OpsToBeFree:
		return abi.EINPROGRESS
	}
	return abi.ENOENT
}

// NextKey knows one key.
func (s *structOps) NextKey(_ *Task, key, next []byte) abi.Errno {
	if key != nil && binary.NativeEndian.Uint32(key) == 0 {
		return abi.ENOENT
	}
	binary.NativeEndian.PutUint32(next, 0)
	return abi.OK
}
