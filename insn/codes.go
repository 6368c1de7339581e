package insn

import "github.com/bpfsim/bpfsim/abi"

// known are the codes of Linux 6.18 (bpf_opcode_in_insntable in kernel/bpf/core.c); the two halves of a CodeLoad64 are looked
// at by themselves.
var known = func() (codes [256]bool) {
	for _, class := range []int{classALU, classALU64} {
		for op := 0x00; op <= 0xc0; op += 0x10 { // ADD to ARSH
			codes[class|op] = true
			codes[class|op|fromReg] = op != 0x80 // NEG
		}
	}
	for op := 0x10; op <= 0xd0; op += 0x10 { // JEQ to JSLE
		for _, class := range []int{classJMP, classJMP32} {
			if op != opCall && op != opExit {
				codes[class|op], codes[class|op|fromReg] = true, true
			}
		}
	}
	for size := 0; size <= sizeMask; size += 8 {
		codes[classLDX|modeMEM|size], codes[classST|modeMEM|size], codes[classSTX|modeMEM|size] = true, true, true
	}
	for _, code := range []int{
		0xd4, 0xdc, 0xd7, // END: to little, to big, swapped
		codeJump, codeJumpLong, CodeCall, CodeCall | fromReg, CodeExit, 0xe5, // JCOND
		0x81, 0x89, 0x91, // LDX MEMSX of 32, 16 and 8 bits
		0xc3, 0xdb, 0xd3, 0xcb, // atomics
		0x20, 0x28, 0x30, 0x40, 0x48, 0x50, // LD ABS and IND
		CodeLoad64,
	} {
		codes[code] = true
	}
	return codes
}()

// Resolver finds what the numbers in CodeLoad64 stand for.
type Resolver interface {
	// Map is asked about each load of a map or its value; at is the instruction.
	Map(at int, load, second Insn) abi.Errno
	// BTFID is asked about each load of a variable or function of the kernel.
	BTFID(load, second Insn) abi.Errno
}

// Resolve looks at all codes and resolves what is loaded (resolve_pseudo_ldimm64).
func Resolve(all []Insn, r Resolver, log Log) abi.Errno {
	for i := 0; i < len(all); i++ {
		insn := all[i]
		if insn.class() == classLDX && (insn.mode() != modeMEM && insn.mode() != modeMEMSX || insn.Imm != 0) {
			log.Printf("BPF_LDX uses reserved fields\n")
			return abi.EINVAL
		}
		if insn.Code != CodeLoad64 {
			if !known[insn.Code] {
				log.Printf("unknown opcode %02x\n", insn.Code)
				return abi.EINVAL
			}
			continue
		}
		if errno := resolveLoad(all, i, r, log); errno != abi.OK {
			return errno
		}
		i++
	}
	return abi.OK
}

func resolveLoad(all []Insn, i int, r Resolver, log Log) abi.Errno {
	load := all[i]
	if i == len(all)-1 {
		log.Printf("invalid bpf_ld_imm64 insn\n")
		return abi.EINVAL
	}
	second := all[i+1]
	if second.Code != 0 || second.Dst != 0 || second.Src != 0 || second.Off != 0 {
		log.Printf("invalid bpf_ld_imm64 insn\n")
		return abi.EINVAL
	}
	switch load.Src {
	case 0, Func:
		return abi.OK
	case BTFID:
		return r.BTFID(load, second)
	case MapValue, MapIdxValue:
		return r.Map(i, load, second)
	case MapFD, MapIdx:
		if second.Imm == 0 {
			return r.Map(i, load, second)
		}
	}
	log.Printf("unrecognized bpf_ld_imm64 insn\n")
	return abi.EINVAL
}
