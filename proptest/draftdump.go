package proptest

import "github.com/bpfsim/bpfsim/abi"

// dump is a dump of one kind or another; of those that are a loop of calls, half have steps inside.
func (d *drafter) dump(m *draftMap) *Call {
	kind := weighted(d, 40, 25, 20, 15)
	switch {
	case kind == 2 && d.machine.Has(DumpBucket):
		return d.dumpCall(abi.MapDumpJuly, m, abi.DumpBucket)
	case kind == 3 && d.machine.Has(DumpAndDelete):
		return d.dumpCall(abi.MapDumpAndDelete, m, pick(d, 0, abi.DumpBucket))
	case kind == 0:
		return d.loopDump(abi.MapDump, m)
	}
	return d.loopDump(abi.MapDumpJuly, m)
}

func (d *drafter) loopDump(cmd abi.Cmd, m *draftMap) *Call {
	c := d.dumpCall(cmd, m, 0)
	if chance(d, 50) && m.key > 0 {
		c.During = d.during(m)
	}
	return c
}

// dumpCall is a dump of some elements, from the start or behind a key. The flags of RFC v3 lie behind its last field.
func (d *drafter) dumpCall(cmd abi.Cmd, m *draftMap, flags uint64) *Call {
	c := d.call(cmd)
	a := attr{c.Contents}
	at := dumpFields(cmd)
	a.set(at.fd, 4, uint64(m.fd))
	a.set(at.buf, 8, keysAt)
	a.set(at.bufLen, 8, roomAt)
	a.set(at.flags, 8, flags)
	if chance(d, 60) {
		a.set(at.prevKey, 8, cursorAt)
	}
	if chance(d, 40) && m.key > 0 {
		d.write(c, cursorAt, d.key(d.fillKey, m))
	}
	room := d.room(m)
	d.write(c, roomAt, room)
	if chance(d, 8) { // so that the buffer, or all but its end, can be written
		a.set(at.buf, 8, Base+gapPage*PageSize-word(room)+uint64(d.roll(2)*d.roll(m.key+m.value+1)))
	}
	return c
}

// dumpOffsets are where the fields of a dump lie in attr.
type dumpOffsets struct{ fd, prevKey, buf, bufLen, flags int }

func dumpFields(cmd abi.Cmd) dumpOffsets {
	if cmd == abi.MapDump {
		return dumpOffsets{abi.DumpMapFD, abi.DumpPrevKey, abi.DumpBuf, abi.DumpBufLen, abi.DumpFlags}
	}
	return dumpOffsets{abi.JulyMapFD, abi.JulyPrevKey, abi.JulyBuf, abi.JulyBufLen, abi.JulyFlags}
}

// room is the buffer's length in bytes: some elements, and some bytes more or less.
func (d *drafter) room(m *draftMap) []byte {
	n := d.roll(m.max+2)*(m.key+m.value) + pick(d, 0, 0, 1, -1)
	b := d.bytes(4)
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
