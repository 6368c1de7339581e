package maps

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// array is ARRAY (arraymap.c): max entries values, zero until set, each in a slot of whole 8-byte words. It takes no
// lock, as on Linux: a word is read or written at once, and a longer value may be seen half old and half new.
type array struct {
	spec   Spec
	stride uint64 // words in a slot
	words  words
}

func newArray(spec Spec) *array {
	stride := arrayStride(spec)
	return &array{spec: spec, stride: stride, words: newWords(stride * uint64(spec.MaxEntries))}
}

// arrayStride is the number of words in a slot.
func arrayStride(spec Spec) uint64 { return round8(uint64(spec.ValueSize)) / 8 }

// MappableWords is the memory, in words of 8 bytes, that NewMappable asks for: whole pages of whole words a value.
// It is ENOMEM for what New would not make either.
func MappableWords(spec Spec) (uint64, abi.Errno) {
	if arrayBytes(spec) > maxMemory {
		return 0, abi.ENOMEM
	}
	return roundPage(8*arrayStride(spec)*uint64(spec.MaxEntries)) / 8, abi.OK
}

// NewMappable is New for an ARRAY with abi.FlagMmapable whose elements lie in memory, of MappableWords zeros, that
// others may read and write at any time.
func NewMappable(spec Spec, memory []atomic.Uint64) Map {
	return &array{spec: spec, stride: arrayStride(spec), words: words{only: memory}}
}

func (a *array) Spec() Spec      { return a.spec }
func (a *array) ValueBytes() int { return int(a.spec.ValueSize) }

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

// index is the element that key names, false behind the last.
func (a *array) index(key []byte) (uint64, bool) {
	i := binary.NativeEndian.Uint32(key)
	return uint64(i), i < a.spec.MaxEntries
}

// Lookup copies a value; an index out of range is ENOENT.
func (a *array) Lookup(t *Task, key, value []byte) abi.Errno {
	i, ok := a.index(key)
	if !ok {
		return abi.ENOENT
	}
	t.Step(PointFind)
	for at := i * a.stride; len(value) > 0; {
		t.Step(PointWord)
		run := a.words.readable(at)
		value = readWords(t, value, run)
		at += uint64(len(run))
	}
	return abi.OK
}

// readWords fills value from a run of words and returns what is left to fill. The first word's step is behind it.
func readWords(t *Task, value []byte, run []atomic.Uint64) []byte {
	for i := range run {
		if i > 0 {
			t.Step(PointWord)
		}
		if len(value) <= 8 {
			var word [8]byte
			binary.LittleEndian.PutUint64(word[:], run[i].Load())
			copy(value, word[:])
			return nil
		}
		binary.LittleEndian.PutUint64(value, run[i].Load())
		value = value[8:]
	}
	return value
}

// Update overwrites a value in place; every index exists, so NoExist always fails.
func (a *array) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	i, ok := a.index(key)
	switch {
	case flags > abi.Exist:
		return abi.EINVAL
	case !ok:
		return abi.E2BIG
	case flags == abi.NoExist:
		return abi.EEXIST
	}
	for at := i * a.stride; len(value) > 0; {
		run := a.words.writable(at)
		value = writeWords(t, run, value)
		at += uint64(len(run))
	}
	return abi.OK
}

// writeWords stores value in a run of words and returns what is left to store.
func writeWords(t *Task, run []atomic.Uint64, value []byte) []byte {
	for i := range run {
		if len(value) == 0 {
			return nil
		}
		t.Step(PointWord)
		if len(value) < 8 {
			var word [8]byte
			copy(word[:], value)
			storeLow(&run[i], binary.LittleEndian.Uint64(word[:]), len(value))
			return nil
		}
		run[i].Store(binary.LittleEndian.Uint64(value))
		value = value[8:]
	}
	return value
}

// storeLow sets the low bytes of a word. What lies behind a value that ends in the midst of its word belongs to whoever
// has mapped it: no write from here touches it (measured on 6.18).
func storeLow(word *atomic.Uint64, n uint64, bytes int) {
	low := uint64(1)<<(8*bytes) - 1
	for {
		old := word.Load()
		if word.CompareAndSwap(old, old&^low|n&low) {
			return
		}
	}
}

// NextKey counts up; a missing index starts again at 0.
func (a *array) NextKey(_ *Task, key, next []byte) abi.Errno {
	following := uint32(0)
	if key != nil {
		if i, ok := a.index(key); ok {
			following = uint32(i) + 1
		}
	}
	if following == a.spec.MaxEntries {
		return abi.ENOENT
	}
	binary.NativeEndian.PutUint32(next, following)
	return abi.OK
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
