package proptest

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// kind is how a field of attr is written in a program's text, and what keeps it harmless on a real kernel.
type kind uint8

const (
	number  kind = iota // decimal
	mask                // hexadecimal
	fd                  // signed decimal
	pointer             // an address, see addressText
	chars               // a quoted string
)

// field is one field of a command's attr.
type field struct {
	name   string
	offset int
	size   int // bytes
	kind   kind
}

var createFields = []field{
	{"type", abi.CreateMapType, 4, number}, {"key_size", abi.CreateKeySize, 4, number},
	{"value_size", abi.CreateValueSize, 4, number}, {"max_entries", abi.CreateMaxEntries, 4, number},
	{"flags", abi.CreateMapFlags, 4, mask}, {"inner_fd", abi.CreateInnerMapFD, 4, fd},
	{"numa_node", abi.CreateNumaNode, 4, number}, {"name", abi.CreateMapName, abi.NameLen, chars},
	{"ifindex", abi.CreateMapIfindex, 4, number}, {"btf_fd", abi.CreateBTFFD, 4, fd},
	{"btf_key", abi.CreateBTFKeyTypeID, 4, number}, {"btf_value", abi.CreateBTFValueTypeID, 4, number},
	{"btf_vmlinux_value", abi.CreateBTFVmlinuxValueTID, 4, number}, {"extra", abi.CreateMapExtra, 8, mask},
	{"value_btf_fd", abi.CreateValueTypeBTFObjFD, 4, fd}, {"token_fd", abi.CreateMapTokenFD, 4, fd},
	{"excl_hash", abi.CreateExclProgHash, 8, pointer}, {"excl_hash_size", abi.CreateExclProgHashSize, 4, number},
}

var elemFields = []field{
	{"fd", abi.ElemMapFD, 4, fd}, {"key", abi.ElemKey, 8, pointer}, {"value", abi.ElemValue, 8, pointer},
	{"flags", abi.ElemFlags, 8, mask},
}

var nextFields = []field{
	{"fd", abi.ElemMapFD, 4, fd}, {"key", abi.ElemKey, 8, pointer}, {"next", abi.ElemValue, 8, pointer},
	{"flags", abi.ElemFlags, 8, mask},
}

var batchFields = []field{
	{"in", abi.BatchIn, 8, pointer}, {"out", abi.BatchOut, 8, pointer}, {"keys", abi.BatchKeys, 8, pointer},
	{"values", abi.BatchValues, 8, pointer}, {"count", abi.BatchCount, 4, number}, {"fd", abi.BatchMapFD, 4, fd},
	{"elem_flags", abi.BatchElemFlags, 8, mask}, {"flags", abi.BatchFlags, 8, mask},
}

var objFields = []field{
	{"path", abi.ObjPathname, 8, pointer}, {"fd", abi.ObjBPFFD, 4, fd}, {"flags", abi.ObjFileFlags, 4, mask},
	{"dir", abi.ObjPathFD, 4, fd},
}

var idFields = []field{
	{"id", abi.IDStart, 4, number}, {"next", abi.IDNext, 4, number}, {"flags", abi.IDOpenFlags, 4, mask},
}

var julyFields = []field{
	{"prev_key", abi.JulyPrevKey, 8, pointer}, {"buf", abi.JulyBuf, 8, pointer}, {"buf_len", abi.JulyBufLen, 8, pointer},
	{"flags", abi.JulyFlags, 8, mask}, {"fd", abi.JulyMapFD, 4, fd},
}

var fields = map[abi.Cmd][]field{
	abi.MapCreate:              createFields,
	abi.MapLookupElem:          elemFields,
	abi.MapUpdateElem:          elemFields,
	abi.MapDeleteElem:          elemFields,
	abi.MapGetNextKey:          nextFields,
	abi.MapLookupAndDeleteElem: elemFields,
	abi.MapFreeze:              {{"fd", abi.ElemMapFD, 4, fd}},
	abi.MapLookupBatch:         batchFields,
	abi.MapLookupAndDelBatch:   batchFields,
	abi.MapUpdateBatch:         batchFields,
	abi.MapDeleteBatch:         batchFields,
	abi.ObjPin:                 objFields,
	abi.ObjGet:                 objFields,
	abi.MapGetNextID:           idFields,
	abi.MapGetFDByID:           idFields,
	abi.ObjGetInfoByFD: {
		{"fd", abi.InfoBPFFD, 4, fd}, {"len", abi.InfoLen, 4, number}, {"info", abi.InfoPtr, 8, pointer},
	},
	abi.MapDump: {
		{"fd", abi.DumpMapFD, 4, fd}, {"prev_key", abi.DumpPrevKey, 8, pointer}, {"buf", abi.DumpBuf, 8, pointer},
		{"buf_len", abi.DumpBufLen, 8, pointer}, {"flags", abi.DumpFlags, 8, mask},
	},
	abi.MapDumpJuly:      julyFields,
	abi.MapDumpAndDelete: julyFields,
}

// layout is the attr of a command.
type layout struct {
	known  bool // it is about maps
	end    int  // of the last field, in bytes
	fields []field
	whole  int     // bytes of attr in which all fields are whole
	beyond []field // those that reach beyond attr: pointers and fds
	fd     field   // of the map that it names; none has no size
}

// ownCmds is the number of the project's own commands, from abi.MapDump on.
const ownCmds = 3

// layouts are those of Linux's commands and, behind them, of the project's own. The last one is empty.
var layouts = func() (all [abi.NumLinuxCmds + ownCmds + 1]layout) {
	for cmd, fields := range fields {
		l := layout{fields: fields}
		l.end, l.known = abi.AttrEnd(cmd)
		if i := slices.IndexFunc(fields, func(f field) bool { return f.name == "fd" }); i >= 0 && cmd != abi.MapCreate {
			l.fd = fields[i]
		}
		for _, f := range fields {
			l.whole = max(l.whole, f.offset+f.size)
		}
		l.beyond = slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return f.kind != pointer && f.kind != fd })
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

// layoutOf is c's layout, an empty one for a command without map semantics.
func layoutOf(c abi.Cmd) *layout { return &layouts[layoutAt(c)] }

// makesFD reports whether c returns an fd.
func makesFD(c abi.Cmd) bool {
	return c == abi.MapCreate || c == abi.ObjGet || c == abi.MapGetFDByID
}
