package kernelprogs

import (
	"encoding/binary"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/cilium/ebpf/asm"
)

// The program's stack: the key in the 8 bytes below the frame pointer, the value below it.
const keyOffset = -8

// assemble writes the program for an operation. It returns 0 or the negative errno.
func assemble(fd int, op explore.Op, key, value []byte) (asm.Instructions, error) {
	var program asm.Instructions
	for at := 0; at < len(key); at += 4 { // 4 bytes, or 8
		word := int32(binary.LittleEndian.Uint32(key[at:]))
		program = append(program, asm.StoreImm(asm.RFP, keyOffset+int16(at), int64(word), asm.Word))
	}
	program = append(program, asm.LoadMapPtr(asm.R1, fd), asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, keyOffset))
	switch op.Verb {
	case "update":
		return append(program, updating(value, abi.Any)...), nil
	case "insert":
		return append(program, updating(value, abi.NoExist)...), nil
	case "delete":
		return append(program, asm.FnMapDeleteElem.Call(), asm.Return()), nil
	case "read", "write":
		return append(program, writing(value)...), nil
	}
	return nil, fmt.Errorf("no helper does %q", op.Verb)
}

// updating puts the value on the stack and calls bpf_map_update_elem.
func updating(value []byte, flags uint64) asm.Instructions {
	base := int16(keyOffset - len(value))
	var program asm.Instructions
	for i, word := range words(value) {
		program = append(program, asm.LoadImm(asm.R5, word, asm.DWord), asm.StoreMem(asm.RFP, base+int16(8*i), asm.R5, asm.DWord))
	}
	return append(program,
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, int32(base)), asm.Mov.Imm(asm.R4, int32(flags)),
		asm.FnMapUpdateElem.Call(), asm.Return())
}

// writing looks the key up and writes the words through the pointer; none for a mere lookup.
func writing(value []byte) asm.Instructions {
	program := asm.Instructions{asm.FnMapLookupElem.Call(), asm.JEq.Imm(asm.R0, 0, "absent")}
	for i, word := range words(value) {
		program = append(program, asm.LoadImm(asm.R5, word, asm.DWord), asm.StoreMem(asm.R0, int16(8*i), asm.R5, asm.DWord))
	}
	return append(program,
		asm.Mov.Imm(asm.R0, 0), asm.Return(),
		asm.Mov.Imm(asm.R0, -int32(abi.ENOENT)).WithSymbol("absent"), asm.Return())
}
