package program

import "github.com/bpfsim/bpfsim/abi"

// mapType is what programs have to know of a map type.
type mapType struct {
	// seeded types have an order, or answers, that depend on a random seed.
	seeded bool
	// perCPU types have values with a part for each possible CPU.
	perCPU bool
	// refused reports sizes that Linux refuses before it allocates (facts of 6.18): a program may ask for them.
	refused func(key, value, entries uint64) bool
}

// mapTypes are the types by number; behind the last one is what Linux does not know.
var mapTypes = [abi.NumMapTypes + 1]mapType{
	abi.Hash:                {seeded: true, refused: hashRefused},
	abi.LRUHash:             {seeded: true, refused: hashRefused},
	abi.PerCPUHash:          {seeded: true, perCPU: true, refused: perCPUHashRefused},
	abi.LRUPerCPUHash:       {seeded: true, perCPU: true, refused: perCPUHashRefused},
	abi.Array:               {refused: func(_, value, _ uint64) bool { return value > maxArraySize }},
	abi.PerCPUArray:         {perCPU: true, refused: func(_, value, _ uint64) bool { return value > maxPartSize }},
	abi.Queue:               {refused: sequenceRefused},
	abi.Stack:               {refused: sequenceRefused},
	abi.LPMTrie:             {refused: sequenceRefused},
	abi.ArrayOfMaps:         {refused: sequenceRefused},
	abi.HashOfMaps:          {seeded: true, refused: hashRefused},
	abi.CPUMap:              {refused: sequenceRefused},
	abi.PerfEventArray:      {refused: sequenceRefused},
	abi.StackTrace:          {},
	abi.CgroupArray:         {refused: sequenceRefused},
	abi.DevMap:              {refused: sequenceRefused},
	abi.DevMapHash:          {refused: sequenceRefused},
	abi.SockMap:             {refused: sequenceRefused},
	abi.SockHash:            {refused: sequenceRefused},
	abi.XSKMap:              {refused: sequenceRefused},
	abi.ReusePortSockArray:  {refused: sequenceRefused},
	abi.RingBuf:             {refused: sequenceRefused},
	abi.UserRingBuf:         {refused: sequenceRefused},
	abi.CgroupStorage:       {refused: sequenceRefused},
	abi.PerCPUCgroupStorage: {perCPU: true, refused: func(_, value, _ uint64) bool { return value > maxPartSize }},
	abi.SKStorage:           {refused: sequenceRefused},
	abi.InodeStorage:        {refused: sequenceRefused},
	abi.TaskStorage:         {refused: sequenceRefused},
	abi.CgrpStorage:         {refused: sequenceRefused},
	abi.Arena:               {refused: func(_, value, entries uint64) bool { return value > maxValueSize || entries > maxArenaPages }},
	abi.ProgArray:           {refused: sequenceRefused},
	abi.StructOps:           {refused: sequenceRefused},
	abi.BloomFilter:         {seeded: true, refused: sequenceRefused},
}

// Sizes in bytes and numbers above which Linux refuses, and what this package bounds maps with.
const (
	maxHashElement  = 4 << 20      // key_size + value_size of a hash, roughly
	maxHashEntries  = 1 << 27      // buckets
	maxValueSize    = 4 << 20      // value_size of a queue, stack, trie or filter; this package allows others no more
	maxArraySize    = 1<<31 - 1    // value_size of an array
	maxPartSize     = 32 << 10     // value_size of a per-CPU type
	maxArenaPages   = 1 << 20      // of an arena, which is 4 GiB large at most
	elementOverhead = 48 + 16 + 16 // element header, bucket, padding
)

func hashRefused(key, value, entries uint64) bool {
	return key+value > maxHashElement || entries > maxHashEntries
}

func perCPUHashRefused(key, value, entries uint64) bool {
	return value > maxPartSize || hashRefused(key, value, entries)
}

func sequenceRefused(_, value, _ uint64) bool { return value > maxValueSize }

// ValueBytes is the size of a value as user space sees it.
func ValueBytes(t abi.MapType, valueSize, cpus int) int {
	if mapTypes[min(t, abi.NumMapTypes)].perCPU {
		return (valueSize + 7) / 8 * 8 * cpus
	}
	return valueSize
}
