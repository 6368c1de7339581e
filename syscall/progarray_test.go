package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/stretchr/testify/require"
)

// loader is a desk with a PROG_ARRAY of 4 entries, whose keys are words.
type loader struct {
	*desk
	array int32
}

func newLoader(t *testing.T) *loader {
	d := newDesk(t, abi.Hash, 0)
	return &loader{d, d.must(MapCreate{Type: abi.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4})}
}

func (l *loader) put(key uint32, fd int32, want abi.Errno) {
	l.t.Helper()
	l.want(want, MapUpdateElem{FD: l.array, Key: l.Arena.Put(le32(key)), Value: l.Arena.Put(le32(uint32(fd)))})
}

func (l *loader) id(key uint32, want abi.Errno) uint32 {
	l.t.Helper()
	value := l.Arena.Alloc(4)
	l.want(want, MapLookupElem{FD: l.array, Key: l.Arena.Put(le32(key)), Value: value})
	return binary.LittleEndian.Uint32(l.Arena.Bytes(value, 4))
}

// user loads a program of a type that uses the array.
func (l *loader) user(kind abi.ProgType) ProgLoad {
	args := l.constant()
	args.Type, args.InsnCnt = kind, 4
	args.Insns = l.Arena.Put(insns(0x1018|uint64(l.array)<<32, 0, codeMove, codeExit))
	return args
}

// The first program decides which others fit (measured on 6.18).
func TestProgArrayOwner(t *testing.T) {
	l := newLoader(t)
	filter := l.must(l.constant())
	xdp := l.constant()
	xdp.Type = abi.ProgXDP
	other := l.must(xdp)
	l.put(0, filter, abi.OK)
	l.put(1, other, abi.EINVAL)
	l.put(9, filter, abi.E2BIG)
	l.put(1, 99, abi.EBADF)
	l.put(1, l.array, abi.EINVAL)
	require.Equal(t, l.Kernel.Programs()[0].ID(), l.id(0, abi.OK))
	l.id(1, abi.ENOENT)
	l.want(abi.EINVAL, l.user(abi.ProgXDP))
	l.want(abi.OK, l.user(abi.ProgSocketFilter))
	file, _ := l.Process.Files.Get(l.array)
	require.Contains(t, file.Object().FDInfo(), "frozen:\t0\nowner_prog_type:\t1\nowner_jited:\t0\n")
	l.want(abi.OK, MapDeleteElem{FD: l.array, Key: l.Arena.Put(le32(0))})
	l.want(abi.ENOENT, MapDeleteElem{FD: l.array, Key: l.Arena.Put(le32(0))})
	l.put(1, other, abi.EINVAL)
}

// Programs that stand for a function go with those for functions of its prototype (measured on 6.18 with iterators and tracepoints).
func TestProgArrayOfOnePrototype(t *testing.T) {
	var b btf.Builder
	task, file := b.Add(btf.FuncProto, "", 0, 0), b.Add(btf.FuncProto, "", 0, 0)
	one, like, other := b.Add(btf.Func, "bpf_iter_task", 0, task), b.Add(btf.Func, "bpf_iter_tasks", 0, task), b.Add(btf.Func, "bpf_iter_file", 0, file)
	types, errno := btf.Load(b.Bytes(), new(btf.Log))
	require.Equal(t, abi.OK, errno)
	l := &loader{desk: &desk{Caller: NewCaller(NewKernel(Options{BTF: func() *btf.BTF { return types }})), t: t}}
	l.array = l.must(MapCreate{Type: abi.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4})
	load := func(over uint32) int32 {
		args := l.constant()
		args.Type, args.AttachType, args.AttachBTFID = abi.ProgTracing, abi.AttachTraceIter, over
		return l.must(args)
	}
	l.put(0, load(one), abi.OK)
	l.put(1, load(one), abi.OK)
	l.put(1, load(like), abi.OK)
	l.put(1, load(other), abi.EINVAL)
}

// A program that is in the array that it uses goes with its last fd: an array that nobody has open is emptied.
func TestProgArrayWithoutUsersIsEmptied(t *testing.T) {
	l := newLoader(t)
	user := l.must(l.user(abi.ProgSocketFilter))
	l.put(2, user, abi.OK)
	id := l.Kernel.Maps()[1].ID()
	l.want(abi.OK, ObjPin{FD: l.array, Pathname: l.path(BPFFS + "/array")})
	l.close(l.array)
	l.array = l.must(MapGetFDByID{ID: id})
	l.id(2, abi.OK)
	l.close(l.array)
	require.Equal(t, abi.OK, l.tree().Unlink(BPFFS+"/array"))
	l.array = l.must(MapGetFDByID{ID: id})
	l.id(2, abi.ENOENT)
	l.put(2, user, abi.OK)
	l.close(user)
	require.Len(t, l.Kernel.Programs(), 1)
	l.close(l.array)
	require.Empty(t, l.Kernel.Programs())
	require.Len(t, l.Kernel.Maps(), 1)
}
