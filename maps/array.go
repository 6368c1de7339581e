package maps

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// array is ARRAY.
type array struct{ vector }

func newArray(spec Spec) *array {
	stride := vectorStride(spec)
	return &array{vector{spec, stride, newWords(stride * uint64(spec.MaxEntries))}}
}

// arrayMemory is what can be mapped: whole pages of whole words a value.
func arrayMemory(spec Spec) uint64 {
	return roundPage(8 * vectorStride(spec) * uint64(spec.MaxEntries))
}

func newMappedArray(spec Spec, memory []atomic.Uint64) *array {
	return &array{vector{spec, vectorStride(spec), words{only: memory}}}
}

// Memlock is what fdinfo of 6.18 shows.
func (a *array) Memlock() uint64 { return arrayBytes(a.spec) }

// arrayBytes is the struct and the values; an array that can be mapped takes whole pages for both.
func arrayBytes(spec Spec) uint64 {
	data := round8(uint64(spec.ValueSize)) * uint64(spec.MaxEntries)
	if spec.Flags&abi.FlagMmapable != 0 {
		return 4096 + roundPage(data)
	}
	return 312 + data
}

func roundPage(n uint64) uint64 { return (n + 4095) &^ 4095 }

// UpdateInPlace is Update.
func (a *array) UpdateInPlace(t *Task, key, value []byte, flags uint64) abi.Errno {
	return a.Update(t, key, value, flags)
}

// Hash is the SHA-256 of all slots in order, which info.hash shows of a frozen array.
func (a *array) Hash() [32]byte {
	h := sha256.New()
	var word [8]byte
	for at := range a.stride * uint64(a.spec.MaxEntries) {
		binary.LittleEndian.PutUint64(word[:], a.words.load(at))
		h.Write(word[:])
	}
	return [32]byte(h.Sum(nil))
}

const arrayFlags = abi.FlagNUMANode | abi.FlagMmapable | abi.FlagInnerMap | access

// checkArray: array_map_alloc_check.
func checkArray(spec Spec, _ bool) abi.Errno {
	switch {
	case spec.MaxEntries == 0, spec.KeySize != 4, spec.ValueSize == 0, !flagsWithin(spec.Flags, arrayFlags):
		return abi.EINVAL
	case spec.ValueSize > math.MaxInt32:
		return abi.E2BIG
	}
	return abi.OK
}
