package bpfsys

import (
	"bytes"
	"encoding/binary"
)

// netlinkAttr is an attribute of a netlink message.
type netlinkAttr struct {
	kind  uint16
	flags uint16 // of its type
	value []byte
}

// netlinkAttrs are attributes in their order.
type netlinkAttrs []netlinkAttr

// Bits of an attribute's type that do not tell what it is (NLA_F_NESTED, NLA_F_NET_BYTEORDER).
const attrTypeMask = 0x3fff

// attrsOf reads attributes as far as they are whole (nla_for_each_attr).
func attrsOf(b []byte) (all netlinkAttrs) {
	for len(b) >= 4 {
		size := int(binary.NativeEndian.Uint16(b))
		if size < 4 || size > len(b) {
			break
		}
		kind := binary.NativeEndian.Uint16(b[2:])
		all = append(all, netlinkAttr{kind & attrTypeMask, kind &^ attrTypeMask, b[4:size]})
		b = b[min(align4(size), len(b)):]
	}
	return all
}

// find is the value of the last attribute of a type, nil when there is none.
func (all netlinkAttrs) find(kind uint16) (value []byte) {
	for _, a := range all {
		if a.kind == kind {
			value = a.value
		}
	}
	return value
}

// u32 is an attribute of 4 bytes; ok is false when there is none.
func (all netlinkAttrs) u32(kind uint16) (n uint32, ok bool) {
	value := all.find(kind)
	if len(value) < 4 {
		return 0, false
	}
	return binary.NativeEndian.Uint32(value), true
}

// text is an attribute that is a string.
func (all netlinkAttrs) text(kind uint16) string {
	value, _, _ := bytes.Cut(all.find(kind), []byte{0})
	return string(value)
}

// appendAttr appends an attribute.
func appendAttr(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, align4(len(value))-len(value))...)
}

func appendAttr32(b []byte, kind uint16, value uint32) []byte {
	return appendAttr(b, kind, binary.NativeEndian.AppendUint32(nil, value))
}
