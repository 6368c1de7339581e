package intercept

import (
	"bytes"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// plainFields prints the fields of a command that bpfsys does not decode, or only a part of: those that lie within the size
// bytes of attr that the caller passed, as strace does. A number that is no command has its attr printed as bytes.
func (r reader) plainFields(cmd abi.Cmd, a *bpfsys.Attr, size int) []field {
	declared := abi.Fields(cmd)
	if len(declared) == 0 {
		return []field{{name: "attr", text: quote(a[:size])}}
	}
	var fields []field
	for _, f := range declared {
		if f.End() > size {
			break
		}
		fields = append(fields, r.plainField(f, a[f.Offset:f.End()]))
	}
	return fields
}

func (r reader) plainField(f abi.Field, b []byte) field {
	if f.Name == "prog_type" {
		return field{name: f.Name, text: "BPF_PROG_TYPE_" + abi.ProgType(wordOf(b)).String()}
	}
	switch f.Kind {
	case abi.Pointer:
		return field{name: f.Name, text: address(wordOf(b))}
	case abi.String:
		return field{name: f.Name, text: r.str(wordOf(b))}
	case abi.Name:
		characters, _, _ := bytes.Cut(b, []byte{0})
		return field{name: f.Name, text: quote(characters)}
	case abi.FD:
		return descriptor(f.Name, int32(wordOf(b)))
	case abi.Flags:
		return hex(f.Name, wordOf(b))
	}
	return number(f.Name, wordOf(b))
}

// wordOf is the number in b, which has 4 or 8 bytes.
func wordOf(b []byte) uint64 {
	if len(b) == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}
