package model

import (
	"bytes"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// The kinds of types (Documentation/bpf/btf.rst).
const (
	kindInt       = 1
	kindPtr       = 2
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindTypedef   = 8
	kindVolatile  = 9
	kindConst     = 10
	kindRestrict  = 11
	kindFunc      = 12
	kindFuncProto = 13
	kindVar       = 14
	kindDataSec   = 15
	kindFloat     = 16
	kindDeclTag   = 17
	kindTypeTag   = 18
	kindEnum64    = 19
)

// typ is one type. ref is its size in bytes or the number of the type that it is about.
type typ struct {
	id         uint32
	kind, vlen int
	flag       bool
	name       string
	ref        uint32
	extra      []byte // members, variables and the like
}

func (t typ) word(i int) uint32 { return u32(t.extra[4*i:]) }

// types are those of BTF by number; 0 is void.
type types struct {
	all     []typ
	strings []byte
}

// readTypes reads what a kernel has found to be BTF; false when it cannot have.
func readTypes(data []byte) (*types, bool) {
	if len(data) < 24 || binary.LittleEndian.Uint16(data) != 0xeb9f || data[2] != 1 || data[3] != 0 {
		return nil, false
	}
	length := u32(data[4:])
	if uint64(length) > uint64(len(data)) {
		return nil, false
	}
	var header [24]byte // a short one ends in zeros
	copy(header[:], data[:min(length, 24)])
	body := data[length:]
	section := func(at int) ([]byte, bool) {
		from, n := uint64(u32(header[at:])), uint64(u32(header[at+4:]))
		if from+n > uint64(len(body)) || n == 0 {
			return nil, false
		}
		return body[from : from+n], true
	}
	left, typed := section(8)
	strings, named := section(16)
	if !typed || !named || strings[0] != 0 || strings[len(strings)-1] != 0 {
		return nil, false
	}
	t := &types{all: []typ{{}}, strings: strings}
	for len(left) > 0 {
		n := t.read(left)
		if n == 0 {
			return nil, false
		}
		left = left[n:]
	}
	return t, true
}

// name is the string at an offset.
func (t *types) name(offset uint32) string {
	if uint64(offset) >= uint64(len(t.strings)) {
		return ""
	}
	name, _, _ := bytes.Cut(t.strings[offset:], []byte{0})
	return string(name)
}

// read adds the type that begins b, and is its length in bytes, 0 for none.
func (ts *types) read(b []byte) (n int) {
	if len(b) < 12 {
		return 0
	}
	info := u32(b[4:])
	t := typ{id: uint32(len(ts.all)), kind: int(info >> 24 & 0x1f), vlen: int(info & 0xffff), flag: info>>31 != 0, name: ts.name(u32(b)), ref: u32(b[8:])}
	n = 12
	switch t.kind {
	case kindInt, kindVar, kindDeclTag:
		n += 4
	case kindArray:
		n += 12
	case kindStruct, kindUnion, kindDataSec, kindEnum64:
		n += 12 * t.vlen
	case kindEnum, kindFuncProto:
		n += 8 * t.vlen
	}
	if n > len(b) {
		return 0
	}
	t.extra = b[12:n]
	ts.all = append(ts.all, t)
	return n
}

// at is a type, void for a number that is none.
func (t *types) at(id uint32) typ {
	if int64(id) >= int64(len(t.all)) {
		return typ{}
	}
	return t.all[id]
}

// member is a member of a struct.
type member struct {
	name uint32
	typ  uint32
	bits uint32 // where it is
}

func (t typ) member(i int) member {
	m := member{t.word(3 * i), t.word(3*i + 1), t.word(3*i + 2)}
	if t.flag { // the bits above are the width of a bit field
		m.bits &= 0xffffff
	}
	return m
}

// depth bounds how far types lead to others.
const depth = 32

// sized is the type with a size that id comes to, and the size; false where there is none.
func (t *types) sized(id uint32) (found typ, size uint32, ok bool) {
	for range depth + 1 {
		found = t.at(id)
		switch found.kind {
		case kindTypedef, kindVolatile, kindConst, kindRestrict, kindTypeTag, kindVar:
			id = found.ref
			continue
		case kindInt, kindStruct, kindUnion, kindEnum, kindDataSec, kindFloat, kindEnum64:
			return found, found.ref, true
		case kindPtr:
			return found, 8, true
		case kindArray:
			_, each, ok := t.sized(found.word(0))
			return found, each * found.word(2), ok
		}
		return found, 0, false
	}
	return found, 0, false
}

// isInt32 reports whether t may be an array's key.
func (t typ) isInt32() bool { return t.isInt(32) }

func (t typ) isInt(bits uint32) bool {
	return t.kind == kindInt && t.word(0)&0xff == bits && t.word(0)>>16&0xff == 0
}

// badBTF are the errnos of data that is no BTF. Which one it is takes a reading of all rules, for which this package learns the
// verdict: a comparison of kernels sees the difference, in the text of the log too.
var badBTF = []abi.Errno{
	abi.EINVAL, abi.E2BIG, abi.ENOTSUPP, abi.EFAULT, abi.EEXIST, abi.ENOENT, abi.ELOOP, abi.EOPNOTSUPP, abi.EACCES,
}
