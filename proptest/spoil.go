package proptest

import "github.com/bpfsim/bpfsim/abi"

// spoil makes one or two things of a call wrong, so that checks compete.
func (d *drafter) spoil(c *Call) {
	if c.Cmd == abi.MapCreate && chance(d, 40) {
		d.spoilCreate(c)
	}
	for range 1 + d.roll(2) {
		switch weighted(d, 60, 10, 8, 8, 2) {
		case 0:
			d.spoilField(c)
		case 1:
			d.spoilSize(c)
		case 2:
			d.spoilTail(c)
		case 3:
			d.spoilPlace(c)
		default:
			c.Cmd = pick[abi.Cmd](d, abi.NumLinuxCmds, 40, 100, 999, 5000, 1<<30, 1<<32-1)
			c.During = nil
		}
	}
}

// spoilCreate asks for what few callers ask for.
func (d *drafter) spoilCreate(c *Call) {
	a := attr{c.Contents}
	flags := a.field(abi.CreateMapFlags, 4)
	switch d.roll(5) {
	case 0:
		a.set(abi.CreateMapFlags, 4, flags|uint64(abi.FlagTokenFD))
		a.set(abi.CreateMapTokenFD, 4, uint64(uint32(d.doubtfulFD())))
	case 1:
		a.set(abi.CreateMapFlags, 4, flags|uint64(abi.FlagNUMANode))
		a.set(abi.CreateNumaNode, 4, pick[uint64](d, 0, uint64(abi.AnyNode), 4096))
	case 2:
		a.set(abi.CreateMapFlags, 4, flags^uint64(abi.FlagNoPrealloc))
	case 3:
		a.set(abi.CreateMapIfindex, 4, pick[uint64](d, 1, nowhere))
	default:
		a.set(abi.CreateExclProgHash, 8, pick(d, keyAt, 1, d.doubtfulAddress()))
		a.set(abi.CreateExclProgHashSize, 4, pick[uint64](d, 32, 31, 0))
	}
}

// spoilField puts something doubtful into a field.
func (d *drafter) spoilField(c *Call) {
	known := layoutOf(c.Cmd).fields
	if len(known) == 0 {
		return
	}
	f := pick(d, known...)
	if f.offset+f.size > len(c.Contents) {
		return
	}
	b := c.Contents[f.offset : f.offset+f.size]
	switch f.kind {
	case chars:
		copy(b, pick(d, "sixteen_letters_", "a b", "a-b", "\xe9t\xe9", "\x80", "ok\x00\xff\xff", "a/b"))
	case fd:
		putWord(b, uint64(uint32(d.doubtfulFD())))
	case pointer:
		putWord(b, d.doubtfulAddress())
	case mask:
		putWord(b, pick[uint64](d, 1, 2, 3, 4, 5, 8, 16, 24, 0x20, 0x40, 0x100, 0x180, 0x200, 0x400, 0x1000, 1<<16, 1<<31)<<(8*d.roll(2)))
	default:
		putWord(b, pick[uint64](d, 0, 1, 2, 3, 4, 5, 8, 9, 31, 32, 64, 4096, 1<<22, 1<<22+1, 1<<27+1, 1<<31-1, 1<<31, 1<<32-1))
	}
}

func (d *drafter) doubtfulFD() int32 {
	return pick(d, -1, FirstFD+NumFDs-1, 0, 1, pick(d, d.fds...), -2)
}

// doubtfulAddress is NULL, unmapped, the kernel's, read-only, or so near the end of a page that not all fits.
func (d *drafter) doubtfulAddress() uint64 {
	const gap, readOnly = Base + gapPage*PageSize, Base + readOnlyPage*PageSize
	near := uint64(1 + d.roll(12))
	return pick[uint64](d, 0, 1, gap, gap-near, readOnly, readOnly-near, Base+ArenaSize-near, Base-near, Base,
		1<<63, 0xffff_8880_0000_0000, 1<<64-1, 1<<64-8, keyAt, cursorAt+1)
}

// spoilSize passes another size than there is.
func (d *drafter) spoilSize(c *Call) {
	if chance(d, 60) {
		c.Size = uint32(4 * d.roll(int(c.Size)/4+1))
		return
	}
	c.Size = pick[uint32](d, 0, abi.AttrSize, abi.AttrSize+1, abi.MaxAttrSize, abi.MaxAttrSize+1, 8192, 1<<32-1)
}

// spoilTail sets a byte behind the fields.
func (d *drafter) spoilTail(c *Call) {
	end := layoutOf(c.Cmd).end
	at := end + d.roll(abi.AttrSize+8-end)
	c.Contents = append(c.Contents, make([]byte, max(at+1-len(c.Contents), 0))...)
	c.Contents[at] = byte(1 + d.roll(255))
	c.Size = max(c.Size, uint32(len(c.Contents)))
}

// spoilPlace moves attr to where it cannot all be read, or can only be read.
func (d *drafter) spoilPlace(c *Call) {
	c.Attr = d.doubtfulAddress()
	if chance(d, 30) {
		c.Attr = Base + readOnlyPage*PageSize
	}
}
