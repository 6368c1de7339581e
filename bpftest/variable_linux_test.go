//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// inSection is a global variable where a linker puts it.
type inSection struct {
	name         string
	offset, size uint32
}

// section makes the map of a section, with its BTF, as loaders do.
func section(t testing.TB, name string, flags, size uint32, variables ...inSection) (fd int) {
	t.Helper()
	var b btf.Builder
	u8 := b.Int("u8", 1)
	var words []uint32
	for _, v := range variables {
		words = append(words, b.Add(btf.Var, v.name, 0, u8, 1), v.offset, v.size)
	}
	data := b.Add(btf.DataSec, name, len(variables), size, words...)
	bytes := b.Bytes()
	types, err := bpf(bpfsys.BTFLoad{Data: bytesAt(bytes), Size: uint32(len(bytes))})
	require.NoError(t, err)
	defer unix.Close(types)
	fd, err = bpf(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: size, MaxEntries: 1, Flags: flags, Name: bpfsys.NameOf(name),
		BTFFD: int32(types), BTFValueType: data})
	require.NoError(t, err)
	return fd
}

// value is what the agent finds in a section.
func value(t testing.TB, fd int, size int) []byte {
	t.Helper()
	key, v := make([]byte, 4), make([]byte, size)
	_, err := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: bytesAt(key), Value: bytesAt(v)})
	require.NoError(t, err)
	return v
}

// Variables that share words, and lie across them, are written for themselves; mapped and other maps are alike.
func TestVariables(t *testing.T) {
	const size = 29
	layout := []inSection{{"a", 0, 1}, {"b", 1, 3}, {"c", 4, 4}, {"d", 8, 10}, {"e", 18, 6}, {"f", 24, 5}}
	k := bpftest.Kernel(t)
	for _, flags := range []uint32{0, abi.FlagMmapable} {
		fd := section(t, ".bss", flags, size, layout...)
		want := make([]byte, size)
		for round := range byte(3) {
			for i, v := range layout {
				set := make([]byte, v.size)
				for n := range set {
					set[n] = 0xff - 80*round - byte(i)
				}
				require.NoError(t, k.Var(v.name).Set(set))
				copy(want[v.offset:], set)
				require.Equal(t, want, value(t, fd, size), v.name)
				var got []byte
				require.NoError(t, k.Var(v.name).Get(&got))
				require.Equal(t, set, got)
			}
		}
		unix.Close(fd)
	}
}

func TestVariablesMapped(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := section(t, ".data", abi.FlagMmapable, 12, inSection{"lost", 0, 8}, inSection{"paused", 8, 1})
	defer unix.Close(fd)
	memory, err := unix.Mmap(fd, 0, unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.NoError(t, err)
	defer unix.Munmap(memory)
	memory[9] = 7 // padding
	require.NoError(t, k.Var("paused").Set(true))
	require.Equal(t, []byte{1, 7}, memory[8:10])
	memory[0] = 5
	var lost uint64
	require.NoError(t, k.Var("lost").Get(&lost))
	require.EqualValues(t, 5, lost)
}

func TestVariableErrors(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := section(t, ".bss", 0, 12, inSection{"lost", 0, 8}, inSection{"paused", 8, 1})
	defer unix.Close(fd)
	constants := section(t, ".rodata", abi.FlagReadOnlyProg, 4, inSection{"min_uid", 0, 4})
	lost := k.Var("lost")
	require.Equal(t, 8, lost.Size())
	require.Equal(t, ".bss", lost.Section())
	require.EqualError(t, lost.Set(uint32(1)), `set variable "lost": uint32 has 4 bytes, the variable has 8, in .bss`)
	require.EqualError(t, lost.Set(nil), `set variable "lost": <nil> has 0 bytes, the variable has 8, in .bss`)
	require.ErrorContains(t, lost.Set(1), "int is not of the same size everywhere")
	require.EqualError(t, lost.Get(new(uint32)), `get variable "lost": *uint32 has 4 bytes, the variable has 8, in .bss`)
	require.EqualError(t, k.Var("paused").Get(new(uint32)), `get variable "paused": *uint32 has 4 bytes, the variable has 1, in .bss`)
	require.ErrorContains(t, lost.Get(uint64(1)), `get variable "lost": `)
	err := k.Var("min_uid").Set(uint32(1))
	require.ErrorIs(t, err, unix.EACCES)
	require.EqualError(t, err, `set variable "min_uid": permission denied: programs cannot write to .rodata`)
	unix.Close(constants)

	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Var("absent") })[0],
		`find variable: no variable is named "absent"; the sections that are loaded with BTF have: "lost", "paused"`)
	other := section(t, ".bss", 0, 8, inSection{"lost", 0, 8})
	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Var("lost") })[0], `two variables are named "lost", in the maps with the ids 1 and 3`)
	require.ErrorContains(t, lost.Set(uint64(1)), `set variable "lost": two variables are named "lost"`)
	unix.Close(other)
}
