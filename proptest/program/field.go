package program

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// kind is how a field of attr is written in a program's text, and what keeps it harmless on a real kernel.
type kind uint8

const (
	number  kind = iota // decimal
	Mask                // hexadecimal
	Fd                  // signed decimal
	Pointer             // an address, see addressText
	Chars               // a quoted string
)

// Field is one field of a command's attr.
type Field struct {
	name   string
	Offset int
	Size   int // bytes
	Kind   kind
}

var createFields = []Field{
	{"type", abi.CreateMapType, 4, number}, {"key_size", abi.CreateKeySize, 4, number},
	{"value_size", abi.CreateValueSize, 4, number}, {"max_entries", abi.CreateMaxEntries, 4, number},
	{"flags", abi.CreateMapFlags, 4, Mask}, {"inner_fd", abi.CreateInnerMapFD, 4, Fd},
	{"numa_node", abi.CreateNumaNode, 4, number}, {"name", abi.CreateMapName, abi.NameLen, Chars},
	{"ifindex", abi.CreateMapIfindex, 4, number}, {"btf_fd", abi.CreateBTFFD, 4, Fd},
	{"btf_key", abi.CreateBTFKeyTypeID, 4, number}, {"btf_value", abi.CreateBTFValueTypeID, 4, number},
	{"btf_vmlinux_value", abi.CreateBTFVmlinuxValueTID, 4, number}, {"extra", abi.CreateMapExtra, 8, Mask},
	{"value_btf_fd", abi.CreateValueTypeBTFObjFD, 4, Fd}, {"token_fd", abi.CreateMapTokenFD, 4, Fd},
	{"excl_hash", abi.CreateExclProgHash, 8, Pointer}, {"excl_hash_size", abi.CreateExclProgHashSize, 4, number},
}

var elemFields = []Field{
	{"fd", abi.ElemMapFD, 4, Fd}, {"key", abi.ElemKey, 8, Pointer}, {"value", abi.ElemValue, 8, Pointer},
	{"flags", abi.ElemFlags, 8, Mask},
}

var nextFields = []Field{
	{"fd", abi.ElemMapFD, 4, Fd}, {"key", abi.ElemKey, 8, Pointer}, {"next", abi.ElemValue, 8, Pointer},
	{"flags", abi.ElemFlags, 8, Mask},
}

var batchFields = []Field{
	{"in", abi.BatchIn, 8, Pointer}, {"out", abi.BatchOut, 8, Pointer}, {"keys", abi.BatchKeys, 8, Pointer},
	{"values", abi.BatchValues, 8, Pointer}, {"count", abi.BatchCount, 4, number}, {"fd", abi.BatchMapFD, 4, Fd},
	{"elem_flags", abi.BatchElemFlags, 8, Mask}, {"flags", abi.BatchFlags, 8, Mask},
}

var objFields = []Field{
	{"path", abi.ObjPathname, 8, Pointer}, {"fd", abi.ObjBPFFD, 4, Fd}, {"flags", abi.ObjFileFlags, 4, Mask},
	{"dir", abi.ObjPathFD, 4, Fd},
}

var idFields = []Field{
	{"id", abi.IDStart, 4, number}, {"next", abi.IDNext, 4, number}, {"flags", abi.IDOpenFlags, 4, Mask},
}

var julyFields = []Field{
	{"prev_key", abi.JulyPrevKey, 8, Pointer}, {"buf", abi.JulyBuf, 8, Pointer}, {"buf_len", abi.JulyBufLen, 8, Pointer},
	{"flags", abi.JulyFlags, 8, Mask}, {"fd", abi.JulyMapFD, 4, Fd},
}

var fields = map[abi.Cmd][]Field{
	abi.MapCreate:              createFields,
	abi.MapLookupElem:          elemFields,
	abi.MapUpdateElem:          elemFields,
	abi.MapDeleteElem:          elemFields,
	abi.MapGetNextKey:          nextFields,
	abi.MapLookupAndDeleteElem: elemFields,
	abi.MapFreeze:              {{"fd", abi.ElemMapFD, 4, Fd}},
	abi.MapLookupBatch:         batchFields,
	abi.MapLookupAndDelBatch:   batchFields,
	abi.MapUpdateBatch:         batchFields,
	abi.MapDeleteBatch:         batchFields,
	abi.ObjPin:                 objFields,
	abi.ObjGet:                 objFields,
	abi.MapGetNextID:           idFields,
	abi.MapGetFDByID:           idFields,
	abi.ObjGetInfoByFD: {
		{"fd", abi.InfoBPFFD, 4, Fd}, {"len", abi.InfoLen, 4, number}, {"info", abi.InfoPtr, 8, Pointer},
	},
	abi.MapDump: {
		{"fd", abi.DumpMapFD, 4, Fd}, {"prev_key", abi.DumpPrevKey, 8, Pointer}, {"buf", abi.DumpBuf, 8, Pointer},
		{"buf_len", abi.DumpBufLen, 8, Pointer}, {"flags", abi.DumpFlags, 8, Mask},
	},
	abi.MapDumpJuly:      julyFields,
	abi.MapDumpAndDelete: julyFields,
}

// layout is the attr of a command.
type layout struct {
	known  bool // it is about maps
	End    int  // of the last field, in bytes
	Fields []Field
	whole  int     // bytes of attr in which all fields are whole
	beyond []Field // those that reach beyond attr: pointers and fds
	Fd     Field   // of the map that it names; none has no size
}

// ownCmds is the number of the project's own commands, from abi.MapDump on.
const ownCmds = 3

// layouts are those of Linux's commands and, behind them, of the project's own. The last one is empty.
var layouts = func() (all [abi.NumLinuxCmds + ownCmds + 1]layout) {
	for cmd, fields := range fields {
		l := layout{Fields: fields}
		l.End, l.known = abi.AttrEnd(cmd)
		if i := slices.IndexFunc(fields, func(f Field) bool { return f.name == "fd" }); i >= 0 && cmd != abi.MapCreate {
			l.Fd = fields[i]
		}
		for _, f := range fields {
			l.whole = max(l.whole, f.Offset+f.Size)
		}
		l.beyond = slices.DeleteFunc(slices.Clone(fields), func(f Field) bool { return f.Kind != Pointer && f.Kind != Fd })
		all[layoutAt(cmd)] = l
	}
	return all
}()

func layoutAt(c abi.Cmd) abi.Cmd {
	switch {
	case c < abi.NumLinuxCmds:
		return c
	case c >= abi.MapDump && c < abi.MapDump+ownCmds:
		return abi.NumLinuxCmds + c - abi.MapDump
	}
	return abi.NumLinuxCmds + ownCmds
}

// LayoutOf is c's layout, an empty one for a command without map semantics.
func LayoutOf(c abi.Cmd) *layout { return &layouts[layoutAt(c)] }

// MakesFD reports whether c returns an fd.
func MakesFD(c abi.Cmd) bool {
	return c == abi.MapCreate || c == abi.ObjGet || c == abi.MapGetFDByID
}
