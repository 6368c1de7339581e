package btf

// Kind is the kind of a type (BTF_KIND_* in linux/btf.h).
type Kind uint8

// The kinds.
const (
	Void Kind = iota // of type 0 only
	Int
	Ptr
	Array
	Struct
	Union
	Enum
	Fwd
	Typedef
	Volatile
	Const
	Restrict
	Func
	FuncProto
	Var
	DataSec
	Float
	DeclTag
	TypeTag
	Enum64
	numKinds
)

// String is the kind's name in the log.
func (k Kind) String() string {
	return [...]string{
		"UNKNOWN", "INT", "PTR", "ARRAY", "STRUCT", "UNION", "ENUM", "FWD", "TYPEDEF", "VOLATILE", "CONST", "RESTRICT", "FUNC",
		"FUNC_PROTO", "VAR", "DATASEC", "FLOAT", "DECL_TAG", "TYPE_TAG", "ENUM64",
	}[k]
}

// set is a set of kinds.
type set uint32

func kinds(all ...Kind) (s set) {
	for _, k := range all {
		s |= 1 << k
	}
	return s
}

func (s set) has(k Kind) bool { return s>>k&1 != 0 }

var (
	modifiers  = kinds(Typedef, Volatile, Const, Restrict, TypeTag)
	composite  = kinds(Struct, Union)
	sized      = kinds(Int, Struct, Union, Enum, Enum64, DataSec, Float)
	sizeless   = kinds(Void, Fwd, Func, FuncProto)
	sourceOnly = kinds(Var, DeclTag, DataSec) // nothing but a DATASEC may refer to them
	unresolved = modifiers | composite | sourceOnly | kinds(Ptr, Array, Func)
	tagTargets = composite | kinds(Func, Var, Typedef)
)
