package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// kind is the rules of a map type.
type kind struct {
	// check is the look at the shape before the caller's capabilities, alloc the one behind it; either may be nil.
	check func(s *spec, sysAdmin bool) abi.Errno
	alloc func(s *spec) abi.Errno
	// table is the empty table of a map with that shape; nil where the type has no rules here.
	table func(s spec, cpus int) table
	// has is which of the commands it has that some types have not.
	has []abi.Cmd
}

// kinds are the map types by number.
var kinds = [abi.NumMapTypes]kind{
	abi.Hash:                {(*spec).checkHashMap, (*spec).allocHash, newHash, all},
	abi.Array:               {(*spec).checkArray, nil, newArray, only(reads, abi.MapUpdateBatch)},
	abi.LRUHash:             {(*spec).checkHashMap, (*spec).allocHash, newHash, all},
	abi.LPMTrie:             {nil, (*spec).allocTrie, newTrie, only(reads, abi.MapUpdateBatch, abi.MapDeleteBatch, abi.MapDumpAndDelete)},
	abi.PerCPUHash:          {(*spec).checkHashMap, (*spec).allocHash, newHash, all},
	abi.PerCPUArray:         {(*spec).checkPerCPUArray, nil, newArray, only(reads, abi.MapUpdateBatch)},
	abi.LRUPerCPUHash:       {(*spec).checkHashMap, (*spec).allocHash, newHash, all},
	abi.Queue:               {(*spec).checkQueue, nil, newQueue, only(nil, abi.MapLookupAndDeleteElem)},
	abi.Stack:               {(*spec).checkQueue, nil, newQueue, only(nil, abi.MapLookupAndDeleteElem)},
	abi.ArrayOfMaps:         {(*spec).checkArrayOfMaps, nil, newSlots, only(reads, abi.MapUpdateBatch)},
	abi.HashOfMaps:          {(*spec).checkHashOfMaps, (*spec).allocHash, newHashOfMaps, batches},
	abi.CPUMap:              {nil, (*spec).allocCPUMap, newCPUMap, nil},
	abi.PerfEventArray:      {(*spec).checkPerfEventArray, nil, newFDArray, nil},
	abi.StackTrace:          {nil, (*spec).allocStackTrace, newStacks, []abi.Cmd{abi.MapLookupAndDeleteElem}},
	abi.CgroupArray:         {(*spec).checkArrayOfMaps, nil, newReferences, nil},
	abi.DevMap:              {(*spec).checkDevMap, nil, newReferences, nil},
	abi.DevMapHash:          {(*spec).checkDevMap, nil, newReferences, nil},
	abi.SockMap:             {nil, (*spec).allocSocks, newReferences, nil},
	abi.SockHash:            {nil, (*spec).allocSocks, newReferences, nil},
	abi.XSKMap:              {nil, (*spec).allocSocks, newReferences, nil},
	abi.ReusePortSockArray:  {(*spec).checkSockArray, nil, newReferences, nil},
	abi.RingBuf:             {nil, (*spec).allocRing, newRing, nil},
	abi.UserRingBuf:         {nil, (*spec).allocRing, newRing, nil},
	abi.CgroupStorage:       {nil, (*spec).allocCgroupStorage, newNothing, nil},
	abi.PerCPUCgroupStorage: {nil, (*spec).allocCgroupStorage, newNothing, nil},
	abi.SKStorage:           {(*spec).checkStorage, nil, newStorage, nil},
	abi.InodeStorage:        {(*spec).checkStorage, nil, newStorage, nil},
	abi.TaskStorage:         {(*spec).checkStorage, nil, newStorage, nil},
	abi.CgrpStorage:         {(*spec).checkStorage, nil, newStorage, nil},
	abi.Arena:               {nil, (*spec).allocArena, newPages, nil},
	abi.StructOps:           {(*spec).checkStructOps, nil, newNothing, nil},
	abi.ProgArray:           {(*spec).checkArrayOfMaps, nil, newReferences, nil},
	abi.BloomFilter:         {(*spec).checkBloom, (*spec).allocBloom, newBloom, nil},
}

// reads are the commands that read many elements, batches those that also change many, all those that some types have not.
var (
	reads   = []abi.Cmd{abi.MapLookupBatch, abi.MapDump, abi.MapDumpJuly}
	batches = only(reads, abi.MapLookupAndDeleteBatch, abi.MapUpdateBatch, abi.MapDeleteBatch, abi.MapDumpAndDelete)
	all     = only(batches, abi.MapLookupAndDeleteElem)
)

func only(some []abi.Cmd, more ...abi.Cmd) []abi.Cmd { return slices.Concat(some, more) }

// HasRules reports whether maps of type t are specified here.
func HasRules(t abi.MapType) bool { return t < abi.NumMapTypes && kinds[t].table != nil }

// has reports whether maps like o have that command.
func (o *object) has(cmd abi.Cmd) bool { return slices.Contains(kinds[o.kind].has, cmd) }
