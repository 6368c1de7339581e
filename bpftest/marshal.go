package bpftest

import (
	"encoding"
	"encoding/binary"
	"fmt"
)

// encode makes bytes of v, none of nil.
func encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int, uint, uintptr:
		return nil, fmt.Errorf("%T is not of the same size everywhere: use uint32, int64 or the like", v)
	case []byte:
		return v, nil
	case encoding.BinaryMarshaler:
		return v.MarshalBinary()
	}
	return binary.Append(nil, binary.NativeEndian, v)
}

// marshal makes size bytes of v.
func marshal(v any, size int) (p []byte, err error) {
	if p, err = encode(v); err != nil {
		return nil, err
	}
	if len(p) != size {
		return nil, fmt.Errorf("%T has %d bytes, the map wants %d", v, len(p), size)
	}
	return p, nil
}

// unmarshal is marshal's inverse; v is a pointer.
func unmarshal(v any, p []byte) error {
	n, err := decode(v, p)
	if err == nil && n != len(p) {
		err = fmt.Errorf("%T takes %d bytes, the map has %d", v, n, len(p))
	}
	return err
}

// decode reads v, a pointer, from the beginning of p, and tells how many bytes it took.
func decode(v any, p []byte) (int, error) {
	switch v := v.(type) {
	case *[]byte:
		*v = p
		return len(p), nil
	case encoding.BinaryUnmarshaler:
		return len(p), v.UnmarshalBinary(p)
	}
	return binary.Decode(p, binary.NativeEndian, v)
}

// sizeOf is how many bytes a pointer's value takes, -1 where that is not fixed.
func sizeOf(v any) int { return binary.Size(v) }
