package btf

import "encoding/binary"

// Builder lays out BTF, for tests and generated programs. It checks nothing. The zero value is ready.
type Builder struct {
	strings []byte
	types   []byte
	count   uint32
}

// Name is the offset of a string, 0 for none.
func (b *Builder) Name(s string) uint32 {
	if s == "" {
		return 0
	}
	if len(b.strings) == 0 {
		b.strings = []byte{0}
	}
	at := len(b.strings)
	b.strings = append(append(b.strings, s...), 0)
	return uint32(at)
}

// Add adds a type, with words behind it, and returns its number. size is the type's size or the number that it refers to.
func (b *Builder) Add(kind Kind, name string, vlen int, size uint32, words ...uint32) uint32 {
	return b.AddInfo(uint32(kind)<<kindShift|uint32(vlen), name, size, words...)
}

// AddInfo is Add for any info: 1<<31 is the flag whose meaning depends on the kind.
func (b *Builder) AddInfo(info uint32, name string, size uint32, words ...uint32) uint32 {
	for _, w := range append([]uint32{b.Name(name), info, size}, words...) {
		b.types = binary.LittleEndian.AppendUint32(b.types, w)
	}
	b.count++
	return b.count
}

// Int adds an integer of so many bytes.
func (b *Builder) Int(name string, bytes uint32) uint32 {
	return b.Add(Int, name, 0, bytes, 8*bytes)
}

// Member is a member of a struct or union.
type Member struct {
	Name   string
	Type   uint32
	Offset uint32 // bytes
}

// Struct adds a struct of so many bytes.
func (b *Builder) Struct(name string, bytes uint32, members ...Member) uint32 {
	var words []uint32
	for _, m := range members {
		words = append(words, b.Name(m.Name), m.Type, 8*m.Offset)
	}
	return b.Add(Struct, name, len(members), bytes, words...)
}

// Bytes is the BTF.
func (b *Builder) Bytes() []byte {
	strings := b.strings
	if len(strings) == 0 {
		strings = []byte{0}
	}
	h := binary.LittleEndian.AppendUint16(nil, magicNumber)
	h = append(h, version, 0)
	for _, w := range []int{headerSize, 0, len(b.types), len(b.types), len(strings)} {
		h = binary.LittleEndian.AppendUint32(h, uint32(w))
	}
	return append(append(h, b.types...), strings...)
}
