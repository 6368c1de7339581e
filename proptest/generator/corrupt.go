package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// corrupt makes one or two things of a call wrong, so that checks compete. What few callers ask for when they make a map may be all,
// since some of it is looked at behind everything else.
func (g *generator) corrupt(c *program.Call) {
	wrong := 1 + g.Intn(2)
	if c.Cmd == abi.MapCreate && chance(g, 40) {
		for range 1 + g.Intn(3) {
			g.corruptCreate(c)
		}
		wrong = g.Intn(3)
	}
	for range wrong {
		switch weighted(g, 60, 10, 8, 8, 2) {
		case 0:
			g.corruptField(c)
		case 1:
			g.corruptSize(c)
		case 2:
			g.corruptTail(c)
		case 3:
			g.corruptAddress(c)
		default:
			c.Cmd = pick[abi.Cmd](g, abi.NumLinuxCmds, 40, 100, 999, 5000, 1<<30, 1<<32-1)
			c.During = nil
		}
	}
}

// corruptCreate asks for what few callers ask for.
func (g *generator) corruptCreate(c *program.Call) {
	a := program.Attr{Bytes: c.Contents}
	flags := a.Field(abi.CreateMapFlags, 4)
	switch g.Intn(5) {
	case 0:
		a.Set(abi.CreateMapFlags, 4, flags|uint64(abi.FlagTokenFD))
		a.Set(abi.CreateMapTokenFD, 4, uint64(uint32(g.doubtfulFD())))
	case 1:
		a.Set(abi.CreateMapFlags, 4, flags|uint64(abi.FlagNUMANode))
		a.Set(abi.CreateNumaNode, 4, pick[uint64](g, 0, uint64(abi.AnyNode), 4096))
	case 2:
		a.Set(abi.CreateMapFlags, 4, flags^uint64(abi.FlagNoPrealloc))
	case 3:
		a.Set(abi.CreateMapIfindex, 4, pick[uint64](g, 1, program.Nowhere))
	default:
		a.Set(abi.CreateExclProgHash, 8, pick(g, keyAt, 1, g.doubtfulAddress()))
		a.Set(abi.CreateExclProgHashSize, 4, pick[uint64](g, 32, 31, 0))
	}
}

// corruptField puts something doubtful into a field.
func (g *generator) corruptField(c *program.Call) {
	known := program.LayoutOf(c.Cmd).Fields
	if len(known) == 0 {
		return
	}
	f := pick(g, known...)
	if f.End() > len(c.Contents) {
		return
	}
	b := c.Contents[f.Offset:f.End()]
	switch f.Kind {
	case abi.Name:
		copy(b, pick(g, "sixteen_letters_", "a b", "a-b", "\xe9t\xe9", "\x80", "ok\x00\xff\xff", "a/b"))
	case abi.FD:
		program.PutWord(b, uint64(uint32(g.doubtfulFD())))
	case abi.Pointer, abi.String:
		program.PutWord(b, g.doubtfulAddress())
	case abi.Flags:
		program.PutWord(b, pick[uint64](g, 1, 2, 3, 4, 5, 8, 16, 24, 0x20, 0x40, 0x100, 0x180, 0x200, 0x400, 0x1000, 1<<16, 1<<31)<<(8*g.Intn(2)))
	default:
		program.PutWord(b, pick[uint64](g, 0, 1, 2, 3, 4, 5, 8, 9, 31, 32, 64, 4096, 1<<22, 1<<22+1, 1<<27+1, 1<<31-1, 1<<31, 1<<32-1))
	}
}

func (g *generator) doubtfulFD() int32 {
	return pick(g, -1, program.FirstFD+program.NumFDs-1, 0, 1, pick(g, g.fds...), -2)
}

// doubtfulAddress is NULL, unmapped, the kernel's, read-only, or so near the end of a page that not all fits.
func (g *generator) doubtfulAddress() uint64 {
	const gap, readOnly = program.Base + program.GapPage*program.PageSize, program.Base + program.ReadOnlyPage*program.PageSize
	near := uint64(1 + g.Intn(12))
	return pick[uint64](g, 0, 1, gap, gap-near, readOnly, readOnly-near, program.Base+program.ArenaSize-near, program.Base-near, program.Base,
		1<<63, 0xffff_8880_0000_0000, 1<<64-1, 1<<64-8, keyAt, cursorAt+1)
}

// corruptSize passes another size than there is.
func (g *generator) corruptSize(c *program.Call) {
	if chance(g, 60) {
		c.Size = uint32(4 * g.Intn(int(c.Size)/4+1))
		return
	}
	c.Size = pick[uint32](g, 0, abi.AttrSize, abi.AttrSize+1, abi.MaxAttrSize, abi.MaxAttrSize+1, 8192, 1<<32-1)
}

// corruptTail sets a byte behind the fields.
func (g *generator) corruptTail(c *program.Call) {
	end := program.LayoutOf(c.Cmd).End
	at := end + g.Intn(abi.AttrSize+8-end)
	c.Contents = append(c.Contents, make([]byte, max(at+1-len(c.Contents), 0))...)
	c.Contents[at] = byte(1 + g.Intn(255))
	c.Size = max(c.Size, uint32(len(c.Contents)))
}

// corruptAddress moves attr to where it cannot all be read, or can only be read.
func (g *generator) corruptAddress(c *program.Call) {
	c.Attr = g.doubtfulAddress()
	if chance(g, 30) {
		c.Attr = program.Base + program.ReadOnlyPage*program.PageSize
	}
}
