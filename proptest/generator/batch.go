package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// batch is a call on several elements.
func (g *generator) batch(m *mapShape) *program.Call {
	commands := []abi.Cmd{abi.MapUpdateBatch, abi.MapLookupBatch, abi.MapDeleteBatch, abi.MapLookupAndDeleteBatch}
	cmd := commands[weighted(g, 45, 25, 15, 15)]
	in := uint64(0)
	if chance(g, 30) {
		in = tokenAt
	}
	c := g.batchCall(cmd, m, in, g.count(cmd, m))
	if in != 0 && chance(g, 50) {
		token := g.bytes(4)
		token[0] = byte(g.Intn(18))
		g.write(c, tokenAt, token)
	}
	return c
}

// room is the most elements that the pages of keys and values hold.
func (m *mapShape) room() int { return program.PageSize / max(m.key, m.value, 1) }

// count is the number of elements that a batch is about: few of those that it deletes are there.
func (g *generator) count(cmd abi.Cmd, m *mapShape) int {
	count := pick(g, 1+g.Intn(4), 1+g.Intn(m.max+1), m.max, m.max+1, m.room())
	switch cmd {
	case abi.MapUpdateBatch:
		count = min(count, 1+g.Intn(24))
	case abi.MapDeleteBatch:
		count = min(count, 1+g.Intn(4))
	}
	return min(count, m.room())
}

func (g *generator) batchCall(cmd abi.Cmd, m *mapShape, in uint64, count int) *program.Call {
	c := g.call(cmd)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.BatchIn, 8, in)
	a.Set(abi.BatchOut, 8, tokenAt)
	a.Set(abi.BatchKeys, 8, keysAt)
	a.Set(abi.BatchValues, 8, valuesAt)
	a.Set(abi.BatchCount, 4, uint64(count))
	a.Set(abi.BatchMapFD, 4, uint64(m.fd))
	a.Set(abi.BatchElemFlags, 8, g.lock(m))
	if m.key > 0 {
		g.batchMemory(c, m, count)
	}
	g.toPageEnd(a, m, count)
	return c
}

// batchMemory writes the keys and values that a command reads.
func (g *generator) batchMemory(c *program.Call, m *mapShape, count int) {
	switch c.Cmd {
	case abi.MapUpdateBatch:
		g.write(c, keysAt, g.many(count, m.key, g.freshKey, m))
		g.write(c, valuesAt, g.many(min(count, 40), m.value, g.fillValue, m))
	case abi.MapDeleteBatch:
		g.write(c, keysAt, g.many(count, m.key, g.fillKey, m))
	}
}

// toPageEnd now and then moves a batch's arrays to the end of their page, so that nothing behind them can be touched, or
// so far that the last element faults.
func (g *generator) toPageEnd(a program.Attr, m *mapShape, count int) {
	if !chance(g, 12) {
		return
	}
	short := uint64(g.Intn(2))
	a.Set(abi.BatchKeys, 8, program.Base+program.GapPage*program.PageSize-uint64(count*m.key)+short)
	a.Set(abi.BatchValues, 8, program.Base+program.ReadOnlyPage*program.PageSize-uint64(count*m.value)+short*uint64(g.Intn(m.value+1)))
}

// many is count drawn keys or values of so many bytes, packed.
func (g *generator) many(count, size int, fill func([]byte, *mapShape), m *mapShape) []byte {
	b := g.bytes(count * size)
	for i := range count {
		fill(b[i*size:][:size], m)
	}
	return b
}

// fill updates as many keys as a batch can hold, some times over, so that a large map fills and evicts.
func (g *generator) fill(m *mapShape) {
	if m.max <= 12 {
		g.batchWalk(m)
		return
	}
	for range 1 + g.Intn(4) {
		g.add(g.batchCall(abi.MapUpdateBatch, m, 0, m.room()))
	}
	g.add(g.batchCall(abi.MapLookupBatch, m, 0, m.room()))
}

// batchWalk reads, or empties, a whole map.
func (g *generator) batchWalk(m *mapShape) {
	cmd := abi.MapLookupBatch
	if chance(g, 10) {
		cmd = abi.MapLookupAndDeleteBatch
	}
	if chance(g, 60) { // in one call
		g.add(g.batchCall(cmd, m, 0, min(m.max+1, m.room())))
		return
	}
	count := g.count(cmd, m)
	g.add(g.batchCall(cmd, m, 0, count))
	for range 1 + g.Intn(4) {
		g.add(g.batchCall(cmd, m, tokenAt, count))
	}
}
