package btf_test

import (
	"fmt"
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
