package maps

import "encoding/binary"

// liveBytes is a value in a hash map's slab, and what it is to others.
type liveBytes struct {
	value []byte
	at    Access
}

// liveValue is the value in slot s.
func (x *table) liveValue(s slot) liveBytes {
	return liveBytes{x.arena.value(s), memory(Values, s, false)}
}

// step is the one before a word is looked at.
func (v liveBytes) step(t *Task, word int, write bool) {
	t.Step(PointWord)
	a := v.at.part(8*word, 8)
	a.Write = write
	t.Touch(a)
}

// findLive is the slot of the element with key.
func (x *table) findLive(t *Task, key []byte) slot {
	s, settled := x.findSlot(t, key)
	if !settled {
		x.settleLive(t)
		s, _ = x.findSlot(t, key)
	}
	return s
}

// findSlot is the slot of the element with key, none when there is no such element, if elements have settled.
func (x *table) findSlot(t *Task, key []byte) (s slot, settled bool) {
	hash := x.hash(key)
	in := x.enter(t, hash&x.mask)
	if p, at, found := x.find(hash, key); found {
		s = x.slot(p, at)
	}
	settled = !x.layout.has(keys)
	x.leave(t, in)
	return s, settled
}

// LookupLive finds the value's memory.
func (x *table) LookupLive(t *Task, key []byte) (Live, bool) {
	s := x.findLive(t, key)
	if s == none {
		return nil, false
	}
	return x.liveValue(s), true
}

func (v liveBytes) load(word int) uint64 {
	var w [8]byte
	copy(w[:], v.value[8*word:])
	return binary.LittleEndian.Uint64(w[:])
}

func (v liveBytes) store(word int, n uint64) {
	var w [8]byte
	binary.LittleEndian.PutUint64(w[:], n)
	copy(v.value[8*word:], w[:])
}

func (v liveBytes) Load(t *Task, word int) uint64 {
	v.step(t, word, false)
	return v.load(word)
}

func (v liveBytes) Store(t *Task, word int, n uint64) {
	v.step(t, word, true)
	v.store(word, n)
}

func (v liveBytes) Add(t *Task, word int, delta uint64) uint64 {
	v.step(t, word, true)
	n := v.load(word)
	v.store(word, n+delta)
	return n
}

// liveWords is a value in an array, or a CPU's part of it, whose first word is at.
type liveWords struct {
	array *vector
	at    uint64
}

// LookupLive finds the value's memory; only an index out of range has none.
func (a *array) LookupLive(t *Task, key []byte) (Live, bool) {
	i, ok := a.index(key)
	if !ok {
		return nil, false
	}
	t.Step(PointFind)
	t.Touch(Access{Of: Private})
	return liveWords{&a.vector, i * a.stride}, true
}

// bytes is how much of a word is the value's.
func (v liveWords) bytes(word int) int { return min(int(v.array.spec.ValueSize)-8*word, 8) }

// keep cuts off what lies behind the value's end in its last word.
func (v liveWords) keep(word int, n uint64) uint64 {
	behind := 64 - 8*v.bytes(word)
	return n << behind >> behind
}

func (v liveWords) Load(t *Task, word int) uint64 {
	t.Step(PointWord)
	t.Touch(wordBytes(v.at+uint64(word), 0, 8, false))
	return v.keep(word, v.array.words.load(v.at+uint64(word)))
}

func (v liveWords) Store(t *Task, word int, n uint64) {
	t.Step(PointWord)
	t.Touch(wordBytes(v.at+uint64(word), 0, 8, true))
	at := v.array.words.touch(v.at + uint64(word))
	if bytes := v.bytes(word); bytes < 8 {
		storeBytes(at, n, 0, bytes)
		return
	}
	at.Store(n)
}

func (v liveWords) Add(t *Task, word int, delta uint64) uint64 {
	t.Step(PointWord)
	t.Touch(wordBytes(v.at+uint64(word), 0, 8, true))
	at := v.array.words.touch(v.at + uint64(word))
	for {
		old := at.Load()
		n := v.keep(word, old)
		if at.CompareAndSwap(old, old-n+v.keep(word, n+delta)) {
			return n
		}
	}
}
