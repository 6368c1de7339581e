package kernelprogs_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"
)

// drained is what a callback of bpf_user_ringbuf_drain saw of a sample: bpf_dynptr_read's result and 8 bytes, of two
// places in it.
type drained struct {
	Errno0 uint64
	Bytes0 uint64
	Errno1 uint64
	Bytes1 uint64
}

const (
	drainedBytes = 32
	mostDrained  = 64
)

// Programs drain what a process produces, and refuse what it lies about.
func TestUserRingBufLikePrograms(t *testing.T) {
	requireRoot(t)
	for seed := range uint64(programs(t)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 31))
			r := newRings(t, abi.UserRingBuf, page<<random.IntN(2))
			for step := range 40 {
				wrote := r.produce(random)
				stop, offset, flags := 1+random.IntN(4), pickOffset(random), random.IntN(4)
				what := fmt.Sprintf("step %d: %s, stop after %d, flags %d", step, wrote, stop, flags)
				wantReturn, want := r.runDrain(stop, offset, flags)
				gotReturn, got := r.doDrain(stop, offset, flags)
				require.Equal(t, wantReturn, gotReturn, what)
				require.Equal(t, want, got, what)
				require.Equal(t, r.cons, r.bytes[:page], what)
				r.woken(what)
			}
			wantReturn, _ := r.runDrain(1, 0, 4) // at the end, as it looks at nothing that the process wrote meanwhile
			gotReturn, _ := r.doDrain(1, 0, 4)
			require.Equal(t, wantReturn, gotReturn, "flags 4")
		})
	}
}

func pickOffset(random *rand.Rand) int {
	return []int{0, 1, 8, 13, 100, 2000, 4000}[random.IntN(7)]
}

// produce writes samples, each through the data or through its image where it does not fit behind the last, and moves the
// producer's position: honestly as a rule.
func (r *rings) produce(random *rand.Rand) string {
	size, at, cons := int(r.linux.MaxEntries()), r.position(page), r.position(0)
	if at%8 != 0 || at-cons > uint64(size) {
		at = cons
	}
	var wrote string
	for range random.IntN(4) {
		length := []int{0, 1, 7, 8, 24, 500, 2000, size - 16, size - 8, size, 1 << 24, 1 << 29}[random.IntN(12)]
		flags := []uint32{0, 0, 0, 0, 0, abi.RingDiscard, abi.RingBusy, abi.RingBusy | abi.RingDiscard}[random.IntN(8)]
		fits := int(at-cons)+length+abi.RingHeader <= size
		if !fits && random.IntN(6) > 0 {
			continue
		}
		header := binary.LittleEndian.AppendUint32(nil, uint32(length)|flags)
		r.write(2*page+int(at)%size, header)
		if fits {
			p := payload(length)
			for i := range p {
				p[i] += byte(at / 8)
			}
			r.write(2*page+int(at)%size+abi.RingHeader, p)
		}
		wrote += fmt.Sprintf("%d|%#x at %d, ", length, flags, at)
		if at += uint64(length+abi.RingHeader+7) &^ 7; !fits {
			break
		}
	}
	if random.IntN(10) == 0 {
		lies := []uint64{at + 4, at + 8, at + uint64(size), ^uint64(0), ^uint64(7), 0, random.Uint64() &^ 7}
		at = lies[random.IntN(len(lies))]
	}
	r.writeWord(page, at)
	return fmt.Sprintf("%sproducer at %d, consumer at %d", wrote, at, cons)
}

// runDrain has a program drain on Linux.
func (r *rings) runDrain(stop, offset, flags int) (int32, []drained) {
	results, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: drainedBytes, MaxEntries: mostDrained + 1})
	require.NoError(r.t, err)
	defer results.Close()
	ret := int32(r.run(drainProgram(r.linux.FD(), results.FD(), stop, offset, flags)))
	var seen []drained
	for i := range uint32(mostDrained) {
		var d drained
		require.NoError(r.t, results.Lookup(i, &d))
		if d == (drained{}) {
			break
		}
		d.Errno0--
		seen = append(seen, d)
	}
	return ret, seen
}

