package btf

import "github.com/bpfsim/bpfsim/abi"

// BTF is a set of types that has been checked.
type BTF struct {
	data    []byte
	strings []byte
	types   []Type // by number; 0 is void

	// What a type that stands for another one comes to in the end, and the size of arrays.
	resolvedIDs   []uint32
	resolvedSizes []uint32

	records map[uint32]*Record // of the structs with fields that the kernel keeps
}

// MaxSize is the largest BTF, in bytes.
const MaxSize = 16 << 20

// maxTypes is how many types are kept, with void (BTF_MAX_TYPE).
const maxTypes = 0x000fffff

// checker is BTF on its way to be one.
type checker struct {
	*BTF
	header header
	log    *Log
	id     uint32 // of the type that the log speaks of
	second bool   // the types are known, and looked at again
	resolver
}

// Load checks data, which it keeps. The order of checks is that of btf_parse: what is wrong twice is refused for the first
// reason, and the log has all that was looked at before.
func Load(data []byte, log *Log) (*BTF, abi.Errno) {
	c := &checker{BTF: &BTF{data: data, types: []Type{void}}, log: log}
	if errno := c.check(data); errno != abi.OK {
		return nil, errno
	}
	return c.BTF, abi.OK
}

func (c *checker) check(data []byte) abi.Errno {
	if errno := c.readHeader(data); errno != abi.OK {
		return errno
	}
	body := data[c.header.length:]
	for _, step := range []func() abi.Errno{
		func() abi.Errno { return c.readStrings(body) },
		func() abi.Errno { return c.readTypes(body) },
		c.checkTypes,
		c.checkTags,
		c.readRecords,
	} {
		if errno := step(); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// refuse is errno with a reason for the log.
func (c *checker) refuse(errno abi.Errno, format string, args ...any) abi.Errno {
	c.log.Printf(format, args...)
	return errno
}

// Data are the bytes that Load took.
func (b *BTF) Data() []byte { return b.data }

// Type is the type of a number, nil when there is none.
func (b *BTF) Type(id uint32) *Type {
	if int64(id) >= int64(len(b.types)) {
		return nil
	}
	return &b.types[id]
}

// Sized resolves a number to the type behind it that has a size, and the size; nil when it comes to none
// (btf_type_id_size).
func (b *BTF) Sized(id uint32) (t *Type, resolved, size uint32) {
	if t = b.Type(id); t == nil || t.in(sizeless) {
		return nil, id, 0
	}
	if !t.in(sized | kinds(Array, Ptr)) {
		if !t.in(modifiers | kinds(Var)) {
			return nil, id, 0
		}
		id = b.resolvedIDs[id]
		t = b.Type(id)
	}
	switch {
	case t.in(sized):
		return t, id, t.size
	case t.Kind() == Array:
		return t, id, b.resolvedSizes[id]
	case t.Kind() == Ptr:
		return t, id, ptrSize
	}
	return nil, id, 0
}

const ptrSize = 8

// IsInt32 reports whether t is an integer of 32 bits, as the key of an array has to be.
func (t *Type) IsInt32() bool {
	return t.isInt(32)
}

// IsInt64 reports whether t is an integer of 64 bits.
func (t *Type) IsInt64() bool { return t.isInt(64) }

func (t *Type) isInt(bits uint32) bool {
	return t.Kind() == Int && t.intBits() == bits && t.intOffset() == 0
}

// OfInts reports whether t is a struct of nothing but integers of so many bits, one behind the other.
func (b *BTF) OfInts(t *Type, bits ...uint32) bool {
	if t.Kind() != Struct || t.vlen() != len(bits) {
		return false
	}
	at := uint32(0)
	for i, want := range bits {
		m := t.member(i)
		of, _, _ := b.Sized(m.typ)
		if of == nil || !of.isInt(want) || t.bits(m) != at {
			return false
		}
		at += want
	}
	return true
}
