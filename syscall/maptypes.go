package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// supported are the map types that maps implements.
var supported = [abi.NumMapTypes]bool{
	abi.Hash: true, abi.Array: true, abi.LRUHash: true, abi.Queue: true, abi.Stack: true,
}

// Supported reports whether maps of type t can be made. MapCreate answers EPERM for the other types of Linux 6.18.
func Supported(t abi.MapType) bool { return t < abi.NumMapTypes && supported[t] }

// MapTypes lists the map types of Linux 6.18 by number.
func MapTypes() []abi.MapType {
	types := make([]abi.MapType, 0, abi.NumMapTypes-1)
	for t := abi.Hash; t < abi.NumMapTypes; t++ {
		types = append(types, t)
	}
	return types
}
