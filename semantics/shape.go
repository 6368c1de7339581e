package semantics

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Shape is what a map was made with.
type Shape struct {
	Type               abi.MapType
	KeySize, ValueSize int // bytes
	MaxEntries         uint32
	Flags              uint64
	CPUs               int // possible ones
}

// ValueBytes is the size of a value as user space sees it.
func (s Shape) ValueBytes() int { return program.ValueBytes(s.Type, s.ValueSize, s.CPUs) }

// perCPU reports whether values have a part for each possible CPU, of 8 bytes at least.
func (s Shape) perCPU() bool { return program.ValueBytes(s.Type, 1, 1) == 8 }

// usual is the shape of a map of which a step says its type only: four elements with keys of 4 and values of 8 bytes, where the type
// can have those.
func usual(t abi.MapType, cpus int) Shape {
	s := Shape{Type: t, KeySize: 4, ValueSize: 8, MaxEntries: 4, CPUs: cpus}
	switch t {
	case abi.Hash, abi.PerCPUHash, abi.LRUHash, abi.LRUPerCPUHash:
		s.Flags = uint64(abi.FlagZeroSeed) // so that kernels walk in the same order
	case abi.Queue, abi.Stack:
		s.KeySize = 0
	case abi.BloomFilter:
		s.KeySize, s.Flags = 0, uint64(abi.FlagZeroSeed)
	case abi.LPMTrie:
		s.KeySize, s.Flags = 8, uint64(abi.FlagNoPrealloc)
	case abi.HashOfMaps:
		s.ValueSize, s.Flags = 4, uint64(abi.FlagZeroSeed)
	case abi.RingBuf, abi.UserRingBuf:
		s.KeySize, s.ValueSize, s.MaxEntries = 0, 0, program.PageSize
	case abi.Array, abi.PerCPUArray:
	case abi.Arena:
		s.KeySize, s.ValueSize, s.Flags = 0, 0, uint64(abi.FlagMmapable)
	case abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage:
		s.MaxEntries, s.Flags = 0, uint64(abi.FlagNoPrealloc)
	case abi.CgroupStorage, abi.PerCPUCgroupStorage:
		s.KeySize, s.MaxEntries = 8, 0
	default:
		s.ValueSize = 4
	}
	return s
}

// key is the key that text means.
func (s Shape) key(text string) ([]byte, error) {
	if s.Type != abi.LPMTrie {
		return number(text, s.KeySize)
	}
	data, prefix, found := strings.Cut(text, "/")
	if !found {
		prefix = strconv.Itoa(8 * (s.KeySize - 4))
	}
	key, err := number(prefix, 4)
	if err != nil {
		return nil, err
	}
	rest, err := number(data, s.KeySize-4)
	return append(key, rest...), err
}

// value is the value that text means. Per-CPU values have one number for each CPU, the last one for all that follow.
func (s Shape) value(text string) ([]byte, error) {
	if !s.perCPU() {
		return number(text, s.ValueSize)
	}
	var whole []byte
	numbers := strings.Split(text, "/")
	for cpu := range s.CPUs {
		part, err := number(numbers[min(cpu, len(numbers)-1)], s.ValueBytes()/s.CPUs)
		if err != nil {
			return nil, err
		}
		whole = append(whole, part...)
	}
	return whole, nil
}

// number is a little-endian number of so many bytes.
func number(text string, size int) ([]byte, error) {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no number", text)
	}
	if size < 8 && bits.Len64(n) > 8*size {
		return nil, fmt.Errorf("%s does not fit into %d bytes", text, size)
	}
	b := make([]byte, max(size, 8))
	binary.LittleEndian.PutUint64(b, n)
	return b[:size], nil
}

// keyText and valueText are the shortest text for what was seen.
func (s Shape) keyText(key []byte) string {
	if s.Type != abi.LPMTrie || len(key) < 5 {
		return bytesText(key)
	}
	return fmt.Sprintf("%s/%d", bytesText(key[4:]), binary.LittleEndian.Uint32(key))
}

func (s Shape) valueText(value []byte) string {
	if !s.perCPU() || len(value) != s.ValueBytes() {
		return bytesText(value)
	}
	var parts []string
	for part := range slices.Chunk(value, len(value)/s.CPUs) {
		parts = append(parts, bytesText(part))
	}
	return strings.Join(parts, "/")
}

// bytesText is a number as long as there is one, else hexadecimal digits.
func bytesText(b []byte) string {
	if len(b) > 8 {
		return fmt.Sprintf("0x%x", b)
	}
	var word [8]byte
	copy(word[:], b)
	return strconv.FormatUint(binary.LittleEndian.Uint64(word[:]), 10)
}
