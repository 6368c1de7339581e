package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// identify asks for ids and what belongs to them.
func (g *generator) identify(m *mapShape) *program.Call {
	switch weighted(g, 4, 4, 4) {
	case 0:
		return g.info(m)
	case 1:
		c := g.call(abi.MapGetNextID)
		program.Attr{Bytes: c.Contents}.Set(abi.IDStart, 4, uint64(g.id()))
		return c
	default:
		c := g.call(abi.MapGetFDByID)
		program.Attr{Bytes: c.Contents}.Set(abi.IDStart, 4, uint64(g.id()))
		program.Attr{Bytes: c.Contents}.Set(abi.IDOpenFlags, 4, uint64(g.openFlags()))
		c.As = g.newFD()
		return c
	}
}

func (g *generator) id() int { return g.Intn(len(g.maps) + 2) }

func (g *generator) openFlags() uint32 {
	if chance(g, 70) {
		return 0
	}
	return pick(g, abi.FlagReadOnly, abi.FlagWriteOnly, abi.FlagReadOnly|abi.FlagWriteOnly, abi.FlagNoPrealloc)
}

// info asks for struct bpf_map_info, sometimes for a part, sometimes into memory that holds other things.
func (g *generator) info(m *mapShape) *program.Call {
	c := g.call(abi.ObjGetInfoByFD)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.InfoBPFFD, 4, uint64(m.fd))
	a.Set(abi.InfoPtr, 8, infoAt)
	length := abi.MapInfoSize
	if chance(g, 30) {
		length = pick(g, 80, 88, abi.MapInfoEnd, 0, 5, 8, abi.MapInfoSize+16)
	}
	a.Set(abi.InfoLen, 4, uint64(length))
	if chance(g, 85) {
		g.write(c, infoAt, g.infoBytes())
	}
	return c
}

// infoBytes is what the caller leaves in the struct: mostly zeros, sometimes a wish for the hash.
func (g *generator) infoBytes() []byte {
	b := g.bytes(abi.MapInfoSize + 24)
	if chance(g, 15) {
		program.PutWord(b[abi.MapInfoHash:][:8], pick(g, valuesAt, 1, 0))
		program.PutWord(b[abi.MapInfoHashSize:][:4], pick[uint64](g, 32, 31, 0))
	}
	if chance(g, 10) {
		b[g.Intn(len(b))] = 0x80
	}
	return b
}

// pinned pins m or opens a pin.
func (g *generator) pinned(m *mapShape) *program.Call {
	if chance(g, 50) {
		return g.pin(m.fd)
	}
	return g.getAt(g.path(), g.openFlags())
}

// getAt opens a pin.
func (g *generator) getAt(path string, flags uint32) *program.Call {
	c := g.call(abi.ObjGet)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.ObjPathname, 8, pathAt)
	a.Set(abi.ObjFileFlags, 4, uint64(flags))
	c.As = g.newFD()
	g.write(c, pathAt, append([]byte(path), 0))
	return c
}

// pin pins what an fd refers to.
func (g *generator) pin(fd int32) *program.Call { return g.pinAt(fd, g.path()) }

func (g *generator) pinAt(fd int32, path string) *program.Call {
	c := g.call(abi.ObjPin)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.ObjPathname, 8, pathAt)
	a.Set(abi.ObjBPFFD, 4, uint64(uint32(fd)))
	g.write(c, pathAt, append([]byte(path), 0))
	return c
}
