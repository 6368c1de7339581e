package proptest

import "github.com/bpfsim/bpfsim/abi"

// dump is a BPF_MAP_DUMP, half of them with steps inside.
func (d *drafter) dump(m *draftMap) Call {
	c := d.call(abi.MapDump)
	a := attr{c.Contents}
	a.set(abi.DumpMapFD, 4, uint64(m.fd))
	a.set(abi.DumpBuf, 8, keysAt)
	a.set(abi.DumpBufLen, 8, roomAt)
	if chance(d, 60) {
		a.set(abi.DumpPrevKey, 8, cursorAt)
	}
	if chance(d, 40) {
		c.Memory = append(c.Memory, Write{cursorAt, d.keyBytes(m)})
	}
	if m.key == 0 {
		c.Memory = nil
	}
	c.Memory = append(c.Memory, Write{roomAt, d.room(m)})
	if chance(d, 50) && m.key > 0 {
		c.During = d.during(m)
	}
	return c
}

// room is the buffer's length in bytes: some elements, and some bytes more or less.
func (d *drafter) room(m *draftMap) []byte {
	n := d.roll(m.max+2)*(m.key+m.value) + pick(d, 0, 0, 1, -1)
	b := make([]byte, 4)
	putWord(b, uint64(min(max(n, 0), PageSize)))
	return b
}

// during are steps that change the map while it is dumped: few keys and few places, so that they meet the cursor.
func (d *drafter) during(m *draftMap) []Nested {
	var steps []Nested
	before := 0
	for range 1 + d.roll(3) {
		before += d.roll(4)
		c := d.element(m)
		if chance(d, 50) {
			c = d.elemCall(abi.MapDeleteElem, m, keyAt, 0, 0)
		}
		steps = append(steps, Nested{Before: before, Step: d.on(c)})
	}
	if chance(d, 5) {
		last := Step{CPU: d.cpu, Action: pick[Action](d, Close{FD: m.fd}, d.elemCall(abi.MapFreeze, m, 0, 0, 0))}
		steps = append(steps, Nested{Before: before, Step: last})
	}
	return steps
}
