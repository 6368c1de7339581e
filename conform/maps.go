package conform

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

// Maps makes maps. Errors are errnos: syscall.Errno, unix.Errno, [Errno], or what wraps one.
type Maps interface {
	// Create makes an empty map. ErrUnsupported leaves out whatever is asked about such maps.
	Create(Spec) (Map, error)
}

// Spec is the shape of a map.
type Spec struct {
	Type               string // such as HASH, LRU_HASH, ARRAY: enum bpf_map_type without BPF_MAP_TYPE_
	KeySize, ValueSize int    // bytes, as MAP_CREATE is told
	MaxEntries         int
	Flags              uint32 // map_flags; BPF_F_ZERO_SEED may be ignored by those who have an order of their own
	CPUs               int    // possible ones: the value of a per-CPU type has so many parts of round_up(ValueSize, 8) bytes
}

// Map is what each map has. Keys and values are as long as the spec says; the map must not keep the slices.
type Map interface {
	// Lookup is MAP_LOOKUP_ELEM.
	Lookup(key []byte) (value []byte, err error)
	// Update is MAP_UPDATE_ELEM: flags are BPF_ANY (0), BPF_NOEXIST (1), BPF_EXIST (2).
	Update(key, value []byte, flags uint64) error
	// Delete is MAP_DELETE_ELEM.
	Delete(key []byte) error
	// NextKey is MAP_GET_NEXT_KEY; a nil key asks for the first.
	NextKey(key []byte) (next []byte, err error)
}

// What a map may have besides. What it lacks is left out.
type (
	// Taker has MAP_LOOKUP_AND_DELETE_ELEM.
	Taker interface {
		LookupAndDelete(key []byte) (value []byte, err error)
	}
	// Freezer has MAP_FREEZE.
	Freezer interface{ Freeze() error }
	// BatchReader has MAP_LOOKUP_BATCH. A nil cursor begins; next is the cursor to go on with. The last elements may come with ENOENT.
	BatchReader interface {
		LookupBatch(cursor []byte, count int) (keys, values [][]byte, next []byte, err error)
	}
	// BatchTaker has MAP_LOOKUP_AND_DELETE_BATCH.
	BatchTaker interface {
		LookupAndDeleteBatch(cursor []byte, count int) (keys, values [][]byte, next []byte, err error)
	}
	// BatchUpdater has MAP_UPDATE_BATCH; n is the number of elements put in before the first that failed.
	BatchUpdater interface {
		UpdateBatch(keys, values [][]byte) (n int, err error)
	}
	// BatchDeleter has MAP_DELETE_BATCH.
	BatchDeleter interface {
		DeleteBatch(keys [][]byte) (n int, err error)
	}
)

// ErrUnsupported says that something is not there at all, which is not counted as broken.
var ErrUnsupported = semantics.ErrUnsupported

// Errno is an errno as an error, for implementations that have no other: on every system the numbers of Linux.
type Errno abi.Errno

// Error is the name, such as ENOENT.
func (e Errno) Error() string { return abi.Errno(e).String() }

// The errnos that maps answer.
const (
	EPERM      = Errno(abi.EPERM)
	ENOENT     = Errno(abi.ENOENT)
	E2BIG      = Errno(abi.E2BIG)
	EEXIST     = Errno(abi.EEXIST)
	EINVAL     = Errno(abi.EINVAL)
	ENOSPC     = Errno(abi.ENOSPC)
	EOPNOTSUPP = Errno(abi.EOPNOTSUPP)
	ENOTSUPP   = Errno(abi.ENOTSUPP)
)

// errnoOf is the errno that an error is, false for one that is none.
func errnoOf(err error) (abi.Errno, bool) {
	var own Errno
	var system syscall.Errno
	switch {
	case err == nil:
		return abi.OK, true
	case errors.As(err, &own):
		return abi.Errno(own), true
	case errors.As(err, &system):
		return abi.Errno(system), true
	case errors.Is(err, fs.ErrNotExist):
		return abi.ENOENT, true
	case errors.Is(err, fs.ErrExist):
		return abi.EEXIST, true
	}
	return 0, false
}
