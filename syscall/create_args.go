package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// MapCreate makes a map and returns an fd for it.
type MapCreate struct {
	Type       abi.MapType `attr:"map_type"`
	KeySize    uint32      `attr:"key_size"`   // bytes
	ValueSize  uint32      `attr:"value_size"` // bytes
	MaxEntries uint32      `attr:"max_entries"`
	Flags      uint32      `attr:"map_flags"`
	InnerMapFD int32       `attr:"inner_map_fd"`
	NumaNode   uint32      `attr:"numa_node"`
	// Name ends at its first NUL; without one among the 16 bytes it is invalid.
	Name              [abi.NameLen]byte `attr:"map_name"`
	Ifindex           uint32            `attr:"map_ifindex"`
	BTFFD             int32             `attr:"btf_fd"`
	BTFKeyType        uint32            `attr:"btf_key_type_id"`
	BTFValueType      uint32            `attr:"btf_value_type_id"`
	BTFVmlinuxValue   uint32            `attr:"btf_vmlinux_value_type_id"`
	Extra             uint64            `attr:"map_extra"`
	ValueTypeBTFObjFD int32             `attr:"value_type_btf_obj_fd"`
	TokenFD           int32             `attr:"map_token_fd"`
	// ExclProgHash is the address of ExclProgHashSize bytes.
	ExclProgHash     uint64 `attr:"excl_prog_hash"`
	ExclProgHashSize uint32 `attr:"excl_prog_hash_size"`
}

// NameOf is name as MapCreate takes it, cut to 15 characters.
func NameOf(name string) (n [abi.NameLen]byte) {
	copy(n[:abi.NameLen-1], name)
	return n
}
