package bpfsys

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// maxInsns is BPF_COMPLEXITY_LIMIT_INSNS.
const maxInsns = 1_000_000

// progLoad accepts programs that clients load only to see whether the kernel takes them, and makes an fd without a map.
// Of other programs it answers what bpf_prog_load in kernel/bpf/syscall.c finds wrong before the verifier runs, and
// turns down the rest with EINVAL, as a kernel that does not have the type: clients' probes take it for "not supported".
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

// progSleepable is the only flag that socket filters may not have; the others change nothing about constants.
const progSleepable = 1 << 4

// maxProbe is more instructions than probes have: one of cilium/ebpf's has 4,097.
const maxProbe = 1 << 13

// checkProbe lets socket filters pass that return a constant. Of other types nothing passes, because clients go on
// from there: to load a program that is to run.
func (c *call) checkProbe(args *ProgLoad) abi.Errno {
	refusal := Refusal{Cmd: abi.ProgLoad, What: "type " + args.Type.String(), Errno: abi.EINVAL}
	if args.Type == abi.ProgSocketFilter {
		code := make([]byte, min(args.InsnCnt, maxProbe)*insnSize)
		if errno := c.copyIn(code, args.Insns); errno != abi.OK {
			return errno
		}
		if args.Flags&progSleepable == 0 && args.InsnCnt <= maxProbe && returnsConstant(code, c.proc.Caps.SysAdmin) {
			return abi.OK
		}
		refusal.What += " that does more than return a constant"
	}
	return c.refuseLogged(refusal, args.log(), c.helperHint(args))
}

// helperHint says of a program that begins with a helper's call what the verifier says of helpers that it does not
// know: that is how clients probe for helpers.
func (c *call) helperHint(args *ProgLoad) string {
	var first [insnSize]byte
	if c.copyIn(first[:], args.Insns) != abi.OK {
		return ""
	}
	insn := binary.LittleEndian.Uint64(first[:])
	if insn&^immField != codeCall {
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
