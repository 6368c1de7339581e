package generator

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// mapType is how maps of a type are drawn.
type mapType struct {
	typ    abi.MapType
	weight int
	keys   []int // key sizes; the first is as likely as the others
	size   func(*generator) int
	flags  func(*generator) uint32
}

// hashKeySizes are words and odd numbers of bytes, for both versions of the hash function.
var hashKeySizes = []int{4, 1, 2, 3, 5, 7, 8, 12, 13, 16, 20, 64}

// mapTypes are the types that programs make.
var mapTypes = []mapType{
	{abi.Hash, 20, hashKeySizes, (*generator).hashSize, (*generator).hashFlags},
	{abi.LRUHash, 30, hashKeySizes, (*generator).hashSize, (*generator).lruFlags},
	{abi.Array, 10, []int{4}, (*generator).smallSize, (*generator).arrayFlags},
	{abi.PerCPUHash, 12, hashKeySizes, (*generator).hashSize, (*generator).hashFlags},
	{abi.LRUPerCPUHash, 16, hashKeySizes, (*generator).hashSize, (*generator).lruFlags},
	{abi.PerCPUArray, 8, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.Queue, 10, []int{0}, (*generator).sequenceSize, (*generator).noFlags},
	{abi.Stack, 10, []int{0}, (*generator).sequenceSize, (*generator).noFlags},
	{abi.LPMTrie, 10, []int{8, 5, 6, 7, 12, 13, 20}, (*generator).trieSize, (*generator).trieFlags},
	{abi.ArrayOfMaps, 3, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.HashOfMaps, 3, hashKeySizes, (*generator).smallSize, (*generator).hashFlags},
	{abi.CPUMap, 3, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.RingBuf, 2, []int{0}, (*generator).ringSize, (*generator).noFlags},
	{abi.UserRingBuf, 2, []int{0}, (*generator).ringSize, (*generator).noFlags},
	{abi.PerfEventArray, 3, []int{4}, (*generator).smallSize, (*generator).eventFlags},
	{abi.StackTrace, 2, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.ProgArray, 2, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.CgroupArray, 2, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.DevMap, 3, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.DevMapHash, 3, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.SockMap, 3, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.SockHash, 3, hashKeySizes, (*generator).smallSize, (*generator).noFlags},
	{abi.XSKMap, 2, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.ReusePortSockArray, 3, []int{4}, (*generator).smallSize, (*generator).noFlags},
	{abi.CgroupStorage, 2, []int{16, 8}, (*generator).smallSize, (*generator).noFlags},
	{abi.PerCPUCgroupStorage, 2, []int{16, 8}, (*generator).smallSize, (*generator).noFlags},
	{abi.SKStorage, 2, []int{4}, (*generator).smallSize, (*generator).storageFlags},
	{abi.InodeStorage, 2, []int{4}, (*generator).smallSize, (*generator).storageFlags},
	{abi.TaskStorage, 2, []int{4}, (*generator).smallSize, (*generator).storageFlags},
	{abi.CgrpStorage, 2, []int{4}, (*generator).smallSize, (*generator).storageFlags},
	{abi.Arena, 2, []int{0}, (*generator).smallSize, (*generator).arenaFlags},
	{abi.BloomFilter, 6, []int{0}, (*generator).smallSize, (*generator).seedFlags},
}

// typesAmong are those of the types that programs make.
func typesAmong(only []abi.MapType) []mapType {
	if len(only) == 0 {
		return mapTypes
	}
	return slices.DeleteFunc(slices.Clone(mapTypes), func(t mapType) bool { return !slices.Contains(only, t.typ) })
}

// Types are the map types that programs make.
func Types() (types []abi.MapType) {
	for _, t := range mapTypes {
		types = append(types, t.typ)
	}
	return types
}

// mapType draws one of the types.
func (g *generator) mapType() *mapType {
	weights := make([]int, len(g.types))
	for i, t := range g.types {
		weights[i] = t.weight
	}
	return &g.types[weighted(g, weights...)]
}

func (g *generator) smallSize() int { return 1 + g.Intn(12) }

func (g *generator) sequenceSize() int { return 1 + g.Intn(6) }

// ringSize is one or two pages, and now and then not.
func (g *generator) ringSize() int {
	if chance(g, 8) {
		return pick(g, 1, 2048, 4095, 4104, 12288)
	}
	return 4096 << g.Intn(2)
}

func (g *generator) trieSize() int { return 1 + g.Intn(40) }

// hashSize is small as a rule, so that maps fill and buckets collide.
func (g *generator) hashSize() int {
	switch {
	case chance(g, 10):
		return 13 + g.Intn(300)
	case chance(g, 3):
		return 300 + g.Intn(1500)
	}
	return g.smallSize()
}

func (g *generator) arenaFlags() uint32 {
	return abi.FlagMmapable | g.sometimes(20, abi.FlagSegvOnFault) | g.sometimes(20, abi.FlagNoUserConv)
}

func (g *generator) noFlags() uint32 { return 0 }

// seedFlags ask for the seed that all kernels have in common, as often as they may.
func (g *generator) seedFlags() uint32 {
	if chance(g, 2) || !g.machine.SysAdmin && !chance(g, 2) {
		return 0
	}
	return abi.FlagZeroSeed
}

func (g *generator) hashFlags() uint32 { return g.seedFlags() | g.sometimes(40, abi.FlagNoPrealloc) }

func (g *generator) lruFlags() uint32 { return g.seedFlags() | g.sometimes(30, abi.FlagNoCommonLRU) }

func (g *generator) arrayFlags() uint32 { return g.sometimes(10, abi.FlagMmapable) }

func (g *generator) eventFlags() uint32 { return g.sometimes(20, abi.FlagPreserveElems) }

func (g *generator) storageFlags() uint32 { return abi.FlagNoPrealloc | g.sometimes(20, abi.FlagClone) }

func (g *generator) trieFlags() uint32 { return abi.FlagNoPrealloc }

// sometimes is flag in so many of 100 cases.
func (g *generator) sometimes(percent int, flag uint32) uint32 {
	if chance(g, percent) {
		return flag
	}
	return 0
}

// prefix makes b a key of an LPM_TRIE, number i: few bits differ, so that many keys begin with others.
func prefix(b []byte, i int) {
	data := b[4:]
	most := 8 * len(data)
	lengths := []int{most, 0, 1, 7, 8, most - 1, most / 2, most/2 + 1, most, 3, most - 8, most + 1}
	length := lengths[i%len(lengths)]
	i /= len(lengths)
	b[0], b[1], b[2], b[3] = byte(length), byte(length>>8), 0, 0
	for at := range data {
		data[at] = []byte{0, 0x80, 0xc0, 0xff}[i%4]
		i /= 4
	}
}

// prefixes is the number of keys that prefix makes.
const prefixes = 12 * 64
