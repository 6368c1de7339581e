package btf

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// header is struct btf_header. Offsets count from the header's end.
type header struct {
	magic            uint16
	version, flags   uint8
	length           uint32 // hdr_len
	typeOff, typeLen uint32
	strOff, strLen   uint32
}

const (
	headerSize  = 24
	lengthEnd   = 8 // of hdr_len
	magicNumber = 0xeb9f
	version     = 1
)

// readHeader follows btf_parse_hdr: a longer header is one of a later version, and taken when what is not known is zero.
func (c *checker) readHeader(data []byte) abi.Errno {
	if len(data) < lengthEnd {
		return c.refuse(abi.EINVAL, "hdr_len not found")
	}
	length := binary.LittleEndian.Uint32(data[4:])
	if uint64(len(data)) < uint64(length) {
		return c.refuse(abi.EINVAL, "btf_header not found")
	}
	if length > headerSize && slices.ContainsFunc(data[headerSize:length], func(b byte) bool { return b != 0 }) {
		return c.refuse(abi.E2BIG, "Unsupported btf_header")
	}
	c.header = parseHeader(data[:min(length, headerSize)])
	c.logHeader(len(data))
	switch {
	case c.header.magic != magicNumber:
		return c.refuse(abi.EINVAL, "Invalid magic")
	case c.header.version != version:
		return c.refuse(abi.ENOTSUPP, "Unsupported version")
	case c.header.flags != 0:
		return c.refuse(abi.ENOTSUPP, "Unsupported flags")
	case uint64(len(data)) == uint64(c.header.length):
		return c.refuse(abi.EINVAL, "No data")
	}
	return c.checkSections(uint64(len(data)) - uint64(c.header.length))
}

// parseHeader reads a header, zero where it is too short.
func parseHeader(short []byte) header {
	var b [headerSize]byte
	copy(b[:], short)
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	return header{binary.LittleEndian.Uint16(b[:]), b[2], b[3], word(4), word(8), word(12), word(16), word(20)}
}

func (c *checker) logHeader(size int) {
	h := c.header
	c.log.Printf("magic: 0x%x\n", h.magic)
	c.log.Printf("version: %d\n", h.version)
	c.log.Printf("flags: 0x%x\n", h.flags)
	c.log.Printf("hdr_len: %d\n", h.length)
	c.log.Printf("type_off: %d\n", h.typeOff)
	c.log.Printf("type_len: %d\n", h.typeLen)
	c.log.Printf("str_off: %d\n", h.strOff)
	c.log.Printf("str_len: %d\n", h.strLen)
	c.log.Printf("btf_total_size: %d\n", size)
}

// checkSections follows btf_check_sec_info: the two sections fill what is behind the header, without gaps.
func (c *checker) checkSections(size uint64) abi.Errno {
	h := c.header
	sections := [2][2]uint32{{h.typeOff, h.typeLen}, {h.strOff, h.strLen}}
	if a, b := sections[0], sections[1]; int32(b[0]-a[0]) < 0 || a[0] == b[0] && int32(b[1]-a[1]) < 0 {
		sections[0], sections[1] = b, a
	}
	total := uint64(0)
	for _, s := range sections {
		offset, length := uint64(s[0]), uint64(s[1])
		switch {
		case size < offset:
			return c.refuse(abi.EINVAL, "Invalid section offset")
		case total < offset:
			return c.refuse(abi.EINVAL, "Unsupported section found")
		case total > offset:
			return c.refuse(abi.EINVAL, "Section overlap found")
		case size-total < length:
			return c.refuse(abi.EINVAL, "Total section length too long")
		}
		total += length
	}
	if total != size {
		return c.refuse(abi.EINVAL, "Unsupported section found")
	}
	return abi.OK
}

// readStrings follows btf_parse_str_sec.
func (c *checker) readStrings(body []byte) abi.Errno {
	h := c.header
	if uint64(h.strOff)+uint64(h.strLen) != uint64(len(body)) {
		return c.refuse(abi.EINVAL, "String section is not at the end")
	}
	c.strings = body[h.strOff:]
	if n := len(c.strings); n == 0 || n-1 > maxNameOffset || c.strings[n-1] != 0 || c.strings[0] != 0 {
		return c.refuse(abi.EINVAL, "Invalid string section")
	}
	return abi.OK
}
