package bpfsys_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// session is one map on both, and memory for the arguments of calls on it, at the same offsets.
type session struct {
	*pair
	linuxFD, simFD     int32
	linuxAt, simAt     uint64
	linuxMem, simMem   []byte
	keySize, valueSize int
}

const (
	keysAt   = 0
	valuesAt = 256
	cursorAt = 4096
	memory   = 8192
)

// withField is BTF of values with the field at an offset, of 36 and of 40 bytes, and the numbers of their types and of a key's.
func withField(name string, size, offset uint32) (data []byte, key, odd, even uint32) {
	var b btf.Builder
	i := b.Int("int", 4)
	field := b.Struct(name, size, btf.Member{Name: "opaque", Type: i})
	if name == "kptr" {
		field = b.Add(btf.Ptr, "", 0, b.Add(btf.TypeTag, "kptr", 0, field))
	}
	value := func(bytes uint32) uint32 {
		return b.Struct("value", bytes, btf.Member{Name: "f", Type: field, Offset: offset}, btf.Member{Name: "n", Type: i, Offset: 32})
	}
	odd, even = value(36), value(40)
	return b.Bytes(), i, odd, even
}

func (p *pair) open(args bpfsys.MapCreate, linux, sim int32) *session {
	s := &session{pair: p, keySize: int(args.KeySize), valueSize: int(args.ValueSize)}
	args.BTFFD = linux
	fd, want := p.linux(args)
	args.BTFFD = sim
	simFD, got := p.sim.Do(args)
	require.Equal(p.t, want, got)
	if want != abi.OK {
		return nil
	}
	p.t.Cleanup(func() { p.raw.CloseFD(fd) })
	s.linuxFD, s.simFD = fd, simFD
	s.linuxAt, s.linuxMem = p.raw.Alloc(memory)
	s.simAt = p.sim.Arena.Alloc(memory)
	s.simMem = p.sim.Arena.Bytes(s.simAt, memory)
	file, _ := p.sim.Process.Files.Get(simFD)
	s.valueSize = file.Map().Elements().ValueBytes()
	return s
}

// do makes a call on both and compares errno, attr and memory. args makes the arguments for a fd and the memory's address.
func (s *session) do(args func(fd int32, at uint64) bpfsys.Args) abi.Errno {
	copy(s.simMem, s.linuxMem)
	_, want := s.linux(args(s.linuxFD, s.linuxAt))
	wantAttr := args(s.linuxFD, s.linuxAt).Encode()
	changed := make([]bool, len(wantAttr))
	for i := range wantAttr {
		changed[i] = wantAttr[i] != s.copy[i]
	}
	call := args(s.simFD, s.simAt)
	_, got := s.sim.Do(call)
	text := fmt.Sprintf("%s %+v", call.Cmd(), call)
	require.Equal(s.t, want, got, text)
	simAttr := call.Encode()
	for i := range simAttr {
		require.Equal(s.t, changed[i], simAttr[i] != s.sim.Attr()[i], "%s: attr byte %d", text, i)
	}
	require.Equal(s.t, s.linuxMem, s.simMem, text)
	return want
}

