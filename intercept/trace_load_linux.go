package intercept

import (
	"bytes"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// shape is how a member of an attr is printed.
type shape uint8

const (
	count   shape = iota // u32
	fileFD               // u32, an fd
	bits                 // u32, flags
	pointer              // u64, an address
	text                 // u64, the address of a string
	name                 // an array of abi.NameLen characters
)

// member is a member of an attr, as union bpf_attr in linux/bpf.h declares it.
type member struct {
	name   string
	offset int
	shape  shape
}

// loads are the attrs of the commands that load something, which clients fill in far beyond what is simulated.
var loads = map[abi.Cmd][]member{
	abi.ProgLoad: {
		{"prog_type", 0, count}, {"insn_cnt", 4, count}, {"insns", 8, pointer}, {"license", 16, text},
		{"log_level", 24, count}, {"log_size", 28, count}, {"log_buf", 32, pointer}, {"kern_version", 40, bits},
		{"prog_flags", 44, bits}, {"prog_name", 48, name}, {"prog_ifindex", 64, count}, {"expected_attach_type", 68, count},
		{"prog_btf_fd", 72, fileFD}, {"func_info_rec_size", 76, count}, {"func_info", 80, pointer},
		{"func_info_cnt", 88, count}, {"line_info_rec_size", 92, count}, {"line_info", 96, pointer},
		{"line_info_cnt", 104, count}, {"attach_btf_id", 108, count}, {"attach_prog_fd", 112, fileFD},
		{"core_relo_cnt", 116, count}, {"fd_array", 120, pointer}, {"core_relos", 128, pointer},
		{"core_relo_rec_size", 136, count}, {"log_true_size", 140, count}, {"prog_token_fd", 144, fileFD},
		{"fd_array_cnt", 148, count}, {"signature", 152, pointer}, {"signature_size", 160, count}, {"keyring_id", 164, fileFD},
	},
	abi.BTFLoad: {
		{"btf", 0, pointer}, {"btf_log_buf", 8, pointer}, {"btf_size", 16, count}, {"btf_log_size", 20, count},
		{"btf_log_level", 24, count}, {"btf_log_true_size", 28, count}, {"btf_flags", 32, bits}, {"btf_token_fd", 36, fileFD},
	},
}

// loadFields prints the members that lie within the size bytes of attr that the caller passed, as strace does.
func (r reader) loadFields(members []member, a *bpfsys.Attr, size int) []field {
	var fields []field
	for _, m := range members {
		if m.end() > size {
			break
		}
		fields = append(fields, r.loadField(m, a[m.offset:m.end()]))
	}
	return fields
}

func (m member) end() int {
	switch m.shape {
	case pointer, text:
		return m.offset + 8
	case name:
		return m.offset + abi.NameLen
	}
	return m.offset + 4
}

func (r reader) loadField(m member, p []byte) field {
	switch m.shape {
	case pointer:
		return field{name: m.name, text: address(binary.NativeEndian.Uint64(p))}
	case text:
		return field{name: m.name, text: r.str(binary.NativeEndian.Uint64(p))}
	case name:
		characters, _, _ := bytes.Cut(p, []byte{0})
		return field{name: m.name, text: quote(characters)}
	case fileFD:
		return descriptor(m.name, int32(binary.NativeEndian.Uint32(p)))
	case bits:
		return hex(m.name, uint64(binary.NativeEndian.Uint32(p)))
	}
	return number(m.name, uint64(binary.NativeEndian.Uint32(p)))
}