// drainProgram calls the helper with a callback that counts samples, in the last of the results, and stops after so many. The first
// errno is written plus 1, which tells a sample from none.
func drainProgram(ring, results, stop, offset, flags int) asm.Instructions {
	read := func(place, offset, result int) asm.Instructions {
		return asm.Instructions{
			asm.Mov.Reg(asm.R1, asm.R8), asm.Add.Imm(asm.R1, int32(place+8)), asm.Mov.Imm(asm.R2, 8),
			asm.Mov.Reg(asm.R3, asm.R6), asm.Mov.Imm(asm.R4, int32(offset)), asm.Mov.Imm(asm.R5, 0),
			asm.FnDynptrRead.Call(), asm.Add.Imm(asm.R0, int32(result)), asm.StoreMem(asm.R8, int16(place), asm.R0, asm.DWord),
		}
	}
	number := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	prototype := func(params ...string) *btf.FuncProto {
		proto := &btf.FuncProto{Return: number}
		for _, name := range params {
			proto.Params = append(proto.Params, btf.FuncParam{Name: name, Type: &btf.Pointer{Target: &btf.Void{}}})
		}
		return proto
	}
	begin := func(name string, linkage btf.FuncLinkage, first asm.Instruction, params ...string) asm.Instruction {
		return btf.WithFuncMetadata(first.WithSymbol(name), &btf.Func{Name: name, Type: prototype(params...), Linkage: linkage})
	}
	program := asm.Instructions{
		begin("drain", btf.GlobalFunc, asm.StoreImm(asm.RFP, -8, 0, asm.Word), "context"),
		asm.LoadMapPtr(asm.R1, ring),
		asm.Instruction{OpCode: asm.LoadImmOp(asm.DWord), Dst: asm.R2, Src: asm.PseudoFunc, Constant: -1}.WithReference("sample"),
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, -8), asm.Mov.Imm(asm.R4, int32(flags)),
		asm.FnUserRingbufDrain.Call(), asm.Return(),
		begin("sample", btf.StaticFunc, asm.Mov.Reg(asm.R6, asm.R1), "dynptr", "count"),
		asm.StoreImm(asm.RFP, -8, mostDrained, asm.Word),
		asm.LoadMapPtr(asm.R1, results), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -8),
		asm.FnMapLookupElem.Call(), asm.JEq.Imm(asm.R0, 0, "stop"), asm.Mov.Reg(asm.R7, asm.R0),
		asm.LoadMem(asm.R1, asm.R7, 0, asm.Word), asm.StoreMem(asm.RFP, -8, asm.R1, asm.Word),
		asm.Add.Imm(asm.R1, 1), asm.StoreMem(asm.R7, 0, asm.R1, asm.Word), asm.Mov.Reg(asm.R9, asm.R1),
		asm.LoadMapPtr(asm.R1, results), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -8),
		asm.FnMapLookupElem.Call(), asm.JEq.Imm(asm.R0, 0, "stop"), asm.Mov.Reg(asm.R8, asm.R0),
	}
	program = append(append(program, read(0, 0, 1)...), read(16, offset, 0)...)
	return append(program,
		asm.JGE.Imm(asm.R9, int32(stop), "stop"), asm.Mov.Imm(asm.R0, 0), asm.Return(),
		asm.Mov.Imm(asm.R0, 1).WithSymbol("stop"), asm.Return())
}

// doDrain does the same here.
func (r *rings) doDrain(stop, offset, flags int) (int32, []drained) {
	var seen []drained
	read := func(sample []byte, offset int) (errno, bytes uint64) {
		if offset+8 > len(sample) {
			return minus(abi.E2BIG), 0
		}
		return 0, binary.LittleEndian.Uint64(sample[offset:])
	}
	n, errno := r.ours.(maps.UserRing).Drain(new(maps.Task), func(sample []byte) bool {
		var d drained
		d.Errno0, d.Bytes0 = read(sample, 0)
		d.Errno1, d.Bytes1 = read(sample, offset)
		seen = append(seen, d)
		return len(seen) >= stop
	}, uint64(flags))
	if errno != abi.OK {
		return -int32(errno), seen
	}
	return int32(n), seen
}

// minus is a negative errno as a helper returns it.
func minus(errno abi.Errno) uint64 { return -uint64(errno) }