// draw is a call with drawn flags on keys of a few.
func (s *session) draw(r *rand.Rand) func(fd int32, at uint64) bpfsys.Args {
	count := 1 + r.Uint32N(4)
	for i := range s.linuxMem[:cursorAt] {
		s.linuxMem[i] = byte(r.Uint32())
	}
	for i := range int(count) {
		binary.LittleEndian.PutUint32(s.linuxMem[keysAt+4*i:], r.Uint32N(5))
	}
	clear(s.linuxMem[cursorAt:])
	flags := []uint64{0, 0, 0, 0, 0, 0, 1, 2, 4, 4, 4, 5, 6, 7, 8, 12}[r.IntN(16)]
	batch := func(fd int32, at uint64) bpfsys.MapLookupBatch {
		return bpfsys.MapLookupBatch{FD: fd, Out: at + cursorAt, Keys: at + keysAt, Values: at + valuesAt, Count: count, ElemFlags: flags}
	}
	switch r.IntN(10) {
	case 0, 1, 2:
		return func(fd int32, at uint64) bpfsys.Args {
			return bpfsys.MapUpdateElem{FD: fd, Key: at + keysAt, Value: at + valuesAt, Flags: flags}
		}
	case 3, 4:
		return func(fd int32, at uint64) bpfsys.Args {
			return bpfsys.MapLookupElem{FD: fd, Key: at + keysAt, Value: at + valuesAt, Flags: flags}
		}
	case 5:
		return func(fd int32, at uint64) bpfsys.Args {
			return bpfsys.MapLookupAndDeleteElem{FD: fd, Key: at + keysAt, Value: at + valuesAt, Flags: flags}
		}
	case 6:
		return func(fd int32, at uint64) bpfsys.Args { return bpfsys.MapUpdateBatch(batch(fd, at)) }
	case 7:
		return func(fd int32, at uint64) bpfsys.Args { return bpfsys.MapLookupAndDeleteBatch(batch(fd, at)) }
	case 8:
		return func(fd int32, at uint64) bpfsys.Args { return bpfsys.MapDeleteBatch(batch(fd, at)) }
	}
	return func(fd int32, at uint64) bpfsys.Args { return batch(fd, at) }
}

// Values with each kind of field that map types take, under calls with and without BPF_F_LOCK.
func TestFieldsComparedWithLinux(t *testing.T) {
	kerneltest.Need(t, kernel.Available())
	errnos := map[abi.Errno]int{}
	for _, field := range []struct {
		name   string
		size   uint32
		offset uint32
	}{
		{"bpf_spin_lock", 4, 0}, {"bpf_spin_lock", 4, 12}, {"bpf_res_spin_lock", 4, 4}, {"bpf_timer", 16, 8}, {"bpf_wq", 16, 0},
		{"bpf_task_work", 8, 16}, {"bpf_refcount", 4, 28}, {"kptr", 4, 24}, {"nothing", 4, 8},
	} {
		for _, flags := range []uint32{abi.FlagZeroSeed, abi.FlagZeroSeed | abi.FlagNoPrealloc} {
			t.Run(fmt.Sprintf("%s at %d, flags %#x", field.name, field.offset, flags), func(t *testing.T) {
				p := newPair(t)
				data, key, odd, even := withField(field.name, field.size, field.offset)
				linux, sim := p.load(data)
				r := rand.New(rand.NewPCG(uint64(field.offset), uint64(flags)))
				for _, m := range []abi.MapType{abi.Hash, abi.Array, abi.LRUHash, abi.PerCPUHash, abi.PerCPUArray, abi.LRUPerCPUHash} {
					args := bpfsys.MapCreate{Type: m, KeySize: 4, ValueSize: 36, MaxEntries: 4, Flags: flags, BTFKeyType: key, BTFValueType: odd}
					if m == abi.Array || m == abi.PerCPUArray {
						args.Flags = 0
					}
					switch m {
					case abi.PerCPUHash, abi.PerCPUArray, abi.LRUPerCPUHash: // the 4 bytes to the next CPU's are not defined
						args.ValueSize, args.BTFValueType = 40, even
					}
					if m == abi.LRUHash || m == abi.LRUPerCPUHash {
						args.MaxEntries = 1024 // nothing is evicted: that would depend on the CPU
					}
					s := p.open(args, linux, sim)
					for i := 0; s != nil && i < 400; i++ {
						errnos[s.do(s.draw(r))]++
					}
					if s != nil {
						s.do(func(fd int32, _ uint64) bpfsys.Args { return bpfsys.MapFreeze{FD: fd} })
					}
				}
			})
		}
	}
	t.Log(errnos)
	require.Greater(t, errnos[abi.OK], 5000)
}
