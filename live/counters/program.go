package counters

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// counter is a program that adds 1 to each word of a key's value, and returns the low half of the new first word; 0 when
// the key is absent.
type counter struct{ program *ebpf.Program }

func newCounter(fd int32, key uint32, valueBytes int) (counter, error) {
	spec := ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "GPL", Instructions: increment(int(fd), key, valueBytes)}
	program, err := ebpf.NewProgram(&spec)
	if err != nil {
		return counter{}, fmt.Errorf("load a counter: %w", err)
	}
	return counter{program}, nil
}

func increment(fd int, key uint32, valueBytes int) asm.Instructions {
	program := asm.Instructions{
		asm.StoreImm(asm.RFP, -4, int64(key), asm.Word),
		asm.LoadMapPtr(asm.R1, fd),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "absent"),
		asm.Mov.Imm(asm.R6, 1),
		fetchAdd(asm.R0, asm.R6),
		asm.Mov.Imm(asm.R7, 1),
	}
	for word := 8; word < valueBytes; word += 8 {
		program = append(program, asm.AddAtomic.Mem(asm.R0, asm.R7, asm.DWord, int16(word)))
	}
	return append(program,
		asm.Mov.Reg(asm.R0, asm.R6), asm.Add.Imm(asm.R0, 1), asm.Return(),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("absent"), asm.Return())
}

// fetchAdd adds src to the 8 bytes at dst and gives src what was there. The constant is for cilium/ebpf v0.22.0, which
// writes it where the kind of atomic operation belongs: without it, src would keep its value.
func fetchAdd(dst, src asm.Register) asm.Instruction {
	const fetch = 1 // BPF_FETCH
	instruction := asm.FetchAdd.Mem(dst, src, asm.DWord, 0)
	instruction.Constant = fetch
	return instruction
}

// packetBytes is the least that BPF_PROG_TEST_RUN takes as a packet: an Ethernet header.
const packetBytes = 14

// run runs the program once, on the calling thread's CPU.
func (c counter) run() (number uint32, err error) {
	number, err = c.program.Run(&ebpf.RunOptions{Data: make([]byte, packetBytes)})
	if err != nil {
		return 0, fmt.Errorf("run a counter: %w", err)
	}
	return number, nil
}
