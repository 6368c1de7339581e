package bpfsys_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// pair is Linux and bpfsim, asked the same.
type pair struct {
	t    *testing.T
	raw  *kernel.Raw
	sim  *bpfsys.Caller
	attr uint64
	copy []byte
}

func newPair(t *testing.T) *pair {
	kerneltest.Need(t, kernel.Available())
	raw, err := kernel.OpenRaw(1 << 20)
	require.NoError(t, err)
	t.Cleanup(raw.Close)
	p := &pair{t: t, raw: raw, sim: bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: kernel.PossibleCPUs()}))}
	p.attr, p.copy = raw.Alloc(abi.AttrSize)
	return p
}

// linux makes a call on Linux alone.
func (p *pair) linux(args bpfsys.Args) (int32, abi.Errno) {
	attr := args.Encode()
	copy(p.copy, attr[:])
	return p.raw.Bpf(args.Cmd(), p.attr, abi.AttrSize)
}

// load loads BTF on both.
func (p *pair) load(data []byte) (linux, sim int32) {
	addr, bytes := p.raw.Alloc(len(data))
	copy(bytes, data)
	linux, errno := p.linux(bpfsys.BTFLoad{Data: addr, Size: uint32(len(data))})
	require.Equal(p.t, abi.OK, errno)
	p.t.Cleanup(func() { p.raw.CloseFD(linux) })
	sim, errno = p.sim.Do(bpfsys.BTFLoad{Data: p.sim.Arena.Put(data), Size: uint32(len(data))})
	require.Equal(p.t, abi.OK, errno)
	return linux, sim
}

// create makes a map on both and closes it.
func (p *pair) create(args bpfsys.MapCreate, linux, sim int32, inner [2]int32) (abi.Errno, abi.Errno) {
	args.BTFFD, args.InnerMapFD = linux, inner[0]
	fd, want := p.linux(args)
	if want == abi.OK {
		p.raw.CloseFD(fd)
	}
	args.BTFFD, args.InnerMapFD = sim, inner[1]
	fd, got := p.sim.Do(args)
	if got == abi.OK {
		p.sim.Process.Files.(*bpfsys.FDTable).Close(fd)
	}
	return want, got
}

// valueTypes are types of values of all kinds, by what is in them.
func valueTypes() []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	u64 := b.Int("u64", 8)
	one := func(name string, word, size uint32) uint32 {
		s := b.Struct(name, size, btf.Member{Name: "opaque", Type: word})
		b.Struct("v_"+name, 64, btf.Member{Name: "x", Type: s}, btf.Member{Name: "n", Type: i, Offset: 60})
		return s
	}
	lock := one("bpf_spin_lock", i, 4)
	one("bpf_res_spin_lock", i, 4)
	one("bpf_timer", u64, 16)
	one("bpf_wq", u64, 16)
	one("bpf_task_work", u64, 8)
	one("bpf_refcount", i, 4)
	mine := b.Struct("mine", 4, btf.Member{Name: "x", Type: i})
	for _, tag := range []string{"kptr", "kptr_untrusted", "percpu_kptr"} {
		p := b.Add(btf.Ptr, "", 0, b.Add(btf.TypeTag, tag, 0, mine))
		b.Struct("p", 64, btf.Member{Name: "p", Type: p})
	}
	node := b.Struct("bpf_list_node", 24, btf.Member{Name: "n", Type: u64})
	head := b.Struct("bpf_list_head", 16, btf.Member{Name: "n", Type: u64})
	b.Struct("item", 32, btf.Member{Name: "n", Type: node})
	v := b.Struct("v_list", 64, btf.Member{Name: "h", Type: head}, btf.Member{Name: "l", Type: lock, Offset: 16})
	b.Add(btf.DeclTag, "contains:item:n", 0, v, 0)
	b.Struct("plain", 64, btf.Member{Name: "n", Type: i})
	b.Struct("mixed", 64, btf.Member{Name: "l", Type: lock}, btf.Member{Name: "t", Type: 7, Offset: 8})
	variable := b.Add(btf.Var, "v", 0, i, 1)
	b.Add(btf.DataSec, ".data", 1, 64, variable, 0, 4)
	b.Add(btf.Int, "u24", 0, 4, 24)
	b.Add(btf.Typedef, "key", 0, i)
	b.Struct("lpm", 8, btf.Member{Name: "len", Type: i}, btf.Member{Name: "data", Type: i, Offset: 4})
	b.Add(btf.Array, "", 0, 0, i, i, 0)
	return b.Bytes()
}

