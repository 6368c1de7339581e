package proptest

import "github.com/bpfsim/bpfsim/abi"

// create makes a map; the sizes are few and small, so that maps fill and buckets collide.
func (d *drafter) create() *Call {
	m := d.blankMap()
	m.typ = pick(d, abi.Hash, abi.LRUHash, abi.LRUHash, abi.Hash, abi.LRUHash, abi.Array, abi.Queue, abi.Stack)
	m.key, m.value = pick(d, 4, 1, 2, 3, 5, 7, 8, 12, 13, 16, 20, 64), pick(d, 8, 1, 3, 4, 5, 7, 12, 16, 33)
	m.max = d.size(m.typ)
	switch m.typ {
	case abi.Array:
		m.key = 4
	case abi.Queue, abi.Stack:
		m.key = 0
	}
	m.spread = min(m.max+m.max/2+2, 1<<(8*min(m.key, 3)))
	c := d.call(abi.MapCreate)
	a := attr{c.Contents}
	a.set(abi.CreateMapType, 4, uint64(m.typ))
	a.set(abi.CreateKeySize, 4, uint64(m.key))
	a.set(abi.CreateValueSize, 4, uint64(m.value))
	a.set(abi.CreateMaxEntries, 4, uint64(m.max))
	a.set(abi.CreateMapFlags, 4, uint64(d.createFlags(m.typ)))
	copy(a.bytes[abi.CreateMapName:][:abi.NameLen], pick(d, "", "", "counts", "a.b_C9", "fifteen_letters"))
	c.As = d.newFD()
	m.fd = c.As
	d.maps = append(d.maps, m)
	return c
}

// size is max_entries.
func (d *drafter) size(t abi.MapType) int {
	switch {
	case t == abi.Queue || t == abi.Stack:
		return 1 + d.roll(6)
	case t == abi.Array:
		return 1 + d.roll(12)
	case chance(d, 10):
		return 13 + d.roll(300)
	case chance(d, 3):
		return 300 + d.roll(1500)
	}
	return 1 + d.roll(12)
}

// createFlags are flags that the type accepts.
func (d *drafter) createFlags(t abi.MapType) uint32 {
	var flags uint32
	if t == abi.Hash || t == abi.LRUHash {
		flags = abi.FlagZeroSeed
		if chance(d, 2) || !d.machine.SysAdmin && !chance(d, 2) {
			flags = 0
		}
	}
	switch {
	case t == abi.Hash && chance(d, 40):
		flags |= abi.FlagNoPrealloc
	case t == abi.LRUHash && chance(d, 30):
		flags |= abi.FlagNoCommonLRU
	case t == abi.Array && chance(d, 10):
		flags |= abi.FlagMmapable
	}
	if chance(d, 6) {
		flags |= pick(d, abi.FlagReadOnly, abi.FlagWriteOnly, abi.FlagReadOnlyProg, abi.FlagWriteOnlyProg)
	}
	return flags
}

// attr is the contents of an attr while they are written.
type attr struct{ bytes []byte }

// set writes a field; what lies behind the end is lost, as it is when size is short.
func (a attr) set(offset, size int, v uint64) {
	if offset+size <= len(a.bytes) {
		putWord(a.bytes[offset:offset+size], v)
	}
}

// field reads a field, 0 where it is not whole.
func (a attr) field(offset, size int) uint64 {
	if offset+size > len(a.bytes) {
		return 0
	}
	return word(a.bytes[offset : offset+size])
}

// call is a call whose attr is empty and whole.
func (d *drafter) call(cmd abi.Cmd) *Call {
	end := layoutOf(cmd).end
	size := end
	if chance(d, 10) {
		size = pick(d, abi.AttrSize, abi.AttrSize+24, (end+7)&^7, end+4)
	}
	c := d.blankCall()
	c.Cmd, c.Attr, c.Size, c.Contents = cmd, Base, uint32(size), d.bytes(size)
	if chance(d, 8) { // exactly before the page that faults
		c.Attr = Base + gapPage*PageSize - uint64(size)
	}
	return c
}
