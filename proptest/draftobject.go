package proptest

import "github.com/bpfsim/bpfsim/abi"

// identify asks for ids and what belongs to them.
func (d *drafter) identify(m *draftMap) *Call {
	switch weighted(d, 4, 4, 4) {
	case 0:
		return d.info(m)
	case 1:
		c := d.call(abi.MapGetNextID)
		attr{c.Contents}.set(abi.IDStart, 4, uint64(d.id()))
		return c
	default:
		c := d.call(abi.MapGetFDByID)
		attr{c.Contents}.set(abi.IDStart, 4, uint64(d.id()))
		attr{c.Contents}.set(abi.IDOpenFlags, 4, uint64(d.openFlags()))
		c.As = d.newFD()
		return c
	}
}

func (d *drafter) id() int { return d.roll(len(d.maps) + 2) }

func (d *drafter) openFlags() uint32 {
	if chance(d, 70) {
		return 0
	}
	return pick(d, abi.FlagReadOnly, abi.FlagWriteOnly, abi.FlagReadOnly|abi.FlagWriteOnly, abi.FlagNoPrealloc)
}

// info asks for struct bpf_map_info, sometimes for a part, sometimes into memory that holds other things.
func (d *drafter) info(m *draftMap) *Call {
	c := d.call(abi.ObjGetInfoByFD)
	a := attr{c.Contents}
	a.set(abi.InfoBPFFD, 4, uint64(m.fd))
	a.set(abi.InfoPtr, 8, infoAt)
	length := abi.MapInfoSize
	if chance(d, 30) {
		length = pick(d, 80, 88, abi.MapInfoEnd, 0, 5, 8, abi.MapInfoSize+16)
	}
	a.set(abi.InfoLen, 4, uint64(length))
	if chance(d, 85) {
		d.write(c, infoAt, d.infoBytes())
	}
	return c
}

// infoBytes is what the caller leaves in the struct: mostly zeros, sometimes a wish for the hash.
func (d *drafter) infoBytes() []byte {
	b := d.bytes(abi.MapInfoSize + 24)
	if chance(d, 15) {
		putWord(b[abi.MapInfoHash:][:8], pick(d, valuesAt, 1, 0))
		putWord(b[abi.MapInfoHashSize:][:4], pick[uint64](d, 32, 31, 0))
	}
	if chance(d, 10) {
		b[d.roll(len(b))] = 0x80
	}
	return b
}

// pinned pins m or opens a pin.
func (d *drafter) pinned(m *draftMap) *Call {
	cmd := pick(d, abi.ObjPin, abi.ObjGet)
	c := d.call(cmd)
	a := attr{c.Contents}
	a.set(abi.ObjPathname, 8, pathAt)
	if cmd == abi.ObjPin {
		a.set(abi.ObjBPFFD, 4, uint64(m.fd))
	} else {
		a.set(abi.ObjFileFlags, 4, uint64(d.openFlags()))
		c.As = d.newFD()
	}
	d.write(c, pathAt, append([]byte(d.path()), 0))
	return c
}
