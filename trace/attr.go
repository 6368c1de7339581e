package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// reader reads what a call's attr refers to, on behalf of the trace.
type reader struct {
	mem   bpfsys.Memory
	files bpfsys.Files
}

// fields prints the fields of a command that lie within the size bytes of attr that the caller passed, as strace does. A number
// that is no command has its attr printed as bytes.
func (r reader) fields(cmd abi.Cmd, attr uint64, a *bpfsys.Attr, size int) []field {
	declared := abi.Fields(cmd)
	if len(declared) == 0 {
		return []field{{name: "attr", text: quote(a[:size])}}
	}
	p := printer{reader: r, cmd: cmd, addr: attr, attr: a, key: -1, value: -1}
	if f, ok := abi.FieldOf(cmd, "map_fd"); ok && f.End() <= size {
		p.key, p.value = r.sizes(int32(p.word(f)))
	}
	var fields []field
	for _, f := range declared {
		if f.End() > size {
			break
		}
		fields = append(fields, p.field(f))
	}
	return fields
}

// printer prints the fields of one call.
type printer struct {
	reader
	cmd  abi.Cmd
	addr uint64 // of attr
	attr *bpfsys.Attr
	// key and value are the sizes of the map's in bytes, -1 when there is no map.
	key, value int
}

// word is the number in a field of 4 or 8 bytes.
func (p *printer) word(f abi.Field) uint64 { return wordOf(p.attr[f.Offset:f.End()]) }

// number is the number in the field with that name.
func (p *printer) number(name string) int {
	f, _ := abi.FieldOf(p.cmd, name)
	return int(p.word(f))
}

// field prints what a field refers to where that is of a map, else the field itself.
func (p *printer) field(f abi.Field) field {
	switch f.Name {
	case "key", "prev_key":
		return p.in(f.Name, p.word(f), p.key)
	case "next_key":
		return p.out(f.Name, p.word(f), p.key)
	case "value":
		return p.operand(f, p.value, p.cmd == abi.MapUpdateElem)
	case "keys":
		return p.many(f, p.key)
	case "values":
		return p.many(f, p.value)
	case "count":
		count := p.changing(f.Name, p.addr+uint64(f.Offset), uint32(p.word(f)))
		count.partial = true
		return count
	case "next_id":
		return p.changing(f.Name, p.addr+uint64(f.Offset), uint32(p.word(f)))
	case "buf_len":
		if f.Kind == abi.Pointer {
			return p.length(f)
		}
	case "elem_flags":
		return field{name: f.Name, text: elemFlags(p.word(f))}
	case "flags":
		if f.Offset == abi.ElemFlags && p.value >= 0 && f.Size == 8 && p.hasElement() {
			return field{name: f.Name, text: elemFlags(p.word(f))}
		}
	}
	return p.plain(f)
}

// hasElement reports whether the call is about one element.
func (p *printer) hasElement() bool {
	_, ok := abi.FieldOf(p.cmd, "key")
	return ok
}

// operand prints an input or an output.
func (p *printer) operand(f abi.Field, size int, input bool) field {
	if input {
		return p.in(f.Name, p.word(f), size)
	}
	return p.out(f.Name, p.word(f), size)
}

// many prints as many elements as the attr counts: before the call those that it reads, else behind it.
func (p *printer) many(f abi.Field, size int) field {
	addr := p.word(f)
	if p.cmd == abi.MapUpdateBatch || p.cmd == abi.MapDeleteBatch {
		return p.in(f.Name, addr, p.number("count")*size)
	}
	count := p.addr + abi.BatchCount
	return field{name: f.Name, text: address(addr), partial: true, late: func() string {
		return p.text(addr, int(p.u32(count))*size)
	}}
}

// length prints the length of a buffer that stands in memory, before the call and behind it.
func (p *printer) length(f abi.Field) field {
	addr := p.word(f)
	before := p.u32(addr)
	return field{name: f.Name, text: fmt.Sprintf("[%d]", before), late: func() string {
		return fmt.Sprintf("[%d => %d]", before, p.u32(addr))
	}}
}

