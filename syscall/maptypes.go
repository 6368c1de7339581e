package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Supported reports whether maps of type t can be made. MapCreate answers EINVAL for the other types of Linux 6.18.
func Supported(t abi.MapType) bool { return maps.Supported(t) }

// MapTypes lists the map types of Linux 6.18 by number.
func MapTypes() []abi.MapType {
	types := make([]abi.MapType, 0, abi.NumMapTypes-1)
	for t := abi.Hash; t < abi.NumMapTypes; t++ {
		types = append(types, t)
	}
	return types
}
