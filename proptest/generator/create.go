package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// create makes a map; the sizes are few and small, so that maps fill and buckets collide.
func (g *generator) create() *program.Call {
	t, m := g.mapType(), g.newMap()
	if outer(t.typ) && len(g.maps) == 0 {
		t = &mapTypes[0]
	}
	if storage(t.typ) {
		g.needBTF()
	}
	m.typ, m.max = t.typ, t.size(g)
	valueSize := pick(g, 8, 1, 3, 4, 5, 7, 12, 16, 33)
	m.key, m.value = pick(g, t.keys...), program.ValueBytes(t.typ, valueSize, g.machine.CPUs)
	m.flags = t.flags(g) | g.accessFlags()
	if outer(m.typ) {
		valueSize, m.value, m.inner = 4, 4, pick(g, g.maps...).fd
	} else if m.typ == abi.RingBuf || m.typ == abi.UserRingBuf {
		valueSize, m.value = 0, 0
	} else if sizes := fixedValues[m.typ]; sizes != nil {
		valueSize = pick(g, sizes...)
		m.value = valueSize
	} else if len(g.maps) > 0 && chance(g, 25) { // one that can stand for another in a map of maps
		g.likeAnother(m, &valueSize)
	}
	g.typeMap(m, &valueSize)
	m.spread = min(m.max+m.max/2+2, 1<<(8*min(m.key, 3)))
	if m.key == 4 && fixedValues[m.typ] != nil && m.typ != abi.DevMapHash && m.typ != abi.SockHash { // few indices outside
		m.spread = m.max + 1
	}
	if m.typ == abi.LPMTrie {
		m.spread = prefixes
	}
	c := g.call(abi.MapCreate)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.CreateMapType, 4, uint64(m.typ))
	a.Set(abi.CreateKeySize, 4, uint64(m.key))
	a.Set(abi.CreateValueSize, 4, uint64(valueSize))
	if m.typ != abi.CgroupStorage && m.typ != abi.PerCPUCgroupStorage && !storage(m.typ) { // whose elements nobody counts
		a.Set(abi.CreateMaxEntries, 4, uint64(m.max))
	}
	a.Set(abi.CreateMapFlags, 4, uint64(m.flags))
	a.Set(abi.CreateInnerMapFD, 4, uint64(m.inner))
	if m.typ == abi.Arena && chance(g, 60) {
		a.Set(abi.CreateMapExtra, 8, pick[uint64](g, 1<<32, 1<<44, 1<<32-4096, 4095))
	}
	if m.typ == abi.BloomFilter {
		a.Set(abi.CreateMapExtra, 8, uint64(g.Intn(16)))
	}
	copy(a.Bytes[abi.CreateMapName:][:abi.NameLen], pick(g, "", "", "counts", "a.b_C9", "fifteen_letters"))
	m.types.set(a)
	c.As = g.newFD()
	m.fd = c.As
	g.maps = append(g.maps, m)
	g.forgetHidden(m)
	return c
}

// fixedValues are the sizes of values of the types that do not take every size.
var fixedValues = map[abi.MapType][]int{
	abi.PerfEventArray: {4}, abi.ProgArray: {4}, abi.CgroupArray: {4}, abi.XSKMap: {4}, abi.CPUMap: {4, 8}, abi.DevMap: {4, 8}, abi.DevMapHash: {4, 8},
	abi.SockMap: {4, 8, 8}, abi.SockHash: {4, 8, 8}, abi.ReusePortSockArray: {4, 8, 8}, abi.StackTrace: {8, 16, 64}, abi.Arena: {0},
}

// likeAnother gives m the shape of a map that is there.
func (g *generator) likeAnother(m *mapShape, valueSize *int) {
	other := pick(g, g.maps...)
	if outer(other.typ) || fixedValues[other.typ] != nil || program.ValueBytes(other.typ, 8, 1) != program.ValueBytes(other.typ, 8, 2) {
		return
	}
	m.typ, m.key, m.value, m.max, m.flags = other.typ, other.key, other.value, other.max, other.flags
	*valueSize = m.value
	if chance(g, 60) {
		m.types, m.locked = other.types, other.locked
	}
}

// outer reports whether maps of that type hold maps.
func outer(typ abi.MapType) bool { return typ == abi.ArrayOfMaps || typ == abi.HashOfMaps }

// anyFlags are those that any map may have.
const anyFlags = abi.FlagReadOnly | abi.FlagWriteOnly | abi.FlagReadOnlyProg | abi.FlagWriteOnlyProg

// accessFlags narrow what an fd or a program may do, now and then.
func (g *generator) accessFlags() uint32 {
	if chance(g, 6) {
		return pick(g, abi.FlagReadOnly, abi.FlagWriteOnly, abi.FlagReadOnlyProg, abi.FlagWriteOnlyProg)
	}
	return 0
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
