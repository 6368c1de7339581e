package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// create makes a map; the sizes are few and small, so that maps fill and buckets collide.
func (g *generator) create() *program.Call {
	m := g.newMap()
	m.typ = pick(g, abi.Hash, abi.LRUHash, abi.LRUHash, abi.Hash, abi.LRUHash, abi.Array, abi.Queue, abi.Stack)
	m.key, m.value = pick(g, 4, 1, 2, 3, 5, 7, 8, 12, 13, 16, 20, 64), pick(g, 8, 1, 3, 4, 5, 7, 12, 16, 33)
	m.max = g.size(m.typ)
	switch m.typ {
	case abi.Array:
		m.key = 4
	case abi.Queue, abi.Stack:
		m.key = 0
	}
	m.spread = min(m.max+m.max/2+2, 1<<(8*min(m.key, 3)))
	c := g.call(abi.MapCreate)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.CreateMapType, 4, uint64(m.typ))
	a.Set(abi.CreateKeySize, 4, uint64(m.key))
	a.Set(abi.CreateValueSize, 4, uint64(m.value))
	a.Set(abi.CreateMaxEntries, 4, uint64(m.max))
	a.Set(abi.CreateMapFlags, 4, uint64(g.createFlags(m.typ)))
	copy(a.Bytes[abi.CreateMapName:][:abi.NameLen], pick(g, "", "", "counts", "a.b_C9", "fifteen_letters"))
	c.As = g.newFD()
	m.fd = c.As
	g.maps = append(g.maps, m)
	return c
}

// size is max_entries.
func (g *generator) size(t abi.MapType) int {
	switch {
	case t == abi.Queue || t == abi.Stack:
		return 1 + g.Intn(6)
	case t == abi.Array:
		return 1 + g.Intn(12)
	case chance(g, 10):
		return 13 + g.Intn(300)
	case chance(g, 3):
		return 300 + g.Intn(1500)
	}
	return 1 + g.Intn(12)
}

// createFlags are flags that the type accepts.
func (g *generator) createFlags(t abi.MapType) uint32 {
	var flags uint32
	if t == abi.Hash || t == abi.LRUHash {
		flags = abi.FlagZeroSeed
		if chance(g, 2) || !g.machine.SysAdmin && !chance(g, 2) {
			flags = 0
		}
	}
	switch {
	case t == abi.Hash && chance(g, 40):
		flags |= abi.FlagNoPrealloc
	case t == abi.LRUHash && chance(g, 30):
		flags |= abi.FlagNoCommonLRU
	case t == abi.Array && chance(g, 10):
		flags |= abi.FlagMmapable
	}
	if chance(g, 6) {
		flags |= pick(g, abi.FlagReadOnly, abi.FlagWriteOnly, abi.FlagReadOnlyProg, abi.FlagWriteOnlyProg)
	}
	return flags
}

// call is a call whose attr is empty and whole.
func (g *generator) call(cmd abi.Cmd) *program.Call {
	end := program.LayoutOf(cmd).End
	size := end
	if chance(g, 10) {
		size = pick(g, abi.AttrSize, abi.AttrSize+24, (end+7)&^7, end+4)
	}
	c := g.newCall()
	c.Cmd, c.Attr, c.Size, c.Contents = cmd, program.Base, uint32(size), g.bytes(size)
	if chance(g, 8) { // exactly before the page that faults
		c.Attr = program.Base + program.GapPage*program.PageSize - uint64(size)
	}
	return c
}
