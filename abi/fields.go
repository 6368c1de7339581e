package abi

// FieldKind says what a field of attr means.
type FieldKind uint8

// The kinds of fields.
const (
	Number  FieldKind = iota
	Flags             // a set of bits
	FD                // signed
	Pointer           // an address in user memory
	String            // the address of a string
	Name              // bytes up to the first NUL
)

// Address reports whether fields of the kind hold an address in user memory.
func (k FieldKind) Address() bool { return k == Pointer || k == String }

// Field is a field of the attr of a command, as linux/bpf.h declares it.
type Field struct {
	Name   string
	Offset int // bytes
	Size   int // bytes
	Kind   FieldKind
}

// End is where the field ends, in bytes.
func (f Field) End() int { return f.Offset + f.Size }

var elemFields = []Field{
	{"map_fd", ElemMapFD, 4, FD}, {"key", ElemKey, 8, Pointer}, {"value", ElemValue, 8, Pointer}, {"flags", ElemFlags, 8, Flags},
}

var batchFields = []Field{
	{"in_batch", BatchIn, 8, Pointer}, {"out_batch", BatchOut, 8, Pointer}, {"keys", BatchKeys, 8, Pointer},
	{"values", BatchValues, 8, Pointer}, {"count", BatchCount, 4, Number}, {"map_fd", BatchMapFD, 4, FD},
	{"elem_flags", BatchElemFlags, 8, Flags}, {"flags", BatchFlags, 8, Flags},
}

var objFields = []Field{
	{"pathname", ObjPathname, 8, String}, {"bpf_fd", ObjBPFFD, 4, FD}, {"file_flags", ObjFileFlags, 4, Flags},
	{"path_fd", ObjPathFD, 4, FD},
}

var julyFields = []Field{
	{"prev_key", JulyPrevKey, 8, Pointer}, {"buf", JulyBuf, 8, Pointer}, {"buf_len", JulyBufLen, 8, Pointer},
	{"flags", JulyFlags, 8, Flags}, {"map_fd", JulyMapFD, 4, FD},
}

// mapFields are the fields of the commands on maps. What lies behind the last one must be zero.
var mapFields = map[Cmd][]Field{
	MapCreate: {
		{"map_type", CreateMapType, 4, Number}, {"key_size", CreateKeySize, 4, Number},
		{"value_size", CreateValueSize, 4, Number}, {"max_entries", CreateMaxEntries, 4, Number},
		{"map_flags", CreateMapFlags, 4, Flags}, {"inner_map_fd", CreateInnerMapFD, 4, FD},
		{"numa_node", CreateNumaNode, 4, Number}, {"map_name", CreateMapName, NameLen, Name},
		{"map_ifindex", CreateMapIfindex, 4, Number}, {"btf_fd", CreateBTFFD, 4, FD},
		{"btf_key_type_id", CreateBTFKeyTypeID, 4, Number}, {"btf_value_type_id", CreateBTFValueTypeID, 4, Number},
		{"btf_vmlinux_value_type_id", CreateBTFVmlinuxValueTID, 4, Number}, {"map_extra", CreateMapExtra, 8, Flags},
		{"value_type_btf_obj_fd", CreateValueTypeBTFObjFD, 4, FD}, {"map_token_fd", CreateMapTokenFD, 4, FD},
		{"excl_prog_hash", CreateExclProgHash, 8, Pointer}, {"excl_prog_hash_size", CreateExclProgHashSize, 4, Number},
	},
	MapLookupElem:           elemFields,
	MapUpdateElem:           elemFields,
	MapDeleteElem:           elemFields[:2],
	MapGetNextKey:           {elemFields[0], elemFields[1], {"next_key", ElemValue, 8, Pointer}},
	MapLookupAndDeleteElem:  elemFields,
	MapFreeze:               elemFields[:1],
	MapLookupBatch:          batchFields,
	MapLookupAndDeleteBatch: batchFields,
	MapUpdateBatch:          batchFields,
	MapDeleteBatch:          batchFields,
	ObjPin:                  objFields,
	ObjGet:                  objFields,
	ObjGetInfoByFD:          {{"bpf_fd", InfoBPFFD, 4, FD}, {"info_len", InfoLen, 4, Number}, {"info", InfoPtr, 8, Pointer}},
	MapGetNextID:            {{"start_id", IDStart, 4, Number}, {"next_id", IDNext, 4, Number}},
	MapGetFDByID: {
		{"map_id", IDStart, 4, Number}, {"next_id", IDNext, 4, Number}, {"open_flags", IDOpenFlags, 4, Flags},
	},
	MapDump: { // buf_len is declared last, so flags at DumpFlags must be zero (RFC v3)
		{"map_fd", DumpMapFD, 4, FD}, {"prev_key", DumpPrevKey, 8, Pointer}, {"buf", DumpBuf, 8, Pointer},
		{"buf_len", DumpBufLen, 8, Pointer},
	},
	MapDumpJuly:      julyFields,
	MapDumpAndDelete: julyFields,
}

// Fields are the fields that c declares in attr, in their order there; none for a number that is no command.
func Fields(c Cmd) []Field {
	if fields, ok := mapFields[c]; ok {
		return fields
	}
	return otherFields[c]
}

// FieldOf finds a field of c by its name.
func FieldOf(c Cmd, name string) (Field, bool) {
	for _, f := range Fields(c) {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// attrEnds are the ends of the last fields of mapFields.
var attrEnds = func() map[Cmd]int {
	ends := map[Cmd]int{}
	for c, fields := range mapFields {
		for _, f := range fields {
			ends[c] = max(ends[c], f.End())
		}
	}
	return ends
}()

// FieldsEnd is the end of the last of c's Fields in bytes.
func FieldsEnd(c Cmd) (end int) {
	for _, f := range Fields(c) {
		end = max(end, f.End())
	}
	return end
}

// AttrEnd is the end of c's last declared field in bytes, false for commands without map semantics.
func AttrEnd(c Cmd) (int, bool) {
	end, ok := attrEnds[c]
	return end, ok
}
