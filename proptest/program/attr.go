package program

import "encoding/binary"

// Word reads the little-endian number in b, which has 4 or 8 bytes.
func Word(b []byte) uint64 {
	if len(b) == 4 {
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// PutWord writes v to b, which has 4 or 8 bytes.
func PutWord(b []byte, v uint64) {
	if len(b) == 4 {
		binary.LittleEndian.PutUint32(b, uint32(v))
		return
	}
	binary.LittleEndian.PutUint64(b, v)
}

// Zero reports whether b has no byte that is set.
func Zero(b []byte) bool { return len(b) == 0 || b[0] == 0 && run(b) == len(b) }

// Attr is the contents of an attr while they are written.
type Attr struct{ Bytes []byte }

// Set writes a field; what lies behind the end is lost, as it is when size is short.
func (a Attr) Set(offset, size int, v uint64) {
	if offset+size <= len(a.Bytes) {
		PutWord(a.Bytes[offset:offset+size], v)
	}
}

// Field reads a field, 0 where it is not whole.
func (a Attr) Field(offset, size int) uint64 {
	if offset+size > len(a.Bytes) {
		return 0
	}
	return Word(a.Bytes[offset : offset+size])
}
