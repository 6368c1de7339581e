package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// kind is the rules of a map type.
type kind struct {
	check func(s *spec, sysAdmin bool) abi.Errno
	// table is the empty table of a map with that shape; nil where the type has no rules here.
	table func(s spec, cpus int) table
	// batches are the batch commands that the type has, and whether it can be dumped.
	batches []abi.Cmd
	dumps   bool
}

// kinds are the map types by number.
var kinds = [abi.NumMapTypes]kind{
	abi.Hash:    {(*spec).checkHashMap, newHash, allBatches, true},
	abi.Array:   {(*spec).checkArray, newArray, []abi.Cmd{abi.MapLookupBatch, abi.MapUpdateBatch}, true},
	abi.LRUHash: {(*spec).checkHashMap, newHash, allBatches, true},
	abi.Queue:   {(*spec).checkQueue, newQueue, nil, false},
	abi.Stack:   {(*spec).checkQueue, newQueue, nil, false},
}

var allBatches = []abi.Cmd{
	abi.MapLookupBatch, abi.MapLookupAndDelBatch, abi.MapUpdateBatch, abi.MapDeleteBatch,
}

// batched reports whether maps like o have that batch command.
func (o *object) batched(cmd abi.Cmd) bool { return slices.Contains(kinds[o.kind].batches, cmd) }
