package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// MapTypes lists the map types of Linux 6.18 by number.
func MapTypes() []abi.MapType {
	types := make([]abi.MapType, 0, abi.NumMapTypes-1)
	for t := abi.Hash; t < abi.NumMapTypes; t++ {
		types = append(types, t)
	}
	return types
}
