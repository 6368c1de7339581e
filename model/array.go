package model

import (
	"encoding/binary"
	"maps"

	"github.com/bpfsim/bpfsim/abi"
)

// array is an ARRAY or PERCPU_ARRAY map (kernel/bpf/arraymap.c): every index exists from the start, with value zero.
type array struct {
	max    uint32
	zero   []byte
	values map[uint32][]byte // what was ever written
}

func newArray(s spec, cpus int) table {
	return &array{max: s.maxEntries, zero: s.initial(make([]byte, s.valueBytes(cpus))), values: map[uint32][]byte{}}
}

func (a *array) clone() table { return &array{a.max, a.zero, maps.Clone(a.values)} }

func (a *array) lookup(key []byte) ([]byte, abi.Errno) {
	index := binary.LittleEndian.Uint32(key)
	if index >= a.max {
		return nil, abi.ENOENT
	}
	if v, ok := a.values[index]; ok {
		return v, abi.OK
	}
	return a.zero, abi.OK
}

// update checks flags, then the index, then NOEXIST (measured on 6.18).
func (a *array) update(_ int, key, value []byte, flags uint64) abi.Errno {
	index := binary.LittleEndian.Uint32(key)
	switch {
	case flags > abi.Exist:
		return abi.EINVAL
	case index >= a.max:
		return abi.E2BIG
	case flags == abi.NoExist: // all elements already exist
		return abi.EEXIST
	}
	a.values[index] = value
	return abi.OK
}

// delete is no operation of an array (measured on 6.18).
func (a *array) delete(int, []byte) abi.Errno { return abi.EINVAL }

// le32 is v in the byte order of x86 and arm64.
func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// next starts over at 0 for no key and for an index outside the array (measured on 6.18).
func (a *array) next(key, _ []byte) ([]byte, abi.Errno) {
	if key == nil {
		return le32(0), abi.OK
	}
	index := binary.LittleEndian.Uint32(key)
	switch {
	case index >= a.max:
		return le32(0), abi.OK
	case index == a.max-1:
		return nil, abi.ENOENT
	}
	return le32(index + 1), abi.OK
}

// bytes is the storage that OBJ_GET_INFO_BY_FD hashes: all values, each padded with zeros to 8 bytes (measured).
func (a *array) bytes() []byte {
	stride := (len(a.zero) + 7) / 8 * 8
	b := make([]byte, stride*int(a.max))
	for index, v := range a.values {
		copy(b[stride*int(index):], v)
	}
	return b
}

const (
	maxArrayValue = 1<<31 - 1
	arrayFlags    = abi.FlagNUMANode | abi.FlagMmapable | abi.FlagInnerMap | accessFlags
)

// checkArray is array_map_alloc_check in kernel/bpf/arraymap.c.
func (s *spec) checkArray(bool) abi.Errno {
	switch {
	case s.maxEntries == 0 || s.keySize != 4 || s.valueSize == 0 || s.badFlags(arrayFlags):
		return abi.EINVAL
	case s.valueSize > maxArrayValue:
		return abi.E2BIG
	}
	return abi.OK
}
