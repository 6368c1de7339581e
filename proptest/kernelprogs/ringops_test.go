package kernelprogs_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/require"
)

// ringOp is a helper call of a program: "reserve" of size bytes into a register, "submit" or "discard" of what is there,
// "output" of size bytes, "query".
type ringOp struct {
	verb  string
	slot  int // of slots
	size  int
	flags int // the flags, or what is queried
}

func (op ringOp) String() string {
	return fmt.Sprintf("%s slot %d, %d bytes, %d", op.verb, op.slot, op.size, op.flags)
}

// slots are the registers that hold records.
var slots = []asm.Register{asm.R6, asm.R7, asm.R8}

const (
	mostRingOps = 10
	dataAt      = 8 * 16 // of the bytes to put out in the result's value, behind a word for each operation
	resultBytes = dataAt + 3*page
)

// drawRingOps draws operations that the verifier takes: all records are committed in the end.
func drawRingOps(random *rand.Rand, size uint32) (ops []ringOp) {
	var held [3]bool
	for range 1 + random.IntN(mostRingOps-len(held)) {
		op := ringOp{slot: random.IntN(len(slots)), flags: random.IntN(4)}
		switch sizes := []int{0, 1, 7, 8, 9, 24, 100, 1000, int(size)/2 - 8, int(size) - 16, int(size) - 8, int(size)}; {
		case held[op.slot]:
			op.verb = []string{"submit", "discard"}[random.IntN(2)]
			held[op.slot] = false
		case random.IntN(2) == 0:
			op.verb, op.flags, op.size = "reserve", random.IntN(20)/19, sizes[random.IntN(len(sizes))]
			held[op.slot] = true
		case random.IntN(3) == 0:
			op.verb, op.flags = "query", random.IntN(6)
		default:
			op.verb, op.flags, op.size = "output", random.IntN(5), min(sizes[random.IntN(len(sizes))], resultBytes-dataAt)
		}
		ops = append(ops, op)
	}
	for slot := range held {
		if held[slot] {
			ops = append(ops, ringOp{verb: "submit", slot: slot, flags: random.IntN(4)})
		}
	}
	return ops
}

// payload is what is put out, and what a program writes into a record that it reserves.
func payload(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i/256 + 1)
	}
	return p
}

// recordWord is what a program writes to the first bytes of a record.
func recordWord(i int) int64 { return 0x0807060504030201 + int64(i)<<32 }

// runRingOps runs a program of them on Linux and returns the results.
func (r *rings) runRingOps(ops []ringOp) []uint64 {
	results, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: resultBytes, MaxEntries: 1})
	require.NoError(r.t, err)
	defer results.Close()
	require.NoError(r.t, results.Put(uint32(0), append(make([]byte, dataAt), payload(resultBytes-dataAt)...)))
	r.run(r.ringProgram(ops, results.FD()))
	value, err := results.LookupBytes(uint32(0))
	require.NoError(r.t, err)
	var got []uint64
	for i := range ops {
		got = append(got, binary.LittleEndian.Uint64(value[8*i:]))
	}
	return got
}

// run runs a program and returns its result.
func (r *rings) run(instructions asm.Instructions) uint32 {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "GPL", Instructions: instructions})
	require.NoError(r.t, err)
	defer program.Close()
	result, err := program.Run(&ebpf.RunOptions{Data: make([]byte, packetBytes)})
	require.NoError(r.t, err)
	return result
}

// ringProgram has the results' value in R9.
func (r *rings) ringProgram(ops []ringOp, results int) asm.Instructions {
	program := asm.Instructions{
		asm.StoreImm(asm.RFP, -8, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, results), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -8),
		asm.FnMapLookupElem.Call(), asm.JEq.Imm(asm.R0, 0, "end"),
		asm.Mov.Reg(asm.R9, asm.R0),
	}
	for i, op := range ops {
		program = append(program, r.assemble(i, op)...)
	}
	return append(program, asm.Mov.Imm(asm.R0, 0).WithSymbol("end"), asm.Return())
}

func (r *rings) assemble(i int, op ringOp) asm.Instructions {
	next, reg := fmt.Sprintf("op%d", i), slots[op.slot]
	result := asm.Instructions{asm.StoreMem(asm.R9, int16(8*i), asm.R0, asm.DWord).WithSymbol(next)}
	ring := asm.LoadMapPtr(asm.R1, r.linux.FD())
	switch op.verb {
	case "query":
		return append(asm.Instructions{ring, asm.Mov.Imm(asm.R2, int32(op.flags)), asm.FnRingbufQuery.Call()}, result...)
	case "output":
		return append(asm.Instructions{
			ring, asm.Mov.Reg(asm.R2, asm.R9), asm.Add.Imm(asm.R2, dataAt), asm.Mov.Imm(asm.R3, int32(op.size)),
			asm.Mov.Imm(asm.R4, int32(op.flags)), asm.FnRingbufOutput.Call(),
		}, result...)
	case "reserve":
		program := asm.Instructions{
			ring, asm.Mov.Imm(asm.R2, int32(op.size)), asm.Mov.Imm(asm.R3, int32(op.flags)), asm.FnRingbufReserve.Call(),
			asm.Mov.Reg(reg, asm.R0), asm.Mov.Imm(asm.R0, 0), asm.JEq.Imm(reg, 0, next),
		}
		if op.size >= 8 {
			program = append(program, asm.LoadImm(asm.R1, recordWord(i), asm.DWord), asm.StoreMem(reg, 0, asm.R1, asm.DWord))
		}
		return append(append(program, asm.Mov.Imm(asm.R0, 1)), result...)
	}
	call := asm.FnRingbufSubmit.Call()
	if op.verb == "discard" {
		call = asm.FnRingbufDiscard.Call()
	}
	return append(asm.Instructions{
		asm.Mov.Imm(asm.R0, 0), asm.JEq.Imm(reg, 0, next),
		asm.Mov.Reg(asm.R1, reg), asm.Mov.Imm(asm.R2, int32(op.flags)), call,
		asm.Mov.Imm(reg, 0), asm.Mov.Imm(asm.R0, 2),
	}, result...)
}

// doRingOps does the same here.
func (r *rings) doRingOps(ops []ringOp) []uint64 {
	ring, task := r.ours.(maps.Ring), new(maps.Task)
	var held [3]*maps.Record
	var got []uint64
	for i, op := range ops {
		got = append(got, 0)
		record := &held[op.slot]
		switch op.verb {
		case "query":
			got[i] = ring.Query(task, uint64(op.flags))
		case "output":
			got[i] = -uint64(ring.Output(task, payload(op.size), uint64(op.flags)))
		case "reserve":
			if *record = ring.Reserve(task, uint64(op.size), uint64(op.flags)); *record == nil {
				continue
			}
			if got[i] = 1; op.size >= 8 {
				(*record).Write(0, binary.LittleEndian.AppendUint64(nil, uint64(recordWord(i))))
			}
		default:
			if *record == nil {
				continue
			}
			if got[i] = 2; op.verb == "submit" {
				(*record).Submit(task, uint64(op.flags))
			} else {
				(*record).Discard(task, uint64(op.flags))
			}
			*record = nil
		}
	}
	return got
}
