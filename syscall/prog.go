package bpfsys

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Programs of libbpf's feature probes (probe_kern_prog_name and probe_memcg_account in its features.c and bpf.c):
// socket filters whose first instruction is one of these and whose second one is exit.
const (
	insnSize     = 8
	insnExit     = 0x95                      // exit
	insnMovR0    = 0xb7                      // r0 = imm
	insnCall     = 0x85                      // call imm, a helper where the rest is zero
	insnCallTime = 0x85 | uint64(timeID)<<32 // call bpf_ktime_get_coarse_ns
	timeID       = 160

	probeInsns = 2
	maxInsns   = 1_000_000 // BPF_COMPLEXITY_LIMIT_INSNS
)

// progLoad accepts programs that libbpf loads only to see whether the kernel takes them, and makes an fd without a
// map. Of other programs it answers what bpf_prog_load in kernel/bpf/syscall.c finds wrong before the verifier runs,
// and turns down the rest with EINVAL, as a kernel that does not have the type: clients' probes take it for "not
// supported".
func (c *call) progLoad() (int32, abi.Errno) {
	var args ProgLoad
	args.Decode(c.attr)
	if errno := c.checkProgram(&args); errno != abi.OK {
		return 0, errno
	}
	return c.install(Program{}, ReadWrite)
}

// checkProgram is all checks in Linux's order.
func (c *call) checkProgram(args *ProgLoad) (errno abi.Errno) {
	if errno = c.checkLoader(args); errno == abi.OK {
		errno = c.checkAttach(args)
	}
	if errno == abi.OK {
		errno = c.checkText(args)
	}
	if errno == abi.OK {
		errno = c.checkDevice(args)
	}
	if errno == abi.OK {
		errno = c.checkIdentity(args)
	}
	if errno == abi.OK {
		errno = c.checkVerifier(args)
	}
	if errno == abi.OK {
		errno = c.checkProbe(args)
	}
	return errno
}

// checkProbe lets trivial programs pass.
func (c *call) checkProbe(args *ProgLoad) abi.Errno {
	if args.Type == abi.ProgSocketFilter && args.Flags == 0 && args.InsnCnt == probeInsns {
		insns := c.kept().page[:probeInsns*insnSize]
		if errno := c.copyIn(insns, args.Insns); errno != abi.OK {
			return errno
		}
		if trivial(binary.LittleEndian.Uint64(insns), binary.LittleEndian.Uint64(insns[insnSize:])) {
			return abi.OK
		}
	}
	refusal := Refusal{Cmd: abi.ProgLoad, What: "type " + args.Type.String(), Errno: abi.EINVAL}
	return c.refuseLogged(refusal, args.log(), c.helperHint(args))
}

// trivial reports whether the verifier could not but accept the two instructions.
func trivial(first, second uint64) bool {
	const immediate = uint64(0xffffffff) << 32
	sets := first&^immediate == insnMovR0 || first == insnCallTime
	return sets && second == insnExit
}

// helperHint says of a program that begins with a helper's call what the verifier says of helpers that it does not
// know: that is how clients probe for helpers.
func (c *call) helperHint(args *ProgLoad) string {
	var first [insnSize]byte
	if c.copyIn(first[:], args.Insns) != abi.OK {
		return ""
	}
	insn := binary.LittleEndian.Uint64(first[:])
	if insn&0xffffffff != insnCall {
		return ""
	}
	return fmt.Sprintf("; invalid func unknown#%d", int32(insn>>32))
}

// checkText reads the instructions and the license.
func (c *call) checkText(args *ProgLoad) abi.Errno {
	if errno := c.readable(args.Insns, uint64(args.InsnCnt)*insnSize); errno != abi.OK {
		return errno
	}
	const longest = 127
	c.task.Step(maps.PointUser)
	license := c.kept().page[:longest]
	n := c.proc.Mem.Read(license, args.License)
	if n < longest && bytes.IndexByte(license[:n], 0) < 0 {
		return abi.EFAULT
	}
	if args.Signature != 0 {
		return abi.EOPNOTSUPP // as a kernel without keys
	}
	return abi.OK
}
