package generator

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Where buffers lie as a rule; attr is at Base. Batches have a page for their keys and one for their values.
const (
	keyAt    = program.Base + 0x400
	valueAt  = program.Base + 0x600
	cursorAt = program.Base + 0x800 // holds the last key of a walk
	tokenAt  = program.Base + 0x900 // holds the last token of a batch walk
	pathAt   = program.Base + 0xa00
	infoAt   = program.Base + 0xb00
	roomAt   = program.Base + 0xc00
	keysAt   = program.Base + program.PageSize
	valuesAt = program.Base + program.WritablePage*program.PageSize
)

// element is a call on one element of m.
func (g *generator) element(m *mapShape) *program.Call {
	for holds(m.typ) && len(g.thingsFor(m.typ)) < 3 && chance(g, 70) {
		g.add(g.openFor(m.typ))
	}
	if m.typ == abi.PerfEventArray {
		if len(g.events) < 3 && chance(g, 60) {
			g.single(g.openEvent())
		}
		if chance(g, 12) {
			g.throughAnother(m)
		}
	}
	if m.key == 0 {
		if m.typ == abi.BloomFilter {
			return g.filterElement(m)
		}
		cmd := pick(g, abi.MapUpdateElem, abi.MapUpdateElem, abi.MapLookupElem, abi.MapLookupAndDeleteElem,
			abi.MapLookupAndDeleteElem, abi.MapUpdateElem, abi.MapUpdateElem)
		if chance(g, 8) {
			cmd = pick(g, abi.MapDeleteElem, abi.MapGetNextKey)
		}
		return g.elemCall(cmd, m, 0, g.output(valueAt, m.value), g.pushFlags(cmd))
	}
	commands := []abi.Cmd{abi.MapUpdateElem, abi.MapLookupElem, abi.MapGetNextKey, abi.MapDeleteElem, abi.MapLookupAndDeleteElem}
	cmd := commands[weighted(g, 55, 15, 10, 12, 8)]
	out := m.value
	if cmd == abi.MapGetNextKey {
		out = m.key
	}
	return g.elemCall(cmd, m, g.input(keyAt, m.key), g.output(valueAt, out), g.updateFlags(cmd, m))
}

// filterElement asks a Bloom filter for a value, mostly, or pushes one.
func (g *generator) filterElement(m *mapShape) *program.Call {
	cmd := pick(g, abi.MapLookupElem, abi.MapLookupElem, abi.MapLookupElem, abi.MapUpdateElem)
	if chance(g, 8) {
		cmd = pick(g, abi.MapDeleteElem, abi.MapGetNextKey, abi.MapLookupAndDeleteElem)
	}
	at := g.input(valueAt, m.value)
	c := g.elemCall(cmd, m, 0, at, g.updateFlags(cmd, m))
	if cmd == abi.MapLookupElem {
		g.write(c, at, g.many(1, m.value, g.fillValue, m))
	}
	return c
}

func (g *generator) pushFlags(cmd abi.Cmd) uint64 {
	if cmd == abi.MapUpdateElem && chance(g, 25) {
		return abi.Exist
	}
	return abi.Any
}

func (g *generator) updateFlags(cmd abi.Cmd, m *mapShape) uint64 {
	if cmd == abi.MapGetNextKey || cmd == abi.MapDeleteElem { // without flags
		return 0
	}
	return g.lock(m) | g.updateMode(cmd)
}

func (g *generator) updateMode(cmd abi.Cmd) uint64 {
	if cmd == abi.MapUpdateElem && chance(g, 30) {
		return pick(g, abi.NoExist, abi.Exist)
	}
	return abi.Any
}

// elemCall is an element command with a drawn key at key and, for an update, a drawn value at value. FREEZE and DELETE
// have room for fewer fields and get those.
func (g *generator) elemCall(cmd abi.Cmd, m *mapShape, key, value, flags uint64) *program.Call {
	c := g.call(cmd)
	a := program.Attr{Bytes: c.Contents[:program.LayoutOf(cmd).End]}
	a.Set(abi.ElemMapFD, 4, uint64(m.fd))
	a.Set(abi.ElemKey, 8, key)
	a.Set(abi.ElemValue, 8, value)
	a.Set(abi.ElemFlags, 8, flags)
	switch {
	case key != 0 && cmd == abi.MapUpdateElem:
		g.write(c, key, g.key(g.freshKey, m))
	case key != 0:
		g.write(c, key, g.key(g.fillKey, m))
	}
	if cmd == abi.MapUpdateElem {
		g.write(c, value, g.many(1, m.value, g.fillValue, m))
	}
	return c
}

// key is a key that fill draws.
func (g *generator) key(fill func([]byte, *mapShape), m *mapShape) []byte {
	return g.many(1, m.key, fill, m)
}

// fillKey draws one of the few keys that are used with m, mostly one that was updated not long ago.
func (g *generator) fillKey(b []byte, m *mapShape) {
	if storage(m.typ) {
		g.owner(b, m.typ)
		return
	}
	if len(m.recent) > 0 && chance(g, 70) {
		m.keyNumber(b, m.recent[(m.oldest+g.Intn(len(m.recent)))%len(m.recent)])
		return
	}
	m.keyNumber(b, g.Intn(m.spread))
}

// freshKey draws a key to update.
func (g *generator) freshKey(b []byte, m *mapShape) {
	if storage(m.typ) || chance(g, 25) {
		g.fillKey(b, m)
		return
	}
	i := g.Intn(m.spread)
	m.remember(i)
	m.keyNumber(b, i)
}

