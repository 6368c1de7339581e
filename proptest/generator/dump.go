package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// dump is a dump of one kind or another; of those that are a loop of calls, half have steps inside.
func (g *generator) dump(m *mapShape) *program.Call {
	kind := weighted(g, 40, 25, 20, 15)
	switch {
	case kind == 2 && g.machine.Has(program.DumpBucket):
		return g.dumpCall(abi.MapDumpJuly, m, abi.DumpBucket)
	case kind == 3 && g.machine.Has(program.DumpAndDelete):
		return g.dumpCall(abi.MapDumpAndDelete, m, pick(g, 0, abi.DumpBucket))
	case kind == 0:
		return g.loopDump(abi.MapDump, m)
	}
	return g.loopDump(abi.MapDumpJuly, m)
}

func (g *generator) loopDump(cmd abi.Cmd, m *mapShape) *program.Call {
	c := g.dumpCall(cmd, m, 0)
	if chance(g, 50) && m.key > 0 {
		c.During = g.during(m)
	}
	return c
}

// dumpCall is a dump of some elements, from the start or behind a key. The flags of RFC v3 lie behind its last field.
func (g *generator) dumpCall(cmd abi.Cmd, m *mapShape, flags uint64) *program.Call {
	c := g.call(cmd)
	a := program.Attr{Bytes: c.Contents}
	at := dumpFields(cmd)
	a.Set(at.fd, 4, uint64(m.fd))
	a.Set(at.buf, 8, keysAt)
	a.Set(at.bufLen, 8, roomAt)
	if cmd != abi.MapDump {
		flags |= g.lock(m)
	}
	a.Set(at.flags, 8, flags)
	if chance(g, 60) {
		a.Set(at.prevKey, 8, cursorAt)
	}
	if chance(g, 40) && m.key > 0 {
		g.write(c, cursorAt, g.key(g.fillKey, m))
	}
	room := g.room(m)
	g.write(c, roomAt, room)
	if chance(g, 8) { // so that the buffer, or all but its end, can be written
		a.Set(at.buf, 8, program.Base+program.GapPage*program.PageSize-program.Word(room)+uint64(g.Intn(2)*g.Intn(m.key+m.value+1)))
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
func (g *generator) room(m *mapShape) []byte {
	n := g.Intn(m.max+2)*(m.key+m.value) + pick(g, 0, 0, 1, -1)
	b := g.bytes(4)
	program.PutWord(b, uint64(min(max(n, 0), program.PageSize)))
	return b
}

// during are steps that change the map while it is dumped: few keys and few places, so that they meet the cursor.
func (g *generator) during(m *mapShape) []program.Nested {
	var steps []program.Nested
	before := 0
	for range 1 + g.Intn(3) {
		before += g.Intn(4)
		c := g.element(m)
		if chance(g, 50) {
			c = g.elemCall(abi.MapDeleteElem, m, keyAt, 0, 0)
		}
		steps = append(steps, program.Nested{Before: before, Step: g.on(c)})
	}
	if chance(g, 5) {
		last := program.Step{CPU: g.cpu, Action: pick[program.Action](g, program.Close{FD: m.fd}, g.elemCall(abi.MapFreeze, m, 0, 0, 0))}
		steps = append(steps, program.Nested{Before: before, Step: last})
	}
	return steps
}
