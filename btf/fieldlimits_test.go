package btf_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

// pointer adds a pointer that the kernel keeps.
func pointer(b *btf.Builder) uint32 {
	long := b.Int("long", 8)
	s := b.Struct("mine", 8, btf.Member{Name: "x", Type: long})
	return b.Add(btf.Ptr, "", 0, b.Add(btf.TypeTag, "kptr", 0, s))
}

// manyPointers is a struct of n of them, in an array or one by one.
func manyPointers(n uint32, inArray bool) []byte {
	var b btf.Builder
	p := pointer(&b)
	members := []btf.Member{{Name: "first", Type: p}}
	if inArray {
		members = append(members, btf.Member{Name: "rest", Type: b.Add(btf.Array, "", 0, 0, p, 1, n-1), Offset: 8})
	}
	for i := uint32(1); i < n && !inArray; i++ {
		members = append(members, btf.Member{Name: fmt.Sprint("p", i), Type: p, Offset: 8 * i})
	}
	b.Struct("value", 8*n, members...)
	return b.Bytes()
}

// twoPointers is a struct with one at 0 and one in a struct at some byte.
func twoPointers(at uint32) []byte {
	var b btf.Builder
	p := pointer(&b)
	inner := b.Struct("inner", 8, btf.Member{Name: "p", Type: p})
	b.Struct("value", 24, btf.Member{Name: "p", Type: p}, btf.Member{Name: "i", Type: inner, Offset: at})
	return b.Bytes()
}

// How many fields a value may have, and how near they may lie, is the same on Linux to the field and the byte.
func TestFieldLimitsComparedWithLinux(t *testing.T) {
	l := openLinux(t)
	seen := map[abi.Errno]bool{}
	check := func(name string, data []byte) {
		t.Run(name, func(t *testing.T) {
			linux := l.load(data, 1, 1<<14)
			require.Equal(t, linux, simulated(data, 1, 1<<14))
			seen[linux.errno] = true
		})
	}
	for n := uint32(9); n < 14; n++ {
		check(fmt.Sprint(n, " pointers"), manyPointers(n, false))
		check(fmt.Sprint(n, " pointers in an array"), manyPointers(n, true))
	}
	for at := uint32(5); at < 11; at++ {
		check(fmt.Sprint("a pointer at ", at), twoPointers(at))
	}
	require.Equal(t, map[abi.Errno]bool{abi.OK: true, abi.E2BIG: true, abi.EEXIST: true}, seen)
}

// named is a type with a name of so many letters.
func named(letters int) []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	b.Add(btf.Typedef, strings.Repeat("n", letters), 0, i)
	return b.Bytes()
}

// bitsBeside is a struct of 4 bytes with a bit field of so many bits from a bit on.
func bitsBeside(from, width uint32) []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	b.AddInfo(kflag|info(btf.Struct, 1), "s", 4, b.Name("b"), i, width<<24|from)
	return b.Bytes()
}

// nodeAt is a list whose elements have their node at some byte.
func nodeAt(at uint32) []byte {
	var b btf.Builder
	long, word := b.Int("long", 8), b.Int("int", 4)
	node := opaque(&b, "bpf_list_node", long, 24)
	count := opaque(&b, "bpf_refcount", word, 4)
	b.Struct("item", 40, btf.Member{Name: "n", Type: node, Offset: at}, btf.Member{Name: "c", Type: count, Offset: 36})
	value := b.Struct("value", 24, btf.Member{Name: "h", Type: opaque(&b, "bpf_list_head", long, 16)},
		btf.Member{Name: "l", Type: opaque(&b, "bpf_spin_lock", word, 4), Offset: 16})
	b.Add(btf.DeclTag, "contains:item:n", 0, value, 0)
	return b.Bytes()
}

// How long names are, where bit fields end and where nodes may lie is the same on Linux to the letter, the bit and the byte.
func TestNameAndPlaceLimitsComparedWithLinux(t *testing.T) {
	l := openLinux(t)
	all := map[string][]byte{}
	for n := range 4 {
		all[fmt.Sprint(510+n, " letters")] = named(510 + n)
		all[fmt.Sprint("bits from ", 28+n)] = bitsBeside(28+uint32(n), 3)
	}
	for at := range uint32(10) {
		all[fmt.Sprint("a node at ", at)] = nodeAt(at)
	}
	seen := map[abi.Errno]int{}
	for name, data := range all {
		linux := l.load(data, 1, 1<<14)
		require.Equal(t, linux, simulated(data, 1, 1<<14), name)
		seen[linux.errno]++
	}
	require.Greater(t, seen[abi.OK], 3, seen)
	require.Greater(t, seen[abi.EINVAL], 3, seen)
}