// remember adds the number of a key to the recent ones.
func (m *mapShape) remember(i int) {
	if len(m.recent) < m.max {
		m.recent = append(m.recent, i)
		return
	}
	m.recent[m.oldest] = i
	m.oldest = (m.oldest + 1) % m.max
}

// keyNumber makes b key number i: little-endian, and no zeros behind so that every byte counts.
func (m *mapShape) keyNumber(b []byte, i int) {
	if m.typ == abi.LPMTrie {
		prefix(b, i)
		return
	}
	for at := range min(len(b), 4) {
		b[at] = byte(i >> (8 * at))
	}
	for at := 4; at < len(b); at++ {
		b[at] = byte(i*31 + at)
	}
}

// fillValue draws a value that is rarely the same twice, but for a filter, which is asked for values again.
func (g *generator) fillValue(b []byte, m *mapShape) {
	if outer(m.typ) { // a map's fd
		program.PutWord(b, uint64(pick(g, m.inner, m.inner, m.inner, pick(g, g.maps...).fd, pick(g, g.fds...))))
		return
	}
	switch m.typ {
	case abi.CPUMap:
		g.queue(b)
		return
	case abi.DevMap, abi.DevMapHash, abi.SockMap, abi.SockHash, abi.XSKMap, abi.ReusePortSockArray, abi.CgroupArray, abi.ProgArray,
		abi.PerfEventArray:
		g.reference(b, m.typ)
		return
	}
	v := g.Intn(1 << 14)
	if m.typ == abi.BloomFilter {
		v %= 64
	}
	for at := range b {
		b[at] = byte(v>>(8*(at%2))) + byte(at)
	}
}

// queue makes b a value of a CPUMAP: the size of a queue, and a program's fd where there is room.
func (g *generator) queue(b []byte) {
	program.PutWord(b, uint64(pick(g, 0, 1, 2, 64, 192, 16384, 16385, 1<<31)))
	if len(b) > 4 {
		program.PutWord(b[4:], uint64(pick(g, 0, 0, 0, 1<<32-1, uint32(g.behind(abi.AttachXDPCPUMap)))))
	}
}

// behind is the fd of a program for the end of a queue or device, mostly one that is fit.
func (g *generator) behind(place abi.AttachType) int32 {
	for _, p := range slices.Backward(g.programs) {
		if p.attach == place && chance(g, 80) {
			return p.fd
		}
	}
	return pick(g, g.fds...)
}

// reference makes b a value that names a network device or something open, mostly of the right kind.
func (g *generator) reference(b []byte, typ abi.MapType) {
	if typ == abi.DevMap || typ == abi.DevMapHash {
		program.PutWord(b[:4], pick[uint64](g, 1, 1, 2, 0, program.Nowhere, 1<<32-1))
		if len(b) > 4 {
			program.PutWord(b[4:], pick[uint64](g, 0, 0, 0, 1<<32-1, uint64(g.behind(abi.AttachXDPDevMap))))
		}
		return
	}
	n := uint64(pick(g, g.fds...))
	if things := g.thingsFor(typ); len(things) > 0 && chance(g, 95) {
		n = uint64(pick(g, things[max(0, len(things)-12):]...))
	}
	program.PutWord(b, pick(g, n, n, n, n, n, n, n, n, 1<<31, 1<<32-1)&(1<<(8*min(len(b), 4))-1))
	if len(b) > 4 {
		b[4] = byte(pick(g, 0, 0, 0, 0, 0, 0, 0, 1))
	}
}

// owner makes b the fd of something that values can belong to, mostly of the right kind and one of the last.
func (g *generator) owner(b []byte, typ abi.MapType) {
	n := uint64(uint32(pick(g, pick(g, g.fds...), pick(g, g.fds...), 0, -1)))
	if things := g.thingsFor(typ); len(things) > 0 && chance(g, 92) {
		n = uint64(pick(g, things[max(0, len(things)-5):]...))
	}
	program.PutWord(b[:4], n)
}

// input is where n bytes are read from: a usual place, the end of a page before one that faults, or memory that can only
// be read.
func (g *generator) input(usual uint64, n int) uint64 {
	switch weighted(g, 80, 10, 5, 5) {
	case 1:
		return program.Base + program.GapPage*program.PageSize - uint64(n)
	case 2:
		return program.Base + program.ReadOnlyPage*program.PageSize
	case 3:
		return program.Base + program.ArenaSize - uint64(n)
	}
	return usual
}

// output is where n bytes are written to.
func (g *generator) output(usual uint64, n int) uint64 {
	switch weighted(g, 80, 10, 5, 5) {
	case 1:
		return program.Base + program.GapPage*program.PageSize - uint64(n)
	case 2:
		return program.Base + program.ReadOnlyPage*program.PageSize - uint64(n)
	case 3:
		return keyAt // over the key
	}
	return usual
}

// walk follows a map's keys with one buffer that is the last key and the next.
func (g *generator) walk(m *mapShape) {
	next := func(key uint64) {
		c := g.call(abi.MapGetNextKey)
		a := program.Attr{Bytes: c.Contents}
		a.Set(abi.ElemMapFD, 4, uint64(m.fd))
		a.Set(abi.ElemKey, 8, key)
		a.Set(abi.ElemValue, 8, cursorAt)
		g.add(c)
	}
	if chance(g, 75) {
		next(0)
	}
	for range g.Intn(min(m.max, 12) + 2) {
		next(cursorAt)
	}
	next(cursorAt)
}