// plain prints a field by its kind.
func (p *printer) plain(f abi.Field) field {
	b := p.attr[f.Offset:f.End()]
	switch f.Name {
	case "map_type":
		return field{name: f.Name, text: "BPF_MAP_TYPE_" + abi.MapType(wordOf(b)).String()}
	case "prog_type":
		return field{name: f.Name, text: "BPF_PROG_TYPE_" + abi.ProgType(wordOf(b)).String()}
	}
	switch f.Kind {
	case abi.Pointer:
		return field{name: f.Name, text: address(wordOf(b))}
	case abi.String:
		return field{name: f.Name, text: p.str(wordOf(b))}
	case abi.Name:
		characters, _, _ := bytes.Cut(b, []byte{0})
		return field{name: f.Name, text: quote(characters)}
	case abi.FD:
		return field{name: f.Name, text: fmt.Sprint(int32(wordOf(b)))}
	case abi.Flags:
		return field{name: f.Name, text: fmt.Sprintf("%#x", wordOf(b))}
	}
	return field{name: f.Name, text: fmt.Sprint(wordOf(b))}
}

// wordOf is the number in b, which has 4 or 8 bytes.
func wordOf(b []byte) uint64 {
	if len(b) == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// sizes are the bytes of a key and of a value of the map behind a fd, -1 when it is no map.
func (r reader) sizes(fd int32) (key, value int) {
	file, _ := r.files.Get(fd)
	if file == nil || file.Map() == nil {
		return -1, -1
	}
	m := file.Map()
	return int(m.Spec().KeySize), m.Elements().ValueBytes()
}

// in prints bytes that the call reads.
func (r reader) in(name string, addr uint64, size int) field {
	return field{name: name, text: r.text(addr, size)}
}

// out prints bytes that the call writes, and their address while it has not.
func (r reader) out(name string, addr uint64, size int) field {
	return field{name: name, text: address(addr), late: func() string { return r.text(addr, size) }}
}

// changing prints a number of the attr that the call may change.
func (r reader) changing(name string, addr uint64, before uint32) field {
	return field{name: name, text: fmt.Sprint(before), late: func() string {
		if after := r.u32(addr); after != before {
			return fmt.Sprintf("%d => %d", before, after)
		}
		return fmt.Sprint(before)
	}}
}

// text is the bytes at addr, or the address when there is no saying how many they are or they cannot be read.
func (r reader) text(addr uint64, size int) string {
	if addr == 0 || size < 0 {
		return address(addr)
	}
	p := make([]byte, min(size, longestText))
	if r.mem.Read(p, addr) < len(p) {
		return address(addr)
	}
	if size > len(p) {
		return quote(p) + "..."
	}
	return quote(p)
}

// str is the string at addr, or the address when its end is not found.
func (r reader) str(addr uint64) string {
	buf := make([]byte, longestText)
	text, _, whole := bytes.Cut(buf[:r.mem.Read(buf, addr)], []byte{0})
	if !whole {
		return address(addr)
	}
	return quote(text)
}

func (r reader) u32(addr uint64) uint32 {
	var p [4]byte
	r.mem.Read(p[:], addr)
	return binary.NativeEndian.Uint32(p[:])
}

// elemFlags names the flags of element operations as linux/bpf.h does.
func elemFlags(flags uint64) string {
	names := []string{[]string{"BPF_ANY", "BPF_NOEXIST", "BPF_EXIST", "BPF_NOEXIST|BPF_EXIST"}[flags&3]}
	if flags&abi.Lock != 0 {
		names = append(names, "BPF_F_LOCK")
		if flags&3 == 0 {
			names = names[1:]
		}
	}
	if rest := flags &^ 7; rest != 0 {
		names = append(names, fmt.Sprintf("%#x", rest))
	}
	return strings.Join(names, "|")
}
