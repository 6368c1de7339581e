package maps

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// vector is the elements of the array types (arraymap.c): max entries values, zero until set, each in a slot of whole
// 8-byte words. It takes no lock, as on Linux: a word is read or written at once, and a longer value, or one that is no word, may
// be seen half old and half new (wordAt).
type vector struct {
	spec   Spec
	stride uint64 // words in a slot
	words  words
}

// vectorStride is the number of words in a slot.
func vectorStride(spec Spec) uint64 { return round8(uint64(valueBytes(spec))) / 8 }

func (v *vector) Spec() Spec      { return v.spec }
func (v *vector) ValueBytes() int { return valueBytes(v.spec) }

// wordBytes is n bytes of word number i.
func wordBytes(i uint64, at, n int, write bool) Access {
	return Access{Of: Values, From: 8*i + uint64(at), To: 8*i + uint64(at+n), Write: write}
}

// index is the element that key names, false behind the last.
func (v *vector) index(key []byte) (uint64, bool) {
	i := binary.NativeEndian.Uint32(key)
	return uint64(i), i < v.spec.MaxEntries
}

// Lookup copies a value; an index out of range is ENOENT.
func (v *vector) Lookup(t *Task, key, value []byte) abi.Errno {
	i, ok := v.index(key)
	if !ok {
		return abi.ENOENT
	}
	t.Step(PointFind)
	t.Touch(Access{Of: Private})
	v.read(t, i*v.stride, value)
	return abi.OK
}

// read fills value from word at on.
func (v *vector) read(t *Task, at uint64, value []byte) {
	for len(value) > 0 {
		t.Step(PointWord)
		run := v.words.readable(at)
		value = readWords(t, value, run, at)
		at += uint64(len(run))
	}
}

// readWords fills value from a run of words that begins at word at, and returns what is left to fill. The first word's step is behind it.
func readWords(t *Task, value []byte, run []atomic.Uint64, at uint64) []byte {
	for i := range run {
		if i > 0 {
			t.Step(PointWord)
		}
		if len(value) < 8 {
			readTail(t, value, &run[i], at+uint64(i))
			return nil
		}
		t.Touch(wordBytes(at+uint64(i), 0, 8, false))
		binary.LittleEndian.PutUint64(value, run[i].Load())
		if value = value[8:]; len(value) == 0 {
			return nil
		}
	}
	return value
}

// readTail fills value from the low bytes of word number number, a smaller word at a time where a Scheduler watches. The first one's step
// is behind it.
func readTail(t *Task, value []byte, from *atomic.Uint64, number uint64) {
	for at := 0; at < len(value); {
		n := len(value)
		if t.Scheduler != nil {
			if n = wordAt(len(value) - at); at > 0 {
				t.Step(PointWord)
			}
			t.Touch(wordBytes(number, at, n, false))
		}
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], from.Load())
		at += copy(value[at:min(at+n, len(value))], word[at:])
	}
}

// Update overwrites a value in place; every index exists, so NoExist always fails.
func (v *vector) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	at, errno := v.admit(key, flags)
	if errno == abi.OK {
		v.write(t, at, value)
	}
	return errno
}

// admit is where the value that an update sets begins, in words.
func (v *vector) admit(key []byte, flags uint64) (at uint64, errno abi.Errno) {
	i, ok := v.index(key)
	switch {
	case flags > abi.Exist:
		return 0, abi.EINVAL
	case !ok:
		return 0, abi.E2BIG
	case flags == abi.NoExist:
		return 0, abi.EEXIST
	}
	return i * v.stride, abi.OK
}

// write stores value from word at on.
func (v *vector) write(t *Task, at uint64, value []byte) {
	for len(value) > 0 {
		run := v.words.writable(at)
		value = writeWords(t, run, value, at)
		at += uint64(len(run))
	}
}

// writeWords stores value in a run of words that begins at word at, and returns what is left to store.
func writeWords(t *Task, run []atomic.Uint64, value []byte, at uint64) []byte {
	for i := range run {
		if len(value) == 0 {
			return nil
		}
		t.Step(PointWord)
		if len(value) < 8 {
			writeTail(t, &run[i], value, at+uint64(i))
			return nil
		}
		t.Touch(wordBytes(at+uint64(i), 0, 8, true))
		run[i].Store(binary.LittleEndian.Uint64(value))
		value = value[8:]
	}
	return value
}

// writeTail stores value in the low bytes of a word, as readTail reads it. What lies behind a value that ends in the midst of
// its word belongs to whoever has mapped it: no write from here touches it (measured on 6.18).
func writeTail(t *Task, to *atomic.Uint64, value []byte, number uint64) {
	var word [8]byte
	copy(word[:], value)
	for at := 0; at < len(value); {
		n := len(value)
		if t.Scheduler != nil {
			if n = wordAt(len(value) - at); at > 0 {
				t.Step(PointWord)
			}
			t.Touch(wordBytes(number, at, n, true))
		}
		storeBytes(to, binary.LittleEndian.Uint64(word[:]), at, min(at+n, len(value)))
		at += n
	}
}

// storeBytes sets the bytes of a word from one to another, counted from the low end.
func storeBytes(word *atomic.Uint64, n uint64, from, to int) {
	mask := (uint64(1)<<(8*(to-from)) - 1) << (8 * from)
	for {
		old := word.Load()
		if word.CompareAndSwap(old, old&^mask|n&mask) {
			return
		}
	}
}

// NextKey counts up; a missing index starts again at 0.
func (v *vector) NextKey(_ *Task, key, next []byte) abi.Errno {
	following := v.behind(key)
	if following == uint64(v.spec.MaxEntries) {
		return abi.ENOENT
	}
	binary.NativeEndian.PutUint32(next, uint32(following))
	return abi.OK
}
