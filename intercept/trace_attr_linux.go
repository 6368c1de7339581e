package intercept

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

// fields prints the attr of a command.
func (r reader) fields(cmd abi.Cmd, attr uint64, a *bpfsys.Attr, size int) []field {
	args, ok := bpfsys.DecodeArgs(cmd, a)
	if _, onMaps := abi.AttrEnd(cmd); !ok || !onMaps {
		return r.plainFields(cmd, a, size)
	}
	switch v := args.(type) {
	case bpfsys.MapCreate:
		return createFields(v)
	case bpfsys.MapLookupElem:
		return r.elem(v, false)
	case bpfsys.MapLookupAndDeleteElem:
		return r.elem(bpfsys.MapLookupElem(v), false)
	case bpfsys.MapUpdateElem:
		return r.elem(bpfsys.MapLookupElem(v), true)
	case bpfsys.MapDeleteElem:
		key, _ := r.sizes(v.FD)
		return []field{descriptor("map_fd", v.FD), r.in("key", v.Key, key)}
	case bpfsys.MapGetNextKey:
		key, _ := r.sizes(v.FD)
		return []field{descriptor("map_fd", v.FD), r.in("key", v.Key, key), r.out("next_key", v.NextKey, key)}
	case bpfsys.MapFreeze:
		return []field{descriptor("map_fd", v.FD)}
	case bpfsys.MapLookupBatch:
		return r.batch(v, attr, false)
	case bpfsys.MapLookupAndDeleteBatch:
		return r.batch(bpfsys.MapLookupBatch(v), attr, false)
	case bpfsys.MapUpdateBatch:
		return r.batch(bpfsys.MapLookupBatch(v), attr, true)
	case bpfsys.MapDeleteBatch:
		return r.batch(bpfsys.MapLookupBatch(v), attr, true)
	case bpfsys.MapDump:
		return r.dump(v.FD, v.PrevKey, v.Buf, v.BufLen)
	case bpfsys.MapDumpJuly:
		return append(r.dump(v.FD, v.PrevKey, v.Buf, v.BufLen), hex("flags", v.Flags))
	case bpfsys.MapDumpAndDelete:
		return append(r.dump(v.FD, v.PrevKey, v.Buf, v.BufLen), hex("flags", v.Flags))
	}
	return r.objectFields(args, attr)
}

// objectFields prints the commands on ids, pins and info.
func (r reader) objectFields(args bpfsys.Args, attr uint64) []field {
	switch v := args.(type) {
	case bpfsys.ObjPin:
		return r.path(v)
	case bpfsys.ObjGet:
		return r.path(bpfsys.ObjPin(v))
	case bpfsys.ObjGetInfoByFD:
		return []field{descriptor("bpf_fd", v.FD), number("info_len", uint64(v.InfoLen)), {name: "info", text: address(v.Info)}}
	case bpfsys.MapGetNextID:
		return []field{number("start_id", uint64(v.StartID)), r.word("next_id", attr+abi.IDNext, v.NextID)}
	case bpfsys.MapGetFDByID:
		return []field{number("map_id", uint64(v.ID)), hex("open_flags", uint64(v.OpenFlags))}
	}
	a := args.Encode()
	return []field{{name: "attr", text: quote(bytes.TrimRight(a[:], "\x00"))}}
}

func createFields(v bpfsys.MapCreate) []field {
	name, _, _ := bytes.Cut(v.Name[:], []byte{0})
	return []field{
		{name: "map_type", text: "BPF_MAP_TYPE_" + v.Type.String()}, number("key_size", uint64(v.KeySize)),
		number("value_size", uint64(v.ValueSize)), number("max_entries", uint64(v.MaxEntries)),
		hex("map_flags", uint64(v.Flags)), descriptor("inner_map_fd", v.InnerMapFD),
		{name: "map_name", text: quote(name)},
	}
}

// elem prints the element commands; the value is an input only of updates.
func (r reader) elem(v bpfsys.MapLookupElem, update bool) []field {
	key, size := r.sizes(v.FD)
	value := r.out("value", v.Value, size)
	if update {
		value = r.in("value", v.Value, size)
	}
	return []field{descriptor("map_fd", v.FD), r.in("key", v.Key, key), value, {name: "flags", text: elemFlags(v.Flags)}}
}

// batch prints the batch commands; keys and values are inputs of updates and deletions.
func (r reader) batch(v bpfsys.MapLookupBatch, attr uint64, input bool) []field {
	key, size := r.sizes(v.FD)
	keys, values := r.many("keys", v.Keys, attr, key), r.many("values", v.Values, attr, size)
	if input {
		keys, values = r.in("keys", v.Keys, int(v.Count)*key), r.in("values", v.Values, int(v.Count)*size)
	}
	count := r.word("count", attr+abi.BatchCount, v.Count)
	count.partial = true
	return []field{
		{name: "in_batch", text: address(v.In)}, {name: "out_batch", text: address(v.Out)}, keys, values, count,
		descriptor("map_fd", v.FD), {name: "elem_flags", text: elemFlags(v.ElemFlags)}, hex("flags", v.Flags),
	}
}

// dump prints the commands that no kernel has; the length of the buffer is in and out.
func (r reader) dump(fd int32, prevKey, buf, bufLen uint64) []field {
	key, _ := r.sizes(fd)
	length := r.u32(bufLen)
	return []field{
		descriptor("map_fd", fd), r.in("prev_key", prevKey, key), {name: "buf", text: address(buf)},
		{name: "buf_len", text: fmt.Sprintf("[%d]", length), late: func() string {
			return fmt.Sprintf("[%d => %d]", length, r.u32(bufLen))
		}},
	}
}

func (r reader) path(v bpfsys.ObjPin) []field {
	return []field{{name: "pathname", text: r.str(v.Pathname)}, descriptor("bpf_fd", v.FD), hex("file_flags", uint64(v.Flags)),
		descriptor("path_fd", v.PathFD)}
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

// many is out for as many elements as the attr counts when the call is over.
func (r reader) many(name string, addr, attr uint64, size int) field {
	return field{name: name, text: address(addr), partial: true, late: func() string {
		return r.text(addr, int(r.u32(attr+abi.BatchCount))*size)
	}}
}

// word prints a number of the attr that the call may change.
func (r reader) word(name string, addr uint64, before uint32) field {
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

func descriptor(name string, n int32) field { return field{name: name, text: fmt.Sprint(n)} }

func hex(name string, n uint64) field { return field{name: name, text: fmt.Sprintf("%#x", n)} }

func number(name string, n uint64) field { return field{name: name, text: fmt.Sprint(n)} }

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