// Each type of a BTF as key and value of each map type, with and without flags that matter.
func TestMapTypesComparedWithLinux(t *testing.T) {
	p := newPair(t)
	data := valueTypes()
	linux, sim := p.load(data)
	innerLinux, errno := p.linux(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.Equal(t, abi.OK, errno)
	innerSim, _ := p.sim.Do(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	log, _ := btf.NewLog(0, false, 0)
	types, _ := btf.Load(data, log)
	last := uint32(1)
	for types.Type(last) != nil {
		last++
	}
	seen := map[abi.Errno]int{}
	keys := []uint32{0, 1, 2, last - 4, last - 3, last - 2, last - 1, last}
	for _, mapType := range bpfsys.MapTypes() {
		if mapType == abi.StructOps { // typed by the kernel alone
			continue
		}
		for value := uint32(0); value <= last; value++ {
			for i, key := range keys {
				args := bpfsys.MapCreate{Type: mapType, KeySize: 4, ValueSize: 64, MaxEntries: 1 + uint32(i%2), BTFKeyType: key, BTFValueType: value}
				switch mapType {
				case abi.Queue, abi.Stack, abi.BloomFilter:
					args.KeySize = 0
				case abi.LPMTrie:
					args.KeySize, args.Flags = 8, abi.FlagNoPrealloc
				case abi.ArrayOfMaps, abi.HashOfMaps:
					args.ValueSize = 4
				}
				if value%5 == 4 {
					args.Flags |= abi.FlagReadOnlyProg
				}
				want, got := p.create(args, linux, sim, [2]int32{innerLinux, innerSim})
				require.Equal(t, want, got, "%+v", args)
				seen[want]++
			}
		}
	}
	t.Log(seen)
	require.Greater(t, len(seen), 4)
}

// info asks both for info of an fd into memory that is filled with a byte.
func (p *pair) info(linux, sim int32, before []byte, room uint32) (want, got string) {
	addr, bytes := p.raw.Alloc(len(before))
	copy(bytes, before)
	_, errno := p.linux(bpfsys.ObjGetInfoByFD{FD: linux, Info: addr, InfoLen: room})
	want = fmt.Sprintf("%v %d %x", errno, binary.LittleEndian.Uint32(p.copy[abi.InfoLen:]), bytes)
	simAddr := p.sim.Arena.Put(before)
	_, errno = p.sim.Do(bpfsys.ObjGetInfoByFD{FD: sim, Info: simAddr, InfoLen: room})
	got = fmt.Sprintf("%v %d %x", errno, binary.LittleEndian.Uint32(p.sim.Attr()[abi.InfoLen:]), p.sim.Arena.Bytes(simAddr, len(before)))
	return want, got
}

func TestInfoOfBTFComparedWithLinux(t *testing.T) {
	p := newPair(t)
	linux, sim := p.load(valueTypes())
	for room := range uint32(48) {
		before := make([]byte, 48)
		copy(before[28:32], "xxxx")
		for _, nameLen := range []byte{0, 1} {
			before[abi.BTFInfoNameLen] = nameLen
			want, got := p.info(linux, sim, before, room)
			require.Equal(t, withoutID(want), withoutID(got), "room %d", room)
		}
		before[40] = 1
		want, got := p.info(linux, sim, before, room)
		require.Equal(t, withoutID(want), withoutID(got), "room %d, more behind", room)
	}
}

// withoutID leaves the four bytes of the id out: numbers of Linux are its own.
func withoutID(info string) string {
	var errno string
	var n int
	var bytes []byte
	fmt.Sscanf(info, "%s %d %x", &errno, &n, &bytes)
	copy(bytes[abi.BTFInfoID:], "....")
	return fmt.Sprintf("%s %d %x", errno, n, bytes)
}

// The checks of the commands on BTF, one defect each.
func TestBTFCommandsComparedWithLinux(t *testing.T) {
	p := newPair(t)
	linux, sim := p.load(valueTypes())
	for _, args := range []bpfsys.Args{
		bpfsys.BTFGetFDByID{ID: 1 << 30}, bpfsys.BTFGetFDByID{ID: 1 << 30, OpenFlags: 1},
		bpfsys.BTFGetFDByID{OpenFlags: abi.FlagTokenFD, TokenFD: 9999}, bpfsys.BTFGetFDByID{OpenFlags: abi.FlagTokenFD},
		bpfsys.BTFGetNextID{StartID: 1<<31 - 1}, bpfsys.BTFGetNextID{StartID: 1 << 31}, bpfsys.BTFGetNextID{StartID: 1<<31 - 2},
		bpfsys.BTFLoad{Flags: 1}, bpfsys.BTFLoad{Flags: abi.FlagTokenFD, TokenFD: 9999}, bpfsys.BTFLoad{Size: 1<<24 + 1},
		bpfsys.BTFLoad{Size: 1 << 24}, bpfsys.BTFLoad{Size: 8}, bpfsys.BTFLoad{}, bpfsys.BTFLoad{LogLevel: 1},
		bpfsys.BTFLoad{LogBuf: 1, LogLevel: 1}, bpfsys.BTFLoad{LogBuf: 1, LogSize: 1}, bpfsys.BTFLoad{LogLevel: 16},
		bpfsys.BTFLoad{LogBuf: 16, LogSize: 9, LogLevel: 1}, bpfsys.BTFLoad{LogTrueSize: 77},
	} {
		_, want := p.linux(args)
		wantAttr := append([]byte(nil), p.copy...)
		_, got := p.sim.Do(args)
		require.Equal(t, want, got, "%+v", args)
		require.Equal(t, wantAttr, p.sim.Attr()[:], "%+v", args)
	}
	for _, args := range []func(fd int32) bpfsys.Args{
		func(fd int32) bpfsys.Args { return bpfsys.ObjPin{FD: fd} },
		func(fd int32) bpfsys.Args { return bpfsys.MapFreeze{FD: fd} },
		func(fd int32) bpfsys.Args { return bpfsys.MapLookupElem{FD: fd} },
		func(fd int32) bpfsys.Args { return bpfsys.MapLookupBatch{FD: fd} },
		func(fd int32) bpfsys.Args {
			return bpfsys.MapCreate{Type: abi.ArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1, InnerMapFD: fd}
		},
		func(fd int32) bpfsys.Args { return bpfsys.BTFLoad{Flags: abi.FlagTokenFD, TokenFD: fd} },
	} {
		_, want := p.linux(args(linux))
		_, got := p.sim.Do(args(sim))
		require.Equal(t, want, got, "%+v", args(linux))
	}
}
