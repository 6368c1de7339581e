package proptest

import "github.com/bpfsim/bpfsim/abi"

// Where buffers lie as a rule; attr is at Base. Batches have a page for their keys and one for their values.
const (
	keyAt    = Base + 0x400
	valueAt  = Base + 0x600
	cursorAt = Base + 0x800 // holds the last key of a walk
	tokenAt  = Base + 0x900 // holds the last token of a batch walk
	pathAt   = Base + 0xa00
	infoAt   = Base + 0xb00
	roomAt   = Base + 0xc00
	keysAt   = Base + PageSize
	valuesAt = Base + writablePage*PageSize
)

// element is a call on one element of m.
func (d *drafter) element(m *draftMap) *Call {
	if m.key == 0 {
		cmd := pick(d, abi.MapUpdateElem, abi.MapUpdateElem, abi.MapLookupElem, abi.MapLookupAndDeleteElem,
			abi.MapLookupAndDeleteElem, abi.MapUpdateElem, abi.MapUpdateElem)
		if chance(d, 8) {
			cmd = pick(d, abi.MapDeleteElem, abi.MapGetNextKey)
		}
		return d.elemCall(cmd, m, 0, d.output(valueAt, m.value), d.pushFlags(cmd))
	}
	commands := []abi.Cmd{abi.MapUpdateElem, abi.MapLookupElem, abi.MapGetNextKey, abi.MapDeleteElem, abi.MapLookupAndDeleteElem}
	cmd := commands[weighted(d, 55, 15, 10, 12, 8)]
	out := m.value
	if cmd == abi.MapGetNextKey {
		out = m.key
	}
	return d.elemCall(cmd, m, d.input(keyAt, m.key), d.output(valueAt, out), d.updateFlags(cmd))
}

func (d *drafter) pushFlags(cmd abi.Cmd) uint64 {
	if cmd == abi.MapUpdateElem && chance(d, 25) {
		return abi.Exist
	}
	return abi.Any
}

func (d *drafter) updateFlags(cmd abi.Cmd) uint64 {
	if cmd == abi.MapUpdateElem && chance(d, 30) {
		return pick(d, abi.NoExist, abi.Exist)
	}
	return abi.Any
}

// elemCall is an element command with a drawn key at key and, for an update, a drawn value at value. FREEZE and DELETE
// have room for fewer fields and get those.
func (d *drafter) elemCall(cmd abi.Cmd, m *draftMap, key, value, flags uint64) *Call {
	c := d.call(cmd)
	a := attr{c.Contents[:layoutOf(cmd).end]}
	a.set(abi.ElemMapFD, 4, uint64(m.fd))
	a.set(abi.ElemKey, 8, key)
	a.set(abi.ElemValue, 8, value)
	a.set(abi.ElemFlags, 8, flags)
	switch {
	case key != 0 && cmd == abi.MapUpdateElem:
		d.write(c, key, d.key(d.freshKey, m))
	case key != 0:
		d.write(c, key, d.key(d.fillKey, m))
	}
	if cmd == abi.MapUpdateElem {
		d.write(c, value, d.many(1, m.value, d.fillValue, m))
	}
	return c
}

// key is a key that fill draws.
func (d *drafter) key(fill func([]byte, *draftMap), m *draftMap) []byte {
	return d.many(1, m.key, fill, m)
}

// fillKey draws one of the few keys that are used with m, mostly one that was updated not long ago.
func (d *drafter) fillKey(b []byte, m *draftMap) {
	if len(m.recent) > 0 && chance(d, 70) {
		m.keyNumber(b, m.recent[(m.oldest+d.roll(len(m.recent)))%len(m.recent)])
		return
	}
	m.keyNumber(b, d.roll(m.spread))
}

// freshKey draws a key to update.
func (d *drafter) freshKey(b []byte, m *draftMap) {
	if chance(d, 25) {
		d.fillKey(b, m)
		return
	}
	i := d.roll(m.spread)
	m.remember(i)
	m.keyNumber(b, i)
}

// remember adds the number of a key to the recent ones.
func (m *draftMap) remember(i int) {
	if len(m.recent) < m.max {
		m.recent = append(m.recent, i)
		return
	}
	m.recent[m.oldest] = i
	m.oldest = (m.oldest + 1) % m.max
}

// keyNumber makes b key number i: little-endian, and no zeros behind so that every byte counts.
func (m *draftMap) keyNumber(b []byte, i int) {
	for at := range min(len(b), 4) {
		b[at] = byte(i >> (8 * at))
	}
	for at := 4; at < len(b); at++ {
		b[at] = byte(i*31 + at)
	}
}

// fillValue draws a value that is rarely the same twice.
func (d *drafter) fillValue(b []byte, _ *draftMap) {
	v := d.roll(1 << 14)
	for at := range b {
		b[at] = byte(v>>(8*(at%2))) + byte(at)
	}
}

// input is where n bytes are read from: a usual place, the end of a page before one that faults, or memory that can only
// be read.
func (d *drafter) input(usual uint64, n int) uint64 {
	switch weighted(d, 80, 10, 5, 5) {
	case 1:
		return Base + gapPage*PageSize - uint64(n)
	case 2:
		return Base + readOnlyPage*PageSize
	case 3:
		return Base + ArenaSize - uint64(n)
	}
	return usual
}

// output is where n bytes are written to.
func (d *drafter) output(usual uint64, n int) uint64 {
	switch weighted(d, 80, 10, 5, 5) {
	case 1:
		return Base + gapPage*PageSize - uint64(n)
	case 2:
		return Base + readOnlyPage*PageSize - uint64(n)
	case 3:
		return keyAt // over the key
	}
	return usual
}

// walk follows a map's keys with one buffer that is the last key and the next.
func (d *drafter) walk(m *draftMap) {
	next := func(key uint64) {
		c := d.call(abi.MapGetNextKey)
		a := attr{c.Contents}
		a.set(abi.ElemMapFD, 4, uint64(m.fd))
		a.set(abi.ElemKey, 8, key)
		a.set(abi.ElemValue, 8, cursorAt)
		d.add(c)
	}
	if chance(d, 75) {
		next(0)
	}
	for range d.roll(min(m.max, 12) + 2) {
		next(cursorAt)
	}
	next(cursorAt)
}
